#include "replica/outbox.h"

#include <algorithm>
#include <utility>

namespace tablog::replica {
namespace {

constexpr std::uint32_t kSuspectDeaths = 2;

}  // namespace

std::optional<Settled> Outbox::add(AppendRequest request) {
  settled_through_ = std::max(settled_through_, request.settled_through);
  const RequestNumber number = request.number;
  const bool withdraws = std::holds_alternative<Void>(request.payload);
  const auto [place, added] = pending_.try_emplace(number, Pending{.request = request});
  if (added) unsent_from_ = std::min(unsent_from_, number);
  if (added || !withdraws) return std::nullopt;
  Pending& pending = place->second;
  if (pending.ever_sent || pending.withdrawn) return std::nullopt;
  pending.request = std::move(request);
  pending.withdrawn = true;
  Accepted withdrawn;
  withdrawn.voided = true;
  return Settled{.number = number, .result = withdrawn};
}

std::vector<AppendRequest> Outbox::take_unsent(std::chrono::microseconds now,
                                               std::size_t requests_max) {
  std::vector<AppendRequest> requests;
  auto each = suspects_ ? pending_.begin() : pending_.lower_bound(unsent_from_);
  suspects_ = false;
  for (; each != pending_.end() && requests.size() < requests_max; ++each) {
    auto& [number, pending] = *each;
    const bool suspect = pending.request.leader_deaths >= kSuspectDeaths && !pending.accepted;
    suspects_ = suspects_ || suspect;
    if (suspect && !requests.empty()) break;
    if (!pending.sent && !pending.accepted) {
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
  for (auto each = pending_.lower_bound(number); each != pending_.end(); ++each) {
    each->second.sent.reset();
  }
  unsent_from_ = std::min(unsent_from_, number);
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
  const bool told = pending->second.withdrawn;
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
    if (!pending.withdrawn) settled.push_back(Settled{.number = each->first, .result = accepted});
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
    if (pending.withdrawn) continue;
    settled.push_back(
        Settled{.number = number,
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
