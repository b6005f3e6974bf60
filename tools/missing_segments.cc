#include "tools/missing_segments.h"

#include <algorithm>

#include "log/segment_walk.h"
#include "storage/file_source.h"
#include "storage/log_slots.h"

namespace tablog::tools {

namespace {

using storage::Slot;

struct Found {
  SegmentHeader header{};
  storage::File* file{};
};

std::vector<Found> find_segments(std::vector<Slot>& slots) {
  std::vector<Found> found;
  for (Slot& slot : slots) {
    if (const auto header = storage::read_segment_header(*slot.file)) {
      found.push_back({*header, slot.file.get()});
    }
  }
  std::ranges::sort(found, {}, [](const Found& each) { return each.header.sequence; });
  return found;
}

// Its last entry that can be read.
Index last_of(const Found& found) {
  storage::FileSource source(*found.file);
  SegmentWalk walk(source, found.header.salt, begin_of(found.header),
                   SegmentWalk::Start::kBetweenBatches, found.file->size().value_or(0));
  Index last = found.header.before.index;
  while (const auto frame = walk.next()) {
    if (frame->commit) {
      last = frame->commit->last;
    }
  }
  return last;
}

Index base_of(const Target& target) {
  auto pool = open_pool_slots(target);
  const auto held = pool ? read_pool(std::move(pool->slots)) : fail(pool.error());
  return held ? held->base : Index{};
}

}  // namespace

Result<std::vector<MissingRange>> missing_ranges(const Target& target) {
  auto slots = open_log_slots(target);
  if (!slots) {
    return fail(slots.error());
  }
  std::vector<MissingRange> missing;
  Index last = base_of(target);
  std::uint64_t sequence = 0;
  for (const Found& found : find_segments(slots->slots)) {
    const SegmentHeader& header = found.header;
    if (header.before.index > last && header.sequence != sequence + 1) {
      missing.push_back({next(last), header.before.index, sequence + 1, header.sequence - 1});
    }
    last = std::max(last, last_of(found));
    sequence = header.sequence;
  }
  return missing;
}

}  // namespace tablog::tools
