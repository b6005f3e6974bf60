#include "leader/sessions.h"

#include <algorithm>
#include <utility>

namespace tablog::leader {
namespace {

// A session that never settles must not fill the leader's memory; what is dropped answers "lost".
constexpr std::size_t kRejectionsMax = 4096;

// Of a transaction it was most likely a conflict; where it was not, the next attempt finds that
// out.
Error lost(const AppendRequest& request) {
  return Error{.code = request.reads.empty() ? ErrorCode::kRejected : ErrorCode::kConflict,
               .message = "rejected by an earlier leader; its words were lost with it"};
}

}  // namespace

Sessions::Sessions(SessionTable restored, std::chrono::microseconds now)
    : table_(std::move(restored)) {
  for (const auto& [client, session] : table_.sessions()) {
    if (session.closed) continue;
    live_[client] = Live{.judged_through = session.last_logged, .first_seen = now};
  }
}

Verdict Sessions::admit(std::chrono::microseconds now, const ClientId& client,
                        const AppendRequest& request, Index published) {
  static const Session kNone;
  const Session* found = table_.find(client);
  const Session& logged = found != nullptr ? *found : kNone;
  if (logged.closed) return Closed{};
  if (closing_.contains(client)) return Ignore{};

  auto [place, added] = live_.try_emplace(client, Live{.first_seen = now});
  Live& live = place->second;
  // A number at or above the request's own cannot be settled; what says so is malformed, and
  // harmless.
  live.settled_through =
      std::max({live.settled_through, logged.settled_through,
                std::min(request.settled_through, RequestNumber{request.number.value - 1})});
  live.rejections.erase(live.rejections.begin(), live.rejections.upper_bound(live.settled_through));

  const RequestNumber n = request.number;
  if (n <= live.settled_through) return Ignore{};
  if (const auto entry = logged.unsettled.find(n); entry != logged.unsettled.end()) {
    const Index last{entry->second.first_index.value + entry->second.count - 1};
    if (last > published) return Ignore{};
    return Reply{entry->second};
  }
  if (const auto rejection = live.rejections.find(n); rejection != live.rejections.end()) {
    return Reply{rejection->second};
  }
  // Requests are taken strictly in order, so one before a logged one that has no entry was
  // rejected. Those of this leader's own taking may still be on their way.
  if (n <= std::max(live.judged_through, live.lost_through)) return Reply{lost(request)};
  if (n <= live.taken_through) return Ignore{};

  const RequestNumber expected =
      next(std::max({live.taken_through, live.settled_through, logged.last_logged}));
  if (n > expected) return Gap{expected};
  live.taken_through = n;
  return Take{};
}

void Sessions::apply(const Entry& entry) {
  table_.apply(entry);
  if (const auto* close = std::get_if<SessionClose>(&entry.body)) closing_.erase(close->client);
}

bool Sessions::begin_close(const ClientId& client) {
  live_.erase(client);
  return is_open(client) && closing_.insert(client).second;
}

void Sessions::rejected(const ClientId& client, RequestNumber number, Error error) {
  const auto live = live_.find(client);
  if (live == live_.end() || number <= live->second.settled_through) return;
  auto& rejections = live->second.rejections;
  rejections.insert_or_assign(number, std::move(error));
  if (rejections.size() > kRejectionsMax) {
    live->second.lost_through = rejections.begin()->first;
    rejections.erase(rejections.begin());
  }
}

std::vector<ClientId> Sessions::absent(const std::set<ClientId>& tabs,
                                       std::chrono::microseconds began) const {
  std::vector<ClientId> gone;
  for (const auto& [client, live] : live_) {
    if (live.first_seen < began && !tabs.contains(client)) gone.push_back(client);
  }
  return gone;
}

bool Sessions::is_open(const ClientId& client) const {
  const Session* session = table_.find(client);
  return session != nullptr && !session->closed;
}

}  // namespace tablog::leader
