#include "tools/session_survey.h"

#include <algorithm>

namespace tablog::tools {

SessionSpan* SessionSurvey::of(const ClientId& client) {
  const auto found = sessions_.find(client);
  if (found != sessions_.end()) {
    return &found->second;
  }
  if (sessions_.size() == kSessionsMax) {
    is_full_ = true;
    return nullptr;
  }
  return &sessions_[client];
}

void SessionSurvey::add(const Entry& entry) {
  term_ = entry.term;
  if (const auto* start = std::get_if<TermStart>(&entry.body)) {
    if (auto* leader = of(start->leader)) leader->led.push_back(entry.term);
  }
  if (const auto* close = std::get_if<SessionClose>(&entry.body)) {
    if (auto* closed = of(close->client)) {
      closed->closed_at = entry.index;
      closed->closed_in = entry.term;
    }
  }
  SessionSpan* session = entry.request ? of(entry.request->client) : nullptr;
  if (session == nullptr) {
    return;
  }
  const RequestStamp& stamp = *entry.request;
  if (session->entries == 0) {
    session->first = entry.index;
    session->first_time_ms = entry.time_ms;
  }
  session->last = entry.index;
  session->last_time_ms = entry.time_ms;
  ++session->entries;
  if (stamp.position == 0) {
    ++session->requests;
  }
  session->last_number = std::max(session->last_number, stamp.number);
  session->settled_through = std::max(session->settled_through, stamp.settled_through);
  auto& unsettled = session->unsettled;
  if (unsettled.empty() || unsettled.back() < stamp.number) {
    unsettled.push_back(stamp.number);
  }
  while (!unsettled.empty() && unsettled.front() <= session->settled_through) {
    unsettled.pop_front();
  }
}

void SessionSurvey::add(const SessionTable& table) {
  for (const auto& [client, known] : table.sessions()) {
    SessionSpan* session = of(client);
    if (session == nullptr) {
      return;
    }
    const bool more = session->entries == 0 || session->last_number < known.last_logged;
    // Numbers of entries that are gone, which the log's own come behind.
    for (auto each = known.unsettled.rbegin(); each != known.unsettled.rend(); ++each) {
      if (each->first > session->settled_through &&
          (session->unsettled.empty() || each->first < session->unsettled.front())) {
        session->unsettled.push_front(each->first);
        session->in_state = true;
      }
    }
    session->in_state = session->in_state || more;
    session->last_number = std::max(session->last_number, known.last_logged);
    session->settled_through = std::max(session->settled_through, known.settled_through);
    if (!session->closed_in) session->closed_in = known.closed;
  }
}

}  // namespace tablog::tools
