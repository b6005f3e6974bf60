// GapFinder: what is missing or odd in the numbers of a log that is whole: requests without an
// entry, pauses, hand-overs, a wall clock that went back. Memory is bounded by the sessions that
// are open at once. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "log/entry.h"

namespace tablog::tools {

struct Gap {
  std::string kind{};
  std::optional<Index> from{};  // the entries on both sides, or the first and last of what is odd
  std::optional<Index> to{};
  std::optional<ClientId> client{};
  std::optional<RequestNumber> first_number{};
  std::optional<RequestNumber> last_number{};
  std::optional<std::int64_t> ms{};
  std::string what{};
};

class GapFinder {
 public:
  static constexpr std::size_t kSessionsMax = 100'000;  // open at once; of more, no numbers
  static constexpr std::int64_t kClockMs = 1000;        // less is no news of a clock

  // `pause_ms`: without an entry for so long. `whole`: the log goes back to entry 1, so that what
  // is before the first number seen of a session is missing too.
  GapFinder(std::int64_t pause_ms, bool whole) : pause_ms_(pause_ms), whole_(whole) {}

  // What is found with this entry; entries in log order.
  [[nodiscard]] std::vector<Gap> add(const Entry& entry);
  // What is still open at the log's end.
  [[nodiscard]] std::vector<Gap> finish();

  // Entries whose session was not followed, since there were too many.
  [[nodiscard]] std::uint64_t unfollowed() const { return unfollowed_; }

 private:
  struct Seen {
    RequestNumber number{};
    Index index{};
  };
  struct Before {
    Index index{};
    Term term{};
    std::int64_t time_ms{};
  };

  void add_time(const Entry& entry, std::vector<Gap>& found);
  void add_clock(const Entry& entry, std::vector<Gap>& found);
  void add_request(const Entry& entry, std::vector<Gap>& found);

  std::int64_t pause_ms_;
  bool whole_;
  std::optional<Before> before_;
  std::optional<Gap> clock_;  // leader time is ahead of the wall clock since `from`
  std::map<ClientId, Seen> sessions_;
  std::uint64_t unfollowed_{};
};

// "412 ms", "1.5 s", "3 min 5 s", "2 h 4 min", "3 d 1 h".
[[nodiscard]] std::string elapsed_text(std::int64_t ms);

}  // namespace tablog::tools
