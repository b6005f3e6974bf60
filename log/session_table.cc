#include "log/session_table.h"

#include <algorithm>

#include "log/little_endian.h"

namespace tablog {

namespace {

// Session: u64 last_logged, u64 settled_through, u64 closed (term), u32 is_closed, u32 count; then
// per unsettled number u64 number, u64 first index, u64 term, i64 time, i64 changes, u32 count,
// u32 voided.
constexpr std::size_t kSessionBytes = 32;
constexpr std::size_t kUnsettledBytes = 48;

}  // namespace

void SessionTable::apply(const Entry& entry) {
  if (std::holds_alternative<TermStart>(entry.body)) {
    std::erase_if(sessions_, [&](const auto& item) {
      const bool dropped = item.second.closed && *item.second.closed < entry.term;
      if (dropped) {
        dirty_.insert(item.first);
      }
      return dropped;
    });
  }
  if (const auto* close = std::get_if<SessionClose>(&entry.body)) {
    sessions_[close->client].closed = entry.term;
    dirty_.insert(close->client);
  }
  if (!entry.request) {
    return;
  }
  const RequestStamp& stamp = *entry.request;
  const auto* exec = std::get_if<Exec>(&entry.body);
  Session& session = sessions_[stamp.client];
  session.last_logged = std::max(session.last_logged, stamp.number);
  session.settled_through = std::max(session.settled_through, stamp.settled_through);
  session.unsettled.insert_or_assign(stamp.number,
                                     Accepted{.first_index = {entry.index.value - stamp.position},
                                              .count = stamp.count,
                                              .term = entry.term,
                                              .time_ms = entry.time_ms,
                                              .changes = exec != nullptr ? exec->changes : 0,
                                              .voided = std::holds_alternative<Void>(entry.body)});
  session.unsettled.erase(session.unsettled.begin(),
                          session.unsettled.upper_bound(session.settled_through));
  dirty_.insert(stamp.client);
}

const Session* SessionTable::find(const ClientId& client) const {
  const auto found = sessions_.find(client);
  return found == sessions_.end() ? nullptr : &found->second;
}

Bytes SessionTable::encode(const Session& session) {
  Bytes bytes(kSessionBytes + session.unsettled.size() * kUnsettledBytes);
  store(bytes, 0, session.last_logged.value);
  store(bytes, 8, session.settled_through.value);
  store(bytes, 16, session.closed.value_or(Term{}).value);
  store(bytes, 24, static_cast<std::uint32_t>(session.closed.has_value()));
  store(bytes, 28, static_cast<std::uint32_t>(session.unsettled.size()));
  std::size_t at = kSessionBytes;
  for (const auto& [number, accepted] : session.unsettled) {
    store(bytes, at, number.value);
    store(bytes, at + 8, accepted.first_index.value);
    store(bytes, at + 16, accepted.term.value);
    store(bytes, at + 24, accepted.time_ms);
    store(bytes, at + 32, accepted.changes);
    store(bytes, at + 40, accepted.count);
    store(bytes, at + 44, static_cast<std::uint32_t>(accepted.voided));
    at += kUnsettledBytes;
  }
  return bytes;
}

Result<Session> SessionTable::decode(ByteView bytes) {
  const auto malformed = [] {
    return fail(ErrorCode::kMalformed, "a session that does not decode");
  };
  if (bytes.size() < kSessionBytes || load<std::uint32_t>(bytes, 24) > 1 ||
      (bytes.size() - kSessionBytes) / kUnsettledBytes != load<std::uint32_t>(bytes, 28) ||
      (bytes.size() - kSessionBytes) % kUnsettledBytes != 0) {
    return malformed();
  }
  Session session{.last_logged = {load<std::uint64_t>(bytes, 0)},
                  .settled_through = {load<std::uint64_t>(bytes, 8)},
                  .unsettled = {},
                  .closed = {}};
  if (load<std::uint32_t>(bytes, 24) == 1) {
    session.closed = Term{load<std::uint64_t>(bytes, 16)};
  }
  for (std::size_t at = kSessionBytes; at < bytes.size(); at += kUnsettledBytes) {
    const RequestNumber number{load<std::uint64_t>(bytes, at)};
    if (load<std::uint32_t>(bytes, at + 44) > 1 ||
        (!session.unsettled.empty() && number <= session.unsettled.rbegin()->first)) {
      return malformed();
    }
    session.unsettled.emplace_hint(session.unsettled.end(), number,
                                   Accepted{.first_index = {load<std::uint64_t>(bytes, at + 8)},
                                            .count = load<std::uint32_t>(bytes, at + 40),
                                            .term = {load<std::uint64_t>(bytes, at + 16)},
                                            .time_ms = load<std::int64_t>(bytes, at + 24),
                                            .changes = load<std::int64_t>(bytes, at + 32),
                                            .voided = load<std::uint32_t>(bytes, at + 44) == 1});
  }
  return session;
}

void SessionTable::restore(const ClientId& client, Session session) {
  sessions_.insert_or_assign(client, std::move(session));
}

void SessionTable::adopt(const SessionTable& other) {
  sessions_ = other.sessions_;
  for (const auto& [client, session] : sessions_) dirty_.insert(client);
}

std::set<ClientId> SessionTable::take_dirty() {
  return std::exchange(dirty_, {});
}

}  // namespace tablog
