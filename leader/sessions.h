// Sessions: decides what becomes of a request: taken, answered from what is known, or asked for
// again. Together with the log's session table this is what makes a request take effect exactly
// once. Rules: DESIGN section 4, docs/protocol.md#sessions.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <variant>
#include <vector>

#include "log/message.h"
#include "log/session_table.h"

namespace tablog::leader {

struct Take {};    // the next of its session: sequence it
struct Ignore {};  // on its way, or settled long ago
struct Reply {     // its fate is known and may be told
  std::variant<Accepted, Error> result;
};
struct Gap {  // an earlier one is missing: a channel dropped it
  RequestNumber expected;
};
struct Closed {};  // the session is a tombstone
using Verdict = std::variant<Take, Ignore, Reply, Gap, Closed>;

class Sessions {
 public:
  Sessions(SessionTable restored, std::chrono::microseconds now);

  // On Take the number counts as taken: the caller sequences it. `published`: entries up to here
  // may be told of.
  [[nodiscard]] Verdict admit(std::chrono::microseconds now, const ClientId& client,
                              const AppendRequest& request, Index published);

  void apply(const Entry& entry);
  // The rejection may be told from now on; kept until the session settles it.
  void rejected(const ClientId& client, RequestNumber number, Error error);

  // Open sessions that were known before `began` and whose tab was not seen then.
  [[nodiscard]] std::vector<ClientId> absent(const std::set<ClientId>& tabs,
                                             std::chrono::microseconds began) const;
  [[nodiscard]] bool is_open(const ClientId& client) const;
  [[nodiscard]] const SessionTable& table() const { return table_; }
  [[nodiscard]] std::size_t count() const { return live_.size(); }
  // Takes nothing of this session any more, and forgets what only this term knew of it. True when
  // the log has to be told, by a SessionClose: it knows the session, and no closing is on its way.
  [[nodiscard]] bool begin_close(const ClientId& client);

 private:
  struct Live {
    RequestNumber judged_through{};   // by earlier leaders: the last logged when this one began
    RequestNumber taken_through{};    // by this leader
    RequestNumber settled_through{};  // highest that the session told
    std::map<RequestNumber, Error> rejections{};
    RequestNumber lost_through{};  // rejections up to here were dropped
    std::chrono::microseconds first_seen;
  };

  SessionTable table_;
  std::map<ClientId, Live> live_;
  std::set<ClientId> closing_;
};

}  // namespace tablog::leader
