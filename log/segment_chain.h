// SegmentChain: which headers make one log, and in which order. Pure.
#pragma once

#include <vector>

#include "log/segment.h"

namespace tablog {

struct FoundSegment {
  SegmentHeader header{};
  std::size_t slot{};    // the caller's number for where it was found
  std::uint64_t size{};  // bytes of its file
};

// Ascending by sequence; without those of nothing beyond `base`, the entry whose state a compacted
// log begins with, which may be missing or cut. kCorrupt: segments of two stores, two of one
// sequence, one missing, one that does not follow the one before it, or one that is shorter than
// its successor says.
[[nodiscard]] Result<std::vector<FoundSegment>> link_segments(std::vector<FoundSegment> found,
                                                              Index base = {});

}  // namespace tablog
