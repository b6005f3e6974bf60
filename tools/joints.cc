#include "tools/joints.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace tablog::tools {

namespace {

constexpr std::size_t kJointsMax = 4096;  // of batches, and of segments

// The chain hash behind an entry of the log, or before its first one.
Result<ChainHash> chain_at(storage::LogReader& log, Index index) {
  if (index == log.last()) {
    return log.end().chain;
  }
  if (index < log.first()) {
    return log.begin().chain;
  }
  if (const auto sought = log.seek(index); !sought) {
    return fail(sought.error());
  }
  while (true) {
    const auto frame = log.next();
    if (!frame) {
      return fail(frame.error());
    }
    if (!*frame) {
      return fail(ErrorCode::kCorrupt, "the log ends before its last entry");
    }
    if (!(*frame)->commit && (*frame)->header.index >= index) {
      return (*frame)->chain;
    }
  }
}

}  // namespace

void Joints::add(Index index, const ChainHash& chain) {
  batches_.push_back({index, chain});
  if (batches_.size() > kJointsMax) {  // of the older half every other one goes
    std::deque<Joint> fewer;
    for (std::size_t i = 0; i < batches_.size(); ++i) {
      if (i >= kJointsMax / 2 || i % 2 == 0) fewer.push_back(batches_[i]);
    }
    batches_ = std::move(fewer);
  }
}

void Joints::add_end(Index index, const ChainHash& chain) {
  ends_.push_back({index, chain});
  if (ends_.size() > kJointsMax) ends_.pop_front();
}

void Joints::cut(Index kept) {
  for (auto* joints : {&batches_, &ends_}) {
    while (!joints->empty() && joints->back().index > kept) {
      joints->pop_back();
    }
  }
}

std::optional<Index> Joints::latest() const {
  return batches_.empty() ? std::nullopt : std::optional(batches_.back().index);
}

// A chain hash is of all before it: the log has the places before one that it has, and none behind
// one that it has not.
Result<std::optional<Index>> Joints::find(storage::LogReader& log) const {
  std::vector<Joint> known;
  std::ranges::merge(ends_, batches_, std::back_inserter(known), {}, &Joint::index, &Joint::index);
  std::erase_if(known, [&](const Joint& each) {
    return tablog::next(each.index) < log.first() || each.index > log.last();
  });
  std::optional<Index> joint;
  std::size_t begin = 0;
  std::size_t end = known.size();
  for (bool is_last = true; begin < end; is_last = false) {
    const std::size_t middle = is_last ? end - 1 : begin + (end - begin) / 2;  // mostly all of it
    const auto chain = chain_at(log, known[middle].index);
    if (!chain) {
      return fail(chain.error());
    }
    if (*chain == known[middle].chain) {
      joint = known[middle].index;
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return joint;
}

}  // namespace tablog::tools
