#include "replica/outbox.h"

#include <algorithm>
#include <utility>

#include "log/codec.h"
#include "log/payload.h"

namespace tablog::replica {
namespace {

constexpr std::uint32_t kSuspectDeaths = 2;

}  // namespace

void Outbox::add(AppendRequest request, std::optional<std::chrono::microseconds> sent) {
  settled_through_ = std::max(settled_through_, request.settled_through);
  drop_settled();
  const RequestNumber number = request.number;
  if (number <= settled_through_) return;  // a contradiction; its sender has its answer
  const bool withdraws = std::holds_alternative<Void>(request.payload);
  const auto [place, added] = pending_.try_emplace(
      number, Pending{.request = request, .sent = sent, .ever_sent = sent.has_value()});
  if (added) {
    if (!sent) unsent_from_ = std::min(unsent_from_, number);
  } else if (withdraws && !place->second.ever_sent) {
    place->second.request = std::move(request);
  }
}

Settled Outbox::refuse(AppendRequest request, Error error) {
  const RequestNumber number = request.number;
  request.payload = Void{};
  request.request_hash = hash_payload(request.payload);
  add(std::move(request));
  if (const auto pending = pending_.find(number); pending != pending_.end()) {
    pending->second.settled = true;
  }
  return Settled{.number = number, .result = std::move(error)};
}

// The page has their answers: from its own leader, before the entries came here; or they only
// closed a gap.
void Outbox::drop_settled() {
  pending_.erase(pending_.begin(), pending_.upper_bound(settled_through_));
}

std::vector<AppendRequest> Outbox::take_unsent(std::chrono::microseconds now, Limits limits) {
  std::vector<AppendRequest> requests;
  std::uint64_t bytes = 0;
  auto each = suspects_ ? pending_.begin() : pending_.lower_bound(unsent_from_);
  suspects_ = false;
  for (; each != pending_.end() && requests.size() < limits.requests_max; ++each) {
    auto& [number, pending] = *each;
    const bool suspect = pending.request.leader_deaths >= kSuspectDeaths && !pending.accepted;
    suspects_ = suspects_ || suspect;
    if (suspect && !requests.empty()) break;
    if (!pending.sent && !pending.accepted) {
      bytes += request_bytes(pending.request);
      if (bytes > limits.bytes_max && !requests.empty()) break;
      pending.sent = now;
      pending.ever_sent = true;
      pending.request.settled_through =
          std::max(pending.request.settled_through,
                   std::min(settled_through_, RequestNumber{number.value - 1}));
      requests.push_back(pending.request);
    }
    unsent_from_ = next(number);
    if (suspect) break;
  }
  return requests;
}

void Outbox::resend_from(RequestNumber number) {
  if (pending_.empty()) return;
  const RequestNumber last = pending_.rbegin()->first;
  const std::uint32_t version = pending_.rbegin()->second.request.schema_version;
  for (RequestNumber gap = std::max(number, next(settled_through_)); gap < last; gap = next(gap)) {
    if (pending_.contains(gap)) continue;
    Pending pending{.request = {.number = gap, .payload = Void{}}, .settled = true};
    pending.request.schema_version = version;
    pending.request.request_hash = hash_payload(pending.request.payload);
    pending_.emplace(gap, std::move(pending));
  }
  for (auto each = pending_.lower_bound(number); each != pending_.end(); ++each) {
    each->second.sent.reset();
  }
  unsent_from_ = std::min(unsent_from_, number);
}

void Outbox::resend_all() {
  for (auto& [number, pending] : pending_) pending.sent.reset();
  unsent_from_ = RequestNumber{};
}

void Outbox::resend_probe() {
  constexpr std::size_t kFirst = 256;
  std::size_t count = 0;
  const auto again = [&](auto& each) {
    each.second.sent.reset();
    unsent_from_ = std::min(unsent_from_, each.first);
  };
  for (auto each = pending_.begin(); each != pending_.end() && count < kFirst; ++each) {
    if (each->second.accepted) continue;
    again(*each);
    ++count;
  }
  for (auto each = pending_.rbegin(); each != pending_.rend(); ++each) {
    if (each->second.accepted) continue;
    return again(*each);
  }
}

void Outbox::leader_changed() {
  for (auto& [number, pending] : pending_) {
    if (pending.sent && !pending.accepted) ++pending.request.leader_deaths;
    suspects_ = suspects_ || pending.request.leader_deaths >= kSuspectDeaths;
    pending.sent.reset();
  }
  unsent_from_ = RequestNumber{};
}

void Outbox::accepted(RequestNumber number, const Accepted& accepted) {
  const auto pending = pending_.find(number);
  if (pending != pending_.end()) pending->second.accepted = accepted;
}

std::optional<Settled> Outbox::rejected(RequestNumber number, Error error) {
  const auto pending = pending_.find(number);
  if (pending == pending_.end()) return std::nullopt;
  const bool told = pending->second.settled;
  pending_.erase(pending);
  if (told) return std::nullopt;
  return Settled{.number = number, .result = std::move(error)};
}

std::vector<Settled> Outbox::applied(Index applied) {
  std::vector<Settled> settled;
  auto each = pending_.begin();
  for (; each != pending_.end(); ++each) {
    const Pending& pending = each->second;
    if (!pending.accepted) break;
    const Accepted& accepted = *pending.accepted;
    if (accepted.first_index.value + accepted.count > applied.value + 1) break;
    if (!pending.settled) settled.push_back(Settled{.number = each->first, .result = accepted});
  }
  pending_.erase(pending_.begin(), each);
  return settled;
}

void Outbox::forget_acceptances() {
  for (auto& [number, pending] : pending_) {
    if (pending.accepted) {
      pending.accepted.reset();
      pending.sent.reset();
      unsent_from_ = std::min(unsent_from_, number);
    }
  }
}

std::vector<Settled> Outbox::fail_all(const Error& error) {
  std::vector<Settled> settled;
  for (const auto& [number, pending] : pending_) {
    if (pending.settled) continue;
    settled.push_back(Settled{.number = number,
                              .result = error,
                              .outcome = pending.ever_sent ? Outcome::kUnknown : Outcome::kNone});
  }
  pending_.clear();
  return settled;
}

std::optional<std::chrono::microseconds> Outbox::oldest_sent() const {
  for (const auto& [number, pending] : pending_) {
    if (!pending.accepted) return pending.sent;  // sent in order: the first is the oldest
  }
  return std::nullopt;
}

}  // namespace tablog::replica
