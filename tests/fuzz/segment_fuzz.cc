// One segment: its header, and recovery over a source in memory. Asserts: a header that decodes
// comes back equal; find_end() gives a place and a position within what was given, and the same
// ones when the file is cut there; every entry up to there can be walked to from the index; a
// successor that names that end is satisfied with it; errors are kCorrupt, with an index and an
// offset within the file.
#include "log/little_endian.h"
#include "log/recovery.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mend.h"

namespace tablog::fuzz {
namespace {

void check_corrupt(const Error& error, std::size_t size) {
  check_code(error, {ErrorCode::kCorrupt});
  check(error.index && error.offset, "damage is told with its place");
  check(*error.offset >= kSegmentHeaderBytes && *error.offset <= size + kFrameAlignment,
        "damage lies within the file");
}

void check_header(ByteView file) {
  const auto header = decode_segment_header(file);
  if (!header) {
    check_code(header.error(),
               {ErrorCode::kTruncated, ErrorCode::kMalformed, ErrorCode::kNewerFormat});
    return;
  }
  const auto again = decode_segment_header(encode_segment_header(*header));
  check(again && *again == *header, "a header that decodes comes back equal");
}

SegmentHeader successor_of(const SegmentHeader& header, const SegmentEnd& end) {
  SegmentHeader successor{.store = header.store,
                          .generation = header.generation,
                          .sequence = header.sequence + 1,
                          .salt = header.salt + 1,
                          .before = end.log,
                          .predecessor = {}};
  successor.predecessor = Predecessor{header.sequence, header.salt, end.offset};
  return successor;
}

void check_end(ByteView file, const SegmentHeader& header, const SegmentEnd& end,
               const Proven& proven) {
  check(end.offset >= kSegmentHeaderBytes && end.offset <= file.size() && end.offset % 8 == 0,
        "the end lies within the file");
  check(end.log.index >= header.before.index && end.proven >= header.before.index,
        "the log does not end before its segment");
  check(end.proven <= end.log.index && proven.index <= end.log.index,
        "what is proven to be flushed is there");
  check(end.torn_bytes <= file.size() - end.offset, "a torn tail lies within the file");

  MemorySource cut(file.first(end.offset));
  const auto again = find_end(cut, header, end.offset, proven);
  check(again && again->offset == end.offset && again->log == end.log && again->torn_bytes == 0,
        "a file cut at its end ends there");
  if (proven.chain) return;  // what stands before it was not looked at
  const auto closed = verify_closed(cut, header, successor_of(header, end));
  check(closed.has_value(), "a successor is satisfied with the end that was found");

  if (end.log.index == header.before.index) return;
  const SegmentIndex::Place& place = end.index.before(end.log.index);
  SegmentWalk walk(cut, header.salt, place.position, place.start, end.offset);
  while (walk.position().index < end.log.index) {
    check(walk.next().has_value(), "the last entry can be walked to from the index");
  }
}

std::optional<SegmentEnd> recover(ByteView file, const Proven& proven) {
  const auto header = decode_segment_header(file);
  if (!header) return std::nullopt;
  MemorySource source(file);
  auto end = find_end(source, *header, file.size(), proven);
  if (!end) {
    check_corrupt(end.error(), file.size());
    return std::nullopt;
  }
  check_end(file, *header, *end, proven);
  return std::move(*end);
}

// From the front, and from the place that a state database tells of.
void recover_both(const MadeSegment& made, Index proven) {
  const auto walked = recover(made.file, {.index = proven, .chain = {}});
  if (!walked) return;
  const auto jumped = recover(made.file, {.index = walked->log.index, .chain = walked->log.chain});
  check(jumped && jumped->offset == walked->offset && jumped->log == walked->log &&
            jumped->seal == walked->seal && jumped->torn_bytes == walked->torn_bytes,
        "the end is the same from wherever the walk begins");
}

// What some successor says of it, right or wrong.
void close(ByteView file, const SegmentHeader& successor) {
  const auto header = decode_segment_header(file);
  if (!header || !successor.predecessor) return;
  MemorySource source(file);
  const auto index = verify_closed(source, *header, successor);
  if (!index) return check_corrupt(index.error(), file.size());
  check(successor.predecessor->end <= file.size(), "what is verified is there");
}

}  // namespace
}  // namespace tablog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tablog::fuzz;
  Input input(view_of(data, size));
  const tablog::Index proven{input.u8()};
  MadeSegment first = take_segment(input, nullptr);
  const MadeSegment second = take_segment(input, &first);
  check_header(first.file);
  recover_both(first, proven);
  const tablog::Proven known{.index = first.end.index, .chain = first.end.chain};
  damage(first.file, input);
  check_header(first.file);
  recover_both(first, proven);
  static_cast<void>(recover(first.file, known));
  close(first.file, second.header);
  return 0;
}
