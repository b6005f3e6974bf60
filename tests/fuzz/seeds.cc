// Writes what the fuzzers begin with, of valid things: tablog_fuzz_seeds DIRECTORY makes
// DIRECTORY/TARGET/NAME.
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "log/codec.h"
#include "log/export.h"
#include "storage/memory_file.h"
#include "storage/pool_header.h"
#include "tests/fuzz/boundary_kit.h"
#include "tests/fuzz/history.h"
#include "tests/fuzz/mend.h"
#include "tests/log/samples.h"
#include "tools/log_lines.h"

namespace tablog::fuzz {
namespace {

class Seeds {
 public:
  explicit Seeds(std::filesystem::path root) : root_(std::move(root)) {}

  void add(const std::string& target, ByteView bytes) {
    const auto folder = root_ / target;
    std::filesystem::create_directories(folder);
    std::ofstream file(folder / ("seed-" + std::to_string(++number_)), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }

 private:
  std::filesystem::path root_;
  int number_{};
};

void join(Bytes& to, ByteView more) {
  to.insert(to.end(), more.begin(), more.end());
}

Bytes with_size(std::initializer_list<std::uint8_t> before, ByteView bytes) {
  host::Writer out;
  for (const std::uint8_t each : before) out.u8(each);
  out.u8(static_cast<std::uint8_t>(bytes.size()));
  out.u8(static_cast<std::uint8_t>(bytes.size() >> 8U));
  out.raw(bytes.data(), bytes.size());
  return out.take();
}

void add_entries(Seeds& seeds) {
  for (EntryBody& body : samples::bodies()) {
    Entry entry = samples::entry(Index{7});
    entry.body = std::move(body);
    if (!is_app_entry(entry)) entry.request.reset();
    seeds.add("entry", *encode_entry(entry));
    const std::string line = tools::line_text(tools::json_of_line(entry, *encode_entry(entry)));
    seeds.add("lines", std::as_bytes(std::span(line)));
  }
}

void add_lines(Seeds& seeds) {
  const tools::HeaderLine header{.store = {}, .before = {.digest = Digest{}}, .base_bytes = 4096};
  for (const tools::Json& json :
       {tools::json_of_line(header), tools::json_of_line(tools::HeaderLine{}),
        tools::json_of_line(tools::BaseLine{Bytes(5)}), tools::json_of_line(tools::CommitLine{}),
        tools::json_of_line(tools::EndLine{})}) {
    const std::string line = tools::line_text(json);
    seeds.add("lines", std::as_bytes(std::span(line)));
  }
}

// Also as what another tab says to either worker.
void add_messages(Seeds& seeds) {
  for (const Message& message : samples::messages()) {
    const Bytes bytes = encode_message(message);
    seeds.add("message", bytes);
    Bytes leader = with_size({1, 0}, bytes);
    leader.push_back(std::byte{3});
    seeds.add("leader", leader);
    Bytes replica = {std::byte{0}, std::byte{5}, std::byte{6}};
    join(replica, with_size({1, 0}, bytes));
    seeds.add("replica", replica);
  }
}

// One batch of two entries, then a batch of one.
Bytes segment(const SegmentHeader& header, bool sealed) {
  Bytes file = encode_segment_header(header);
  WalkPosition at = begin_of(header);
  for (const int count : {2, 1}) {
    Commit commit{.first = next(at.index), .term = {3}, .digest = samples::id<Digest>(1)};
    for (int left = count; left > 0; --left) {
      at.index = next(at.index);
      const EncodedEntry entry = samples::encoded(at.index);
      append_entry_frame(file, {header.salt, file.size(), {at.index.value - 1}}, at.index,
                         *entry.bytes);
    }
    commit.last = at.index;
    append_commit_frame(file, {header.salt, file.size(), header.before.index}, commit);
  }
  if (sealed)
    append_seal_frame(file, {header.salt, file.size(), at.index}, at.index,
                      {header.sequence + 1, 9, {}});
  return file;
}

void add_segments(Seeds& seeds) {
  const SegmentHeader header{
      .store = samples::id<StoreId>(0x40), .sequence = 1, .salt = 0x1122334455667788};
  const Bytes open = as_input(segment(header, false));
  const Bytes sealed = as_input(segment(header, true));
  for (const Bytes* one : {&open, &sealed}) {
    Bytes alone = {std::byte{0}};
    join(alone, *one);
    seeds.add("segment", alone);
    join(alone, open);
    seeds.add("segment", alone);
    Bytes slots = {std::byte{0}, std::byte{2}, std::byte{1}};
    join(slots, sealed);
    join(slots, *one);
    seeds.add("recovery", slots);
    Bytes exported = {std::byte{0}, std::byte{2}};
    join(exported, *one);
    join(exported, open);
    seeds.add("export", exported);
  }
  Bytes frame(16);
  join(frame, ByteView(segment(header, true)).subspan(kSegmentHeaderBytes));
  seeds.add("frame", frame);
}

void add_slots(Seeds& seeds) {
  Bytes slots;
  for (const char* path :
       {"/tablog.sqlite3", "/tablog.sqlite3-wal", "/sp%20ace.db", "/tablog.sqlite3"}) {
    host::Writer out;
    out.u8(0);
    out.u32(0x80106);
    out.u8(static_cast<std::uint8_t>(std::strlen(path)));
    out.raw(path, std::strlen(path));
    out.u8(3);
    out.raw("abc", 3);
    join(slots, out.take());
  }
  seeds.add("pool", slots);
  Bytes raw = {std::byte{1}, std::byte{12}, std::byte{2}};
  join(raw, storage::encode_pool_header("/a.db", 0x106));
  seeds.add("pool", raw);
}

void add_arguments(Seeds& seeds) {
  const std::vector<std::vector<Argument>> all = {
      {{"id", std::int64_t{5}}, {"body", samples::bytes("blob")}},
      {{"id", std::string("five")}, {"body", 0.5}},
      {{"id", std::int64_t{5}}, {"title", std::string("milk")}},
      {},
      {{"1", std::int64_t{1}}, {"2", std::string("two")}},
      {{"a", std::int64_t{1}}, {"b", std::monostate{}}, {"1", -0.0}},
      samples::event().args};
  for (std::uint8_t kind = 0; kind < 6; ++kind) {
    for (const auto& args : all) {
      host::Writer out;
      out.u8(kind);
      out.args(args);
      seeds.add("arguments", out.take());
    }
  }
}

// A byte of the catalogue, of a table's page, of the header; fewer pages; nothing.
void add_images(Seeds& seeds) {
  seeds.add("snapshot", Bytes(1));
  for (const std::uint32_t at : {28U, 100U, 4096U, 8200U, 12300U, 20500U}) {
    host::Writer out;
    out.u8(0);
    out.u32(at);
    out.u8(4);
    out.u32(at);
    seeds.add("snapshot", out.take());
  }
  seeds.add("snapshot", Bytes(1, std::byte{3}));
}

void add_scripts(Seeds& seeds) {
  const auto script = [&](const char* target, std::initializer_list<int> bytes) {
    Bytes made;
    for (const int byte : bytes) made.push_back(static_cast<std::byte>(byte));
    seeds.add(target, made);
  };
  // Announced, joined; the whole log; then the image in two halves after a digest that differs.
  script("replica", {0, 5, 6, 4, 0, 6, 6, 0, 2, 100, 0});
  script("replica",
         {0, 5, 6, 4, 0, 3, 6, 0, 4, 3, 3, 6, 1, 3, 0, 2, 0, 0, 0, 1, 0, 3, 2, 2, 0, 0, 0, 1, 0});
  script("replica", {1, 5, 6, 4, 0, 0, 6, 0, 2, 255, 3});
  // Appends, one again, a relaxed one; ticks; the other tab dies.
  script("leader", {3, 5, 0, 1, 5, 1, 1, 5, 8, 2, 3, 4, 2, 200, 0, 6, 0, 2, 232, 3, 3});
  script("leader", {5, 16, 9, 'S', 'E', 'L', 'E', 'C', 'T', ' ', '1', ';', 3, 4, 2, 0, 1});
  // A page's inputs: an append, a query, a read, a visibility.
  for (const Bytes& args : {Bytes(4)}) {
    host::Writer out;
    out.u8(1);
    out.u64(1);
    out.u64(0);
    out.u8(0);
    out.boolean(false);
    out.u8(0);
    out.u32(1);
    out.text("todo.added");
    out.raw(args.data(), args.size());
    Bytes made = {std::byte{0}};
    join(made, with_size({0}, out.take()));
    join(made, Bytes{std::byte{5}, std::byte{6}, std::byte{4}, std::byte{0}, std::byte{6}});
    out.u8(2);
    out.u32(4);
    out.u8(1);
    out.u64(1);
    out.u32(0);
    out.text("SELECT 1");
    out.u32(0);
    join(made, with_size({0}, out.take()));
    seeds.add("replica", made);
  }
}

}  // namespace
}  // namespace tablog::fuzz

int main(int count, char** words) {
  using namespace tablog::fuzz;
  if (count != 2) return 2;
  Seeds seeds(words[1]);
  add_entries(seeds);
  add_lines(seeds);
  add_messages(seeds);
  add_segments(seeds);
  add_slots(seeds);
  add_arguments(seeds);
  add_images(seeds);
  add_scripts(seeds);
  return 0;
}
