// Mends the checksums of fuzzed bytes, so that a fuzzer gets behind them; and makes whole files of
// inputs that leave out what is always zero.
#pragma once

#include <span>
#include <vector>

#include "log/export.h"
#include "log/segment_walk.h"
#include "tests/fuzz/fuzz.h"

namespace tablog::fuzz {

// Makes the frame at the start of `bytes` one of this segment at this place, as far as its kind and
// length allow. Returns what it takes; 0: it is no frame.
std::size_t mend_frame(std::span<std::byte> bytes, std::uint64_t salt, std::uint64_t offset);

// Takes one segment: its header's fields, the length of its frames, the frames. Everything is
// mended, also dense indexes and the hash chain, but for what the input says to leave alone: a
// frame whose checksum is odd. `before` is where the segment's frames end when they are mended.
struct MadeSegment {
  Bytes file;
  SegmentHeader header;
  WalkPosition end;  // behind the last frame that was mended
};
// `after`: it follows that one; nullptr: as the input has it.
[[nodiscard]] MadeSegment take_segment(Input& input, const MadeSegment* after);

// The inverse for seeds: a segment of a file as take_segment() takes it.
[[nodiscard]] Bytes as_input(ByteView file);

// Bytes changed here and there: as many as the rest of the input says.
void damage(Bytes& file, Input& input);

}  // namespace tablog::fuzz
