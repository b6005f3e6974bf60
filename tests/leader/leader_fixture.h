// A leader and the simplest host that can carry it out: a state that counts, a log that only
// remembers. Nothing of the leader is replaced; what the world does (fail, reject, answer late) is
// a knob.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "leader/leader.h"
#include "log/chain.h"
#include "log/codec.h"
#include "tests/log/samples.h"

namespace tablog::leader {

using namespace std::chrono_literals;

inline const ClientId kSelf = samples::id<ClientId>(1);
inline const ClientId kAnna = samples::id<ClientId>(2);
inline const ClientId kBert = samples::id<ClientId>(3);
inline const StoreId kStore = samples::id<StoreId>(9);

[[nodiscard]] inline Address replica_of(const ClientId& tab) {
  return {.tab = tab, .role = Role::kReplica};
}

// A request whose one event has this type: "bad" is rejected by the state.
[[nodiscard]] AppendRequest request(std::uint64_t number, std::string type = "good",
                                    Durability durability = Durability::kFull);
[[nodiscard]] Schema schema_of(std::uint32_t version);

class LeaderFixture : public testing::Test {
 protected:
  enum class Lock { kHeld, kAnswersLate, kLost };

  explicit LeaderFixture(Options options = {});

  // A term with everything in order: lock held, tabs alive, term start published.
  void begin();
  void restart(Recovered recovered);  // another leader over what this one has left
  [[nodiscard]] Recovered recovered() const;

  // Feeds the input and carries out what comes of it, as the host does, until nothing is left to
  // do.
  void run(const Input& input);
  void receive(const ClientId& from, MessageBody body);
  void append(const ClientId& from, std::vector<AppendRequest> requests);
  void see_locks();  // answers the outstanding or any query: held, with `tabs`
  void advance(std::chrono::microseconds by);  // and ticks at the times that were asked for

  // What was said since the last call.
  [[nodiscard]] std::vector<Send> take_sent();
  template <class Body>
  [[nodiscard]] std::vector<Body> take_sent_to(const ClientId& tab) {
    std::vector<Body> bodies;
    for (const Send& send : take_sent()) {
      if (send.to && send.to->tab != tab) continue;
      if (const auto* body = std::get_if<Body>(&send.message.body)) bodies.push_back(*body);
    }
    return bodies;
  }

  Clock now_{.monotonic = 1h, .wall = 1'700'000'000s};
  std::optional<Leader> leader_;
  Options options_;
  Lock lock_{Lock::kHeld};
  std::set<ClientId> tabs_{kSelf, kAnna, kBert};
  std::optional<Error> reserve_error_;  // once
  std::optional<Error> persist_error_;  // once

  std::vector<Entry> log_;
  ChainHash chain_{};
  SessionTable table_;
  std::optional<Schema> schema_;
  Index flushed_, committed_;
  int writes_{}, flushes_{}, checkpoints_{}, lock_queries_{}, executions_{}, rechecks_{};
  std::uint64_t wal_bytes_{};  // of the state, as each batch finds it
  std::vector<Read> reads_;
  std::optional<Schema> anew_;        // that a second state is made for
  std::vector<Answer> settled_;       // told to the page
  std::vector<std::size_t> batches_;  // items of each
  std::optional<Error> stepped_down_;
  std::optional<std::chrono::microseconds> wake_at_;
  bool hold_batches_{};  // BatchDue is not fed: requests queue up
  bool batch_due_{};

 private:
  void carry_out(const Output& output);
  [[nodiscard]] BatchResult execute(const Execute& execute);

  std::vector<Send> sent_;
  std::vector<EncodedEntry> executed_;
};

// The numbers of this session's entries, in the log's order.
[[nodiscard]] std::vector<std::uint64_t> numbers_of(const std::vector<Entry>& log,
                                                    const ClientId& client);

}  // namespace tablog::leader
