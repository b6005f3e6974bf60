// Subscribers: which tabs get the committed entries, and how much each has in flight. A tab that
// does not acknowledge gets nothing more until it asks for the range: a stopped tab's channel must
// not grow.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "log/message.h"

namespace tablog::leader {

// What a Committed message counts for in the window, on both sides.
inline constexpr std::uint64_t kCommittedOverheadBytes = 64;

class Subscribers {
 public:
  explicit Subscribers(std::uint64_t window_bytes) : window_bytes_(window_bytes) {}

  enum class Wants : std::uint8_t { kEntries, kHeads };
  enum class Place : std::uint8_t { kAtHead, kBehind };
  enum class Follows : std::uint8_t { kItsSchema, kAnySchema };
  void join(const Address& tab, Wants wants, Place place, std::chrono::microseconds now,
            Follows follows = Follows::kItsSchema);
  void acknowledge(const Address& tab, Index applied);

  // What to send of a publication. kNothing: behind, it will ask. kHead: without the entries.
  enum class Share : std::uint8_t { kEntries, kHead, kNothing };
  // Counts the message as sent. A subscriber whose window is full gets the head of the next entries
  // and is behind; from then on a head for each window of what it misses.
  [[nodiscard]] Share publish(const Address& tab, Index through, std::uint64_t bytes);

  // It was sent a range that it had asked for; at the head it is fed again.
  void range_sent(const Address& tab, Index through, std::uint64_t bytes, Index head);

  // True when the entries themselves tell this tab of its requests' fate.
  [[nodiscard]] bool gets_entries(const ClientId& client) const;
  [[nodiscard]] std::vector<Address> all() const;
  // The log has another schema now: gives those that go with that, the others stay.
  [[nodiscard]] std::vector<Address> drop_outdated();
  void drop_absent(const std::set<ClientId>& tabs, std::chrono::microseconds began);

 private:
  struct Subscriber {
    Wants wants{};
    Place place{};
    std::deque<std::pair<Index, std::uint64_t>> unacknowledged{};  // through which index, bytes
    std::uint64_t unacknowledged_bytes{};
    std::uint64_t missed_bytes{};  // published while it was behind, since it was told the head
    std::chrono::microseconds joined{};
    Follows follows{};
  };
  static void count(Subscriber& subscriber, Index through, std::uint64_t bytes);

  std::uint64_t window_bytes_;
  std::map<Address, Subscriber> tabs_;
};

}  // namespace tablog::leader
