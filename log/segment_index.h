// SegmentIndex: some of the places of a segment where a walk can begin, so that reading an entry
// does not walk its segment from the front. In memory only; rebuilt by walking.
#pragma once

#include <algorithm>
#include <cassert>
#include <vector>

#include "log/segment_walk.h"

namespace tablog {

class SegmentIndex {
 public:
  static constexpr std::uint64_t kSpacingBytes = 64U << 10U;

  struct Place {
    WalkPosition position{};
    SegmentWalk::Start start{};
  };

  explicit SegmentIndex(const WalkPosition& begin)
      : places_{{begin, SegmentWalk::Start::kBetweenBatches}} {}

  // Positions ascend; those too near to the last one kept are left out.
  void offer(const WalkPosition& position, SegmentWalk::Start start) {
    assert(position.offset >= places_.back().position.offset);
    if (position.offset >= places_.back().position.offset + kSpacingBytes) keep(position, start);
  }

  // However near it is.
  void keep(const WalkPosition& position, SegmentWalk::Start start) {
    assert(position.offset > places_.back().position.offset);
    places_.push_back({position, start});
  }

  // The last place from which a walk comes past the entry `index`.
  [[nodiscard]] const Place& before(Index index) const {
    assert(places_.front().position.index < index);
    const auto behind = std::ranges::lower_bound(
        places_, index, {}, [](const Place& place) { return place.position.index; });
    return *std::prev(behind);
  }

 private:
  std::vector<Place> places_;
};

}  // namespace tablog
