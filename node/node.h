// Node: a tab's way to the lead and back. Stands by for the lock, opens the store, leads, and steps
// down; says to everyone why it cannot lead, instead of leaving them to wait. While it leads it
// passes all on to leader::Leader. DESIGN section 6.
//
// Pure, like the machines that it joins. The host carries Output out in the order of its fields,
// and feeds back what each asks for:
//   leader      -> as leader/leader.h says
//   close_files -> nothing
//   open_files  -> StorageOpened, or StorageFailed
//   ask_fork_lock -> ForkLock
//   steal_lock  -> LockGranted
//   release_lock-> nothing; the lock is asked for again, and LockGranted comes when it is this
//   tab's turn
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "leader/leader.h"

namespace tablog::node {

struct Options {
  leader::Options leader;
  std::chrono::milliseconds retry_interval{1000};  // after the store could not be opened
  // A stopped leader: so long its tab is looked at for a sign of life, so long after its lease ends
  // nobody relies on two clocks' going alike, and so long after an attempt there is no other.
  std::chrono::milliseconds life_interval{500};
  std::chrono::milliseconds lease_margin{250};
  std::chrono::milliseconds fork_interval{10'000};
};

struct LockGranted {};
struct LockLost {};  // stolen, or the worker is told to stop
struct StorageOpened {
  leader::Recovered recovered;
};
struct StorageFailed {
  Error error;
};
struct Suspected {};  // this tab's replica waits in vain for the leader
struct ForkLock {     // held by one tab of the origin at a time, and never stolen
  bool granted{};
};
struct Adopt {  // this leader's store is to go on as that generation, whose files are whole
  Generation generation;
};
// A leader's own inputs are leader::Input: Received, LocksSeen and Ticked are heard in every state.
using Input = std::variant<LockGranted, LockLost, StorageOpened, StorageFailed, Suspected, ForkLock,
                           Adopt, leader::Input>;

enum class State : std::uint8_t { kStandby = 0, kOpening = 1, kLeading = 2, kFailed = 3 };

struct Output {  // The host acts in declaration order.
  leader::Output leader{};
  bool close_files{};
  bool release_lock{};
  bool open_files{};
  Generation adopt{};  // with open_files: marked as ready first; zero: none
  bool fork{};  // with open_files: where another process holds them, their copy in a new generation
  bool ask_fork_lock{};
  bool release_fork_lock{};
  bool steal_lock{};  // the leader's
  bool query_locks{};
  std::optional<Error> failed{};
  std::optional<State> state{};  // where it changed
  std::optional<std::chrono::microseconds> wake_at{};
};

class Node {
 public:
  Node(ClientId self, std::uint64_t seed, Options options = {});

  [[nodiscard]] Output step(const Clock& now, const Input& input);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] Term term() const { return leader_ ? leader_->term() : Term{}; }
  [[nodiscard]] const leader::Leader* leader() const { return leader_.get(); }

 private:
  void on(const LockGranted& input);
  void on(const LockLost& input);
  void on(const StorageOpened& input);
  void on(const StorageFailed& input);
  void on(const Suspected& input);
  void on(const ForkLock& input);
  void on(const Adopt& input);
  void on(const leader::Input& input);
  void receive(const leader::Received& input);
  void lead(const leader::Input& input);
  void merge(leader::Output output);
  void step_down(Error error);
  void fail(Error error);
  void enter(State state);
  void tell_failure(std::optional<Address> to);
  void say(std::optional<Address> to, MessageBody body);  // of no store and no term

  // A leader whose process is stopped keeps its lock and its files. node/fork.cc.
  enum class Fork : std::uint8_t { kNone, kAsking, kLooking, kStealing, kFencing, kOpening };
  [[nodiscard]] bool fork_waits() const;  // for fork_at_
  void look_for_life(const leader::LocksSeen& seen);
  void hear_life(const Message& message);
  void go_on_forking();
  void open_fork();
  void end_fork();

  ClientId self_;
  std::uint64_t seed_;
  Options options_;

  Clock now_{};
  Output out_{};

  State state_{State::kStandby};
  std::unique_ptr<leader::Leader> leader_;  // while leading
  std::optional<leader::LocksSeen>
      locks_seen_;              // asked for at the grant: the lease is there at once
  std::optional<Error> error_;  // while failed
  std::optional<std::chrono::microseconds> retry_at_;

  Fork fork_{};
  std::optional<ClientId> stopped_;      // whose life is looked for
  std::chrono::microseconds fork_at_{};  // the next step is due
  std::optional<std::chrono::microseconds> no_fork_before_;
};

}  // namespace tablog::node
