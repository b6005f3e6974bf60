// The right to speak: nothing leaves the leader unless its lock was seen held a moment ago.
#include "tests/leader/leader_fixture.h"

namespace tablog::leader {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(LeaseTest, CountsFromTheBeginningOfTheQuestion) {
  Lease lease(1s);
  EXPECT_FALSE(lease.valid(10s));
  EXPECT_TRUE(lease.ask(10s));
  lease.seen(10s);
  EXPECT_TRUE(lease.valid(10s + 999ms));
  EXPECT_FALSE(lease.valid(11s));
}

TEST(LeaseTest, AsksEarlyOnceAndAgainWhenTheAnswerStaysOut) {
  Lease lease(1s);
  EXPECT_TRUE(lease.ask(10s));
  EXPECT_FALSE(lease.ask(10s + 100ms)) << "one question at a time";
  EXPECT_TRUE(lease.ask(11s));
  lease.seen(11s);
  EXPECT_FALSE(lease.ask(11s + 499ms));
  EXPECT_TRUE(lease.ask(11s + 500ms));
}

TEST(LeaseTest, ALateAnswerToAnEarlierQuestionDoesNotShortenIt) {
  Lease lease(1s);
  lease.seen(11s);
  lease.seen(10s);
  EXPECT_TRUE(lease.valid(11s + 900ms));
}

class LeaderLeaseTest : public LeaderFixture {};

TEST_F(LeaderLeaseTest, TheTermIsAnnouncedOnlyWhenTheLockWasSeenHeld) {
  lock_ = Lock::kAnswersLate;
  run(Started{});
  EXPECT_THAT(log_, SizeIs(1));
  EXPECT_THAT(take_sent(), IsEmpty());
  see_locks();
  EXPECT_THAT(take_sent_to<Announce>(kAnna), SizeIs(1));
}

TEST_F(LeaderLeaseTest, APublicationWaitsForTheAnswer) {
  begin();
  now_.monotonic += 5s;
  lock_ = Lock::kAnswersLate;
  const int queries = lock_queries_;
  append(kAnna, {request(1)});
  EXPECT_EQ(flushed_, Index{2}) << "the log does not wait";
  EXPECT_THAT(take_sent(), IsEmpty());
  EXPECT_EQ(lock_queries_, queries + 1);
  see_locks();
  EXPECT_THAT(take_sent_to<Answers>(kAnna), SizeIs(1));
}

TEST_F(LeaderLeaseTest, ALeaseCountsFromTheQuestionNotFromTheAnswer) {
  begin();
  now_.monotonic += 5s;
  lock_ = Lock::kAnswersLate;
  append(kAnna, {request(1)});
  const auto began = now_.monotonic;
  now_.monotonic += 900ms;
  run(LocksSeen{.began = began, .held = true, .tabs = tabs_});
  EXPECT_THAT(take_sent_to<Answers>(kAnna), SizeIs(1));
  now_.monotonic += 200ms;
  append(kAnna, {request(2)});
  EXPECT_THAT(take_sent(), IsEmpty());
}

TEST_F(LeaderLeaseTest, DuplicatesReadsAndWelcomesWaitToo) {
  begin();
  append(kAnna, {request(1)});
  (void)take_sent();
  now_.monotonic += 5s;
  lock_ = Lock::kAnswersLate;
  append(kAnna, {request(1)});
  receive(kAnna, ReadIndexRequest{.call = 1});
  receive(kAnna, StatsRequest{.call = 2});
  receive(kBert, Join{.wants_entries = true, .schema = *schema_});
  EXPECT_THAT(take_sent(), IsEmpty());
  EXPECT_THAT(reads_, IsEmpty());
  see_locks();
  EXPECT_THAT(take_sent(), SizeIs(3));
  EXPECT_THAT(reads_, SizeIs(1));
}

TEST_F(LeaderLeaseTest, AnAnswerThatStaysOutIsAskedForAgain) {
  begin();
  now_.monotonic += 5s;
  lock_ = Lock::kAnswersLate;
  append(kAnna, {request(1)});
  const int queries = lock_queries_;
  advance(options_.lease);
  EXPECT_GT(lock_queries_, queries);
}

TEST_F(LeaderLeaseTest, ALostLockEndsTheTermAndSwallowsEveryMessage) {
  begin();
  now_.monotonic += 5s;
  lock_ = Lock::kLost;
  append(kAnna, {request(1)});
  ASSERT_TRUE(stepped_down_);
  EXPECT_THAT(take_sent(), IsEmpty());
}

TEST_F(LeaderLeaseTest, WordOfALaterTermMakesItLookAgain) {
  begin();
  lock_ = Lock::kAnswersLate;
  const int queries = lock_queries_;
  run(Received{Message{.store = kStore,
                       .term = Term{leader_->term().value + 1},
                       .from = replica_of(kAnna),
                       .body = Acknowledge{}}});
  append(kAnna, {request(1)});
  EXPECT_GT(lock_queries_, queries);
  EXPECT_THAT(take_sent(), IsEmpty()) << "the lease of before does not count any more";
}

TEST_F(LeaderLeaseTest, ABusyLeaderAsksBeforeTheLeaseEnds) {
  begin();
  const std::uint64_t waits = leader_->counters().lease_waits;  // of the term's beginning
  for (std::uint64_t n = 1; n <= 40; ++n) {
    append(kAnna, {request(n)});
    advance(100ms);
  }
  EXPECT_EQ(leader_->counters().lease_waits, waits);
}

}  // namespace
}  // namespace tablog::leader
