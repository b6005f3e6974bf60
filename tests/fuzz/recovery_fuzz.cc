// A log's slots, up to three segments and a blank one: recovery with its writing. Asserts: what
// opens has the end that a reader finds; it takes another entry, which is there after it is opened
// again; what can be exported is read from the export as it was; errors are those that LogFiles
// documents.
#include "log/codec.h"
#include "storage/log_files.h"
#include "storage/log_reader.h"
#include "storage/memory_file.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mend.h"
#include "tests/log/samples.h"

namespace tablog::fuzz {
namespace {

using storage::LogFiles;
using storage::LogReader;
using storage::MemoryDisk;

constexpr std::size_t kSegmentsMax = 3;
constexpr std::uint64_t kEnough = 1U << 20U;  // bytes to read at once
// kStorageUnavailable: a log of a newer generation.
constexpr std::initializer_list<ErrorCode> kOpenErrors = {
    ErrorCode::kCorrupt, ErrorCode::kNewerFormat, ErrorCode::kStorageUnavailable};

void put_segments(MemoryDisk& disk, Input& input) {
  const std::size_t count = input.u8() % (kSegmentsMax + 1);
  const std::size_t damaged = input.u8();
  std::vector<MadeSegment> made;
  for (std::size_t i = 0; i < count; ++i) {
    made.push_back(take_segment(input, made.empty() ? nullptr : &made.back()));
  }
  if (damaged < made.size()) damage(made[damaged].file, input);
  for (std::size_t i = 0; i < made.size(); ++i) {
    disk.overwrite("log-" + std::to_string(i), std::move(made[i].file));
  }
  for (const char* name : {"log-x", "log-y"}) check(disk.open(name).has_value(), "a blank slot");
}

Result<std::unique_ptr<LogFiles>> open(MemoryDisk& disk, const Proven& proven, std::uint64_t salt) {
  return LogFiles::open(disk.open_slots("log-").value(), proven, samples::id<StoreId>(0x40),
                        Generation{}, salt, {.segment_bytes = 8192, .preallocate_bytes = 4096});
}

// What the read-only way makes of the same bytes.
struct Seen {
  Index last;
  ChainHash chain;
  bool torn;
};
std::optional<Seen> look(MemoryDisk& disk, Index proven) {
  const auto reader = LogReader::from_slots(disk.open_slots("log-").value(), proven);
  if (!reader) {
    check_code(reader.error(), kOpenErrors);
    return std::nullopt;
  }
  return Seen{.last = (*reader)->last(),
              .chain = (*reader)->end().chain,
              .torn = (*reader)->torn_tail().has_value()};
}

// Nothing of older segments was verified so far.
bool reads(LogFiles& log) {
  for (Index from = log.first(); from <= log.head().index;) {
    const auto batch = log.read(from, log.head().index, kEnough);
    if (!batch) {
      check_code(batch.error(), {ErrorCode::kCorrupt});
      check(batch.error().index && batch.error().offset, "damage is told with its place");
      return false;
    }
    check(!batch->entries.empty(), "a read gives at least one entry");
    from.value += batch->entries.size();
  }
  return true;
}

void append(LogFiles& log) {
  const std::vector<EncodedEntry> one{samples::encoded(next(log.head().index))};
  check(log.reserve(LogFiles::batch_bytes(1, one.front().bytes->size())).has_value() &&
            log.append(one, samples::id<Digest>(9)).has_value() && log.flush().has_value(),
        "a log that was opened takes another entry");
}

void export_all(LogFiles& log) {
  const auto exporting = log.begin_export();
  check(exporting.has_value(), "a log that reads can be exported");
  MemoryDisk disk;
  disk.overwrite("export", *(*exporting)->read(0, (*exporting)->size_bytes()));
  const auto reader = LogReader::from_export(*disk.open("export"));
  check(reader && (*reader)->last() == log.head().index, "an export opens, and ends as the log");
  Index last{log.first().value - 1};
  for (auto frame = (*reader)->next();; frame = (*reader)->next()) {
    check(frame.has_value(), "an export reads to its end");
    if (!*frame) break;
    if (!(*frame)->commit) last = (*frame)->header.index;
  }
  check(last == log.head().index, "an export has every entry");
}

}  // namespace
}  // namespace tablog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tablog::fuzz;
  Input input(view_of(data, size));
  const tablog::Index proven{input.u8()};
  MemoryDisk disk;
  put_segments(disk, input);
  const auto seen = look(disk, proven);
  auto log = open(disk, {.index = proven, .chain = {}}, 1);
  if (!log) {
    check_code(log.error(), kOpenErrors);
    return 0;
  }
  const tablog::Index head = (*log)->head().index;
  check(seen && seen->last == head && seen->chain == (*log)->head().chain &&
            seen->torn == (*log)->torn_tail().has_value(),
        "reading and opening find the same end");
  check((*log)->head().durable == head && head >= proven, "what was opened is durable");
  const bool whole = reads(**log);
  append(**log);
  if (whole) export_all(**log);
  const auto chain = (*log)->head().chain;
  log->reset();
  const auto again = open(disk, {.index = next(head), .chain = chain}, 2);
  check(again && (*again)->head().index == next(head) && (*again)->head().chain == chain,
        "what was appended is there again");
  return 0;
}
