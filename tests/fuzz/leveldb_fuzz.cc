// A browser's LevelDB files, from any profile: bytes as they are, and pieces with the checksums
// that belong to them: a log's records, a table's blocks. Asserts: what is given lies within
// bounds; a log that is cut gives a beginning of what the whole one gives, and so does a table
// whose blocks may hold less; errors are kMalformed or kTooLarge.
#include "tests/fuzz/fuzz.h"
#include "tests/tools/leveldb_kit.h"
#include "tools/profile/cursor.h"
#include "tools/profile/leveldb_format.h"
#include "tools/profile/snappy.h"

namespace tablog::fuzz {
namespace {

using tools::LevelDbChange;

constexpr std::size_t kDecodedMax = 1U << 20U;

struct Change {
  std::uint64_t sequence{};
  std::string key{};
  std::optional<std::string> value{};
  bool operator==(const Change&) const = default;
};

struct Read {
  std::vector<Change> changes{};
  Result<void> result{};
};

Read collect(const std::function<Result<void>(const tools::LevelDbSink&)>& read) {
  Read all;
  all.result = read([&all](const LevelDbChange& change) {
    all.changes.push_back(
        {change.sequence, std::string(change.key),
         change.value ? std::optional<std::string>(*change.value) : std::optional<std::string>()});
    return Result<void>{};
  });
  if (!all.result) check_code(all.result.error(), {ErrorCode::kMalformed, ErrorCode::kTooLarge});
  return all;
}

Read read_log(std::string_view file) {
  return collect([file](const auto& sink) { return tools::read_leveldb_log(file, sink); });
}

Read read_table(std::string_view file, std::size_t decoded_max) {
  return collect([file, decoded_max](const auto& sink) {
    std::size_t left = decoded_max;
    auto result = tools::read_leveldb_table(file, left, sink);
    check(left <= decoded_max, "what was decoded is counted");
    return result;
  });
}

bool begins_with(const std::vector<Change>& whole, const std::vector<Change>& part) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

std::string take_text(Input& input) {
  return std::string(tools::as_text(input.bytes(input.u16() % 1024)));
}

void try_log(Input& input) {
  const std::uint16_t cut = input.u16();
  std::vector<std::string> records;
  while (!input.empty()) records.push_back(take_text(input));
  const std::string log = tools::leveldb_log(records);
  const Read whole = read_log(log);
  const Read part = read_log(std::string_view(log).substr(0, cut % (log.size() + 1)));
  check(begins_with(whole.changes, part.changes), "a cut log gives a beginning");
}

// Blocks of the input, and an index of all of them.
void try_table(Input& input) {
  const std::uint16_t decoded_max = input.u16();
  const char compression = static_cast<char>(input.u8() % 3);
  std::string file;
  const auto add = [&file](const std::string& content, char how) {
    const std::string handle = tools::varint(file.size()) + tools::varint(content.size());
    const std::string stored = content + how;
    file += stored + tools::fixed(tools::leveldb_checksum(stored), 4);
    return handle;
  };
  std::string index;
  while (!input.empty()) {
    const std::string handle = add(take_text(input), compression);
    index += tools::varint(0) + tools::varint(1) + tools::varint(handle.size()) + "k" + handle;
  }
  std::string footer = std::string(2, '\0') + add(index + std::string(4, '\0'), 0);
  footer.resize(40);
  file += footer + tools::fixed(0xdb4775248b80fb57, 8);
  const Read whole = read_table(file, kDecodedMax);
  const Read part = read_table(file, decoded_max);
  check(begins_with(whole.changes, part.changes), "less memory gives a beginning");
}

void try_snappy(Input& input) {
  const std::size_t bytes_max = input.u16();
  const auto result = tools::snappy_decompress(tools::as_text(input.rest()), bytes_max);
  check(!result || result->size() <= bytes_max, "no more is made than is allowed");
  if (!result) check_code(result.error(), {ErrorCode::kMalformed});
}

}  // namespace
}  // namespace tablog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tablog::fuzz;
  Input input(view_of(data, size));
  switch (input.u8() % 5) {
    case 0:
      read_log(tablog::tools::as_text(input.rest()));
      break;
    case 1:
      read_table(tablog::tools::as_text(input.rest()), kDecodedMax);
      break;
    case 2:
      try_log(input);
      break;
    case 3:
      try_table(input);
      break;
    default:
      try_snappy(input);
  }
  return 0;
}
