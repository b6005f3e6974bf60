// What a directory of slots holds: which are segments, in order, and which are free.
#pragma once

#include <span>
#include <vector>

#include "log/segment_chain.h"
#include "storage/file.h"

namespace tablog::storage {

struct SortedSlots {
  std::vector<FoundSegment> segments{};  // linked; FoundSegment::slot is the number in `slots`
  std::vector<std::size_t> spares{};     // numbers of the slots without anything in them
  std::vector<std::size_t> freed{};      // of segments that a compaction has left behind
};

// Reads every slot's header and changes nothing. A slot whose header does not verify is free if
// nothing but zeros stands behind it: its segment was never begun, since a header is flushed before
// the first frame is written. Otherwise it is a segment that lost its header: kCorrupt.
// kNewerFormat: as decode_segment_header; `base` and kCorrupt as link_segments.
[[nodiscard]] Result<SortedSlots> sort_slots(std::span<Slot> slots, Index base = {});

// As of a source (log/segment.h).
[[nodiscard]] Result<SegmentHeader> read_segment_header(File& file);

// Nothing is left in it, and that is flushed.
[[nodiscard]] Result<void> make_blank(File& file);

// True if the file is empty or all zeros behind `begin`.
[[nodiscard]] Result<bool> is_blank(File& file, std::uint64_t begin);

}  // namespace tablog::storage
