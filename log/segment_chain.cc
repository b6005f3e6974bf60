#include "log/segment_chain.h"

#include <algorithm>

namespace tablog {

namespace {

std::unexpected<Error> corrupt(std::string message, const SegmentHeader& at) {
  return fail({.code = ErrorCode::kCorrupt,
               .message = std::move(message) + ". Nothing was changed.",
               .index = at.base(),
               .offset = 0});
}

Result<void> check_link(const FoundSegment& before, const FoundSegment& after) {
  const std::string number = std::to_string(after.header.sequence);
  if (after.header.store != before.header.store) {
    return corrupt("segments of two stores stand together", after.header);
  }
  if (after.header.sequence == before.header.sequence) {
    return corrupt("two segments have the number " + number, after.header);
  }
  if (after.header.sequence != before.header.sequence + 1) {
    return corrupt("segment " + std::to_string(before.header.sequence + 1) + " is missing",
                   after.header);
  }
  const Predecessor& named = *after.header.predecessor;  // has one: its sequence is above 1
  if (named.salt != before.header.salt || after.header.before.index < before.header.before.index ||
      after.header.generation < before.header.generation) {
    return corrupt("segment " + number + " does not follow the one before it", after.header);
  }
  if (named.end > before.size) {
    return corrupt("segment " + std::to_string(before.header.sequence) + " is cut: it has " +
                       std::to_string(before.size) + " bytes, of which its successor needs " +
                       std::to_string(named.end),
                   before.header);
  }
  return {};
}

}  // namespace

Result<std::vector<FoundSegment>> link_segments(std::vector<FoundSegment> found, Index base) {
  std::ranges::sort(found, {}, [](const FoundSegment& item) { return item.header.sequence; });
  // The last segment that begins at or before the base has all that is beyond it.
  const auto behind = std::ranges::find_if(
      found, [&](const FoundSegment& item) { return item.header.before.index > base; });
  if (behind - found.begin() > 1) found.erase(found.begin(), behind - 1);
  const bool compacted = !found.empty() && found.front().header.before.index <= base;
  if (!found.empty() && found.front().header.predecessor && !compacted) {
    return corrupt("segment " + std::to_string(found.front().header.sequence - 1) + " is missing",
                   found.front().header);
  }
  for (std::size_t i = 1; i < found.size(); ++i) {
    if (const auto linked = check_link(found[i - 1], found[i]); !linked) {
      return fail(linked.error());
    }
  }
  return found;
}

}  // namespace tablog
