#include "web/host/watches.h"

#include <algorithm>
#include <utility>

#include "log/hash.h"

namespace tablog::host {

void Watches::add(replica::Query query, RowsHash known) {
  const replica::CallId call = query.call;
  watches_.insert_or_assign(call, Watch{.query = std::move(query), .known = known});
}

void Watches::remove(replica::CallId call) {
  watches_.erase(call);
}

void Watches::heard(replica::CallId call) {
  const auto at = watches_.find(call);
  if (at != watches_.end() && at->second.state == State::kTold) at->second.state = State::kIdle;
}

void Watches::changed(const storage::Changes& changes) {
  for (auto& [call, watch] : watches_) watch.stale = watch.stale || watch.reads.touched_by(changes);
}

std::optional<replica::Query> Watches::take_due(std::chrono::microseconds now) {
  auto at = watches_.upper_bound(turn_);
  for (std::size_t left = watches_.size(); left > 0; --left, ++at) {
    if (at == watches_.end()) at = watches_.begin();
    Watch& watch = at->second;
    if (!watch.waits_for_time() || watch.not_before > now) continue;
    watch.state = State::kRunning;
    watch.stale = false;
    turn_ = at->first;
    return watch.query;
  }
  return std::nullopt;
}

std::optional<std::chrono::microseconds> Watches::due_at() const {
  std::optional<std::chrono::microseconds> first;
  for (const auto& [call, watch] : watches_) {
    if (!watch.waits_for_time()) continue;
    first = std::min(first.value_or(watch.not_before), watch.not_before);
  }
  return first;
}

std::optional<RowsHash> Watches::ran(replica::CallId call, std::chrono::microseconds now,
                                     ByteView rows, storage::TablesRead reads) {
  Watch& watch = watches_.at(call);
  watch.reads = std::move(reads);
  watch.not_before = now + kApart;
  const auto hash = hash128<RowsHash>({rows});
  watch.state = hash == watch.known ? State::kIdle : State::kTold;
  if (watch.state == State::kIdle) return std::nullopt;
  watch.known = hash;
  return hash;
}

bool Watches::failed(replica::CallId call, std::chrono::microseconds now, const Error& error) {
  if (error.code != ErrorCode::kLeaderUnresponsive) {
    watches_.erase(call);
    return false;
  }
  Watch& watch = watches_.at(call);
  watch.state = State::kIdle;
  watch.stale = true;
  watch.not_before = now + kRetryAfter;
  return true;
}

}  // namespace tablog::host
