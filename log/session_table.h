// SessionTable: what the log says of every session, so that a repeated request is answered and not
// applied again. A pure function of the entries: every replica, and every replay, has the same one.
// Rules: DESIGN section 4, docs/protocol.md#sessions. Kept in the state database in the same
// transaction as the entries (storage/state_database.h), and in the leader's memory
// (leader/leader.h).
#pragma once

#include <map>
#include <optional>
#include <set>

#include "log/entry.h"
#include "log/message.h"

namespace tablog {

struct Session {
  RequestNumber last_logged;                    // highest number with an entry; 0: none
  RequestNumber settled_through;                // answered, never sent again
  std::map<RequestNumber, Accepted> unsettled;  // logged numbers above settled_through
  std::optional<Term> closed;                   // a tombstone, until the next term start
  bool operator==(const Session&) const = default;
};

class SessionTable {
 public:
  // Entries in log order, each once. A TermStart drops the tombstones of earlier terms: messages of
  // those terms are dropped by their term, so nobody can ask for them any more.
  void apply(const Entry& entry);

  [[nodiscard]] const Session* find(const ClientId& client) const;
  [[nodiscard]] const std::map<ClientId, Session>& sessions() const { return sessions_; }

  // One session as bytes, for the state database; the same session gives the same bytes.
  [[nodiscard]] static Bytes encode(const Session& session);
  [[nodiscard]] static Result<Session> decode(ByteView bytes);
  void restore(const ClientId& client, Session session);
  void adopt(const SessionTable& other);  // as if all of it had changed

  // Sessions changed or dropped since the last call: what the state database has to write.
  [[nodiscard]] std::set<ClientId> take_dirty();

  bool operator==(const SessionTable& other) const { return sessions_ == other.sessions_; }

 private:
  std::map<ClientId, Session> sessions_;
  std::set<ClientId> dirty_;
};

}  // namespace tablog
