// An exported log: its container, and reading it to the end. Asserts: a header that is read is
// encoded to the same bytes; entries come densely from first() to last(), and end with the chain
// that the header names; seek() finds what next() gave; errors are those that are documented,
// damage with its place.
#include "log/export.h"
#include "storage/log_reader.h"
#include "storage/memory_file.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mend.h"

namespace tablog::fuzz {
namespace {

using storage::LogReader;

constexpr std::size_t kSegmentsMax = 3;
constexpr std::uint8_t kAsItIs = 1;      // the rest of the input is the file
constexpr std::uint8_t kOwnNumbers = 2;  // the header says what the input says
constexpr std::uint8_t kWholeFiles = 4;  // also what stands behind the last frame

void name_ends(ExportHeader& header, Input& input, const std::vector<MadeSegment>& made, bool own) {
  if (!made.empty()) {
    header.store = made.front().header.store;
    header.generation = made.back().header.generation;
    header.before = made.front().header.before.chain;
    header.chain = made.back().end.chain;
    header.first = made.front().header.base();
    header.last = made.back().end.index;
  }
  if (!own) return;
  header.first.value = input.u64();
  header.last.value = input.u64();
}

Bytes take_export(Input& input) {
  const std::uint8_t flags = input.u8();
  if ((flags & kAsItIs) != 0) return {input.rest().begin(), input.rest().end()};
  std::vector<MadeSegment> made;
  ExportHeader header{.first = {1}};
  for (std::size_t left = input.u8() % (kSegmentsMax + 1); left > 0; --left) {
    made.push_back(take_segment(input, made.empty() ? nullptr : &made.back()));
    MadeSegment& last = made.back();
    if ((flags & kWholeFiles) == 0 && last.end.offset != 0) last.file.resize(last.end.offset);
    header.segments.push_back({.sequence = last.header.sequence, .bytes = last.file.size()});
  }
  name_ends(header, input, made, (flags & kOwnNumbers) != 0);
  Bytes file = encode_export_header(header);
  for (const MadeSegment& each : made) file.insert(file.end(), each.file.begin(), each.file.end());
  const Bytes footer = encode_export_footer(header);
  file.insert(file.end(), footer.begin(), footer.end());
  damage(file, input);
  return file;
}

void check_header(ByteView file) {
  MemorySource source(file);
  const auto header = read_export_header(source, file.size());
  if (!header) {
    return check_code(header.error(),
                      {ErrorCode::kMalformed, ErrorCode::kNewerFormat, ErrorCode::kCorrupt});
  }
  check(header->total_bytes() == file.size(), "the parts are as long as the file");
  const Bytes again = encode_export_header(*header);
  constexpr std::size_t kReservedAt = 96;  // of no meaning
  check(std::ranges::equal(ByteView(again).first(kReservedAt), file.first(kReservedAt)),
        "a header that is read is encoded to the same bytes");
}

// The last entry read; nothing: there is damage.
std::optional<Index> read_all(LogReader& reader, std::size_t size) {
  Index last{reader.first().value - 1};
  ChainHash chain = reader.end().chain;
  for (std::size_t frames = 0;; ++frames) {
    check(frames <= size / kFrameHeaderBytes, "there are no more frames than fit");
    const auto frame = reader.next();
    if (!frame) {
      check_code(frame.error(), {ErrorCode::kCorrupt});
      check(frame.error().index && frame.error().offset, "damage is told with its place");
      check(!reader.next().has_value(), "damage stays");
      return std::nullopt;
    }
    if (!*frame) break;
    chain = (*frame)->chain;
    if ((*frame)->commit) continue;
    check((*frame)->header.index == next(last) || (*frame)->header.kind == FrameKind::kSeal,
          "entries come without gaps");
    last = (*frame)->header.index;
  }
  check(chain == reader.end().chain, "the chain ends as the header says");
  return last;
}

void check_seek(LogReader& reader, Index to) {
  check(reader.seek(to).has_value(), "what was read can be sought");
  const auto frame = reader.next();
  check(
      frame && *frame && (*frame)->header.index == to && (*frame)->header.kind == FrameKind::kEntry,
      "seek() finds the entry");
}

}  // namespace
}  // namespace tablog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tablog::fuzz;
  Input input(view_of(data, size));
  const tablog::Bytes file = take_export(input);
  check_header(file);
  tablog::storage::MemoryDisk disk;
  disk.overwrite("export", file);
  const auto reader = LogReader::from_export(*disk.open("export"));
  if (!reader) {
    check_code(reader.error(), {tablog::ErrorCode::kMalformed, tablog::ErrorCode::kNewerFormat,
                                tablog::ErrorCode::kCorrupt});
    return 0;
  }
  const auto last = read_all(**reader, file.size());
  if (!last) return 0;
  check(*last == (*reader)->last(), "every entry is read");
  if (*last >= (*reader)->first()) {
    check_seek(**reader, (*reader)->first());
    check_seek(**reader, *last);
  }
  return 0;
}
