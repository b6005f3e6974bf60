// A replica, and a leader played by hand: the test says what arrives, and looks at what goes out.
// The database is the simplest that can be: it takes everything, and its digest is the index.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "log/chain.h"
#include "log/codec.h"
#include "replica/replica.h"
#include "tests/log/samples.h"

namespace tablog::replica {

using namespace std::chrono_literals;

inline const ClientId kSelf = samples::id<ClientId>(1);
inline const ClientId kLeader = samples::id<ClientId>(2);
inline const ClientId kOther = samples::id<ClientId>(3);
inline const StoreId kStore = samples::id<StoreId>(9);

[[nodiscard]] AppendRequest request(std::uint64_t number, std::uint64_t settled_through = 0);

class ReplicaFixture : public testing::Test {
 protected:
  explicit ReplicaFixture(Options options = {});

  void run(const Input& input);
  void append(std::vector<AppendRequest> requests) { run(Appends{std::move(requests)}); }
  // From the leader of `term_`.
  void hear(MessageBody body);
  void advance(std::chrono::microseconds by);  // ticks when it was asked for

  // Started, announced, welcomed at the head, caught up.
  void follow();
  void announce() { hear(Announce{.leader = kLeader, .head = head(), .chain = chain(head())}); }
  void welcome();  // the answer to Join

  // The leader's log: an event, of one of this tab's requests or of someone else's.
  void log(std::optional<std::uint64_t> number = std::nullopt, EntryBody body = Event{.type = "e"});
  [[nodiscard]] Index head() const { return Index{entries_.size()}; }
  [[nodiscard]] ChainHash chain(Index at) const { return chains_[at.value]; }
  [[nodiscard]] Committed committed(Index from, Index to) const;
  void publish() { hear(committed(head(), head())); }
  [[nodiscard]] Accepted accepted(Index index) const;

  template <class Body>
  [[nodiscard]] std::vector<Body> take_sent() {
    std::vector<Body> bodies;
    std::erase_if(sent_, [&](const Send& send) {
      const auto* body = std::get_if<Body>(&send.message.body);
      if (body != nullptr) bodies.push_back(*body);
      return body != nullptr;
    });
    return bodies;
  }
  [[nodiscard]] std::vector<std::uint64_t> take_sent_numbers();
  [[nodiscard]] std::vector<std::uint64_t> take_settled();

  Clock now_{.monotonic = 1h, .wall = 1'700'000'000s};
  Term term_{Term::of({}, 1)};
  Options options_;
  std::optional<Replica> replica_;
  std::vector<std::shared_ptr<const Bytes>> entries_;
  std::vector<ChainHash> chains_{ChainHash{}};

  std::vector<Send> sent_;
  std::vector<Index> applied_;
  std::vector<Settled> settled_;
  std::vector<Noted> noted_;
  std::vector<Error> failed_;
  std::vector<RunQuery> queries_;
  std::vector<Reply> replies_;
  std::vector<Chunk> chunks_;
  int discards_{}, installs_{}, ready_{}, lock_queries_{}, suspicions_{};
  std::optional<Digest> wrong_digest_;  // of the next batch
  DigestsByTable tables_{{"note", samples::id<Digest>(7)}, {"todo", samples::id<Digest>(8)}};
  std::optional<Error> apply_error_;  // once
  Index image_index_;                 // what the next image holds
  std::optional<std::chrono::microseconds> wake_at_;

 private:
  void carry_out(const Output& output);
};

[[nodiscard]] inline Digest digest_at(Index index) {
  return samples::id<Digest>(static_cast<std::uint8_t>(index.value));
}

}  // namespace tablog::replica
