// Outbox: the tab's appends that are not settled yet, in the order of their numbers. The page has
// its own copy and outlives the worker; here they wait for a leader, are sent, sent again, and
// matched with their fate. DESIGN section 4.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "log/message.h"

namespace tablog::replica {

enum class Outcome : std::uint8_t { kNone = 0, kUnknown = 1 };

struct Settled {
  RequestNumber number;
  std::variant<Accepted, Error> result;
  Outcome outcome{Outcome::kNone};  // of an error
};

class Outbox {
 public:
  // A request of the page. One that is here already is a repetition and changes nothing, unless it
  // withdraws (Void) one that was not sent from here: then the Void goes in its place. Only the
  // leader's answer settles it, for an earlier worker of the page may have sent it. `sent`: the
  // page itself has handed it to the leader of now, at that time.
  void add(AppendRequest request, std::optional<std::chrono::microseconds> sent = std::nullopt);
  // Too large to be sent: its number is withdrawn, and this is its fate.
  [[nodiscard]] Settled refuse(AppendRequest request, Error error);

  // What to send now, ascending; they count as sent. At least one, then at most so many, of
  // together about so many bytes. While one of them saw two leaders end, one at a time: so that at
  // the next death it is known which was in flight.
  struct Limits {
    std::size_t requests_max;
    std::uint64_t bytes_max;
  };
  [[nodiscard]] std::vector<AppendRequest> take_unsent(std::chrono::microseconds now,
                                                       Limits limits);
  // The leader misses this number and those behind it. One that is not here any more was rejected
  // by an earlier leader, which left no trace in the log: it goes as a Void, to close the gap.
  void resend_from(RequestNumber number);
  void resend_all();
  // Long without an answer. The last one finds out what the channel lost, for the leader asks for
  // what is before it; some of the first, in case it was the answers that were lost.
  void resend_probe();
  // The leader they were sent to has ended.
  void leader_changed();

  // Its fate is known; an accepted one is settled when its entries are applied here.
  void accepted(RequestNumber number, const Accepted& accepted);
  [[nodiscard]] std::optional<Settled> rejected(RequestNumber number, Error error);
  // Those whose entries are applied, in order: one whose fate is not known yet holds back the
  // later.
  [[nodiscard]] std::vector<Settled> applied(Index applied);
  // The history that accepted them is gone: ask again.
  void forget_acceptances();
  // All of them, when the store is lost underneath.
  [[nodiscard]] std::vector<Settled> fail_all(const Error& error);

  // When the longest unanswered one was last sent.
  [[nodiscard]] std::optional<std::chrono::microseconds> oldest_sent() const;
  [[nodiscard]] std::size_t size() const { return pending_.size(); }

 private:
  struct Pending {
    AppendRequest request;
    std::optional<std::chrono::microseconds> sent{};  // to the leader of now
    std::optional<Accepted> accepted{};
    bool ever_sent{};
    bool settled{};  // for the page: it only closes a gap
  };
  void drop_settled();

  std::map<RequestNumber, Pending> pending_;
  RequestNumber settled_through_;  // highest that the page told
  RequestNumber unsent_from_;      // nothing below waits to be sent
  bool suspects_{};                // some request saw two leaders end
};

}  // namespace tablog::replica
