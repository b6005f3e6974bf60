// Following the leader: apply in order, gaps, duplicates, terms, other histories, other content.
#include "tests/replica/replica_fixture.h"

namespace tablog::replica {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class FollowTest : public ReplicaFixture {};

TEST_F(FollowTest, SeeksJoinsCatchesUpAndIsReadyOnce) {
  log(std::nullopt, TermStart{});
  log();
  run(Started{});
  EXPECT_THAT(take_sent<Seek>(), SizeIs(1));
  announce();
  EXPECT_THAT(take_sent<Join>(), SizeIs(1));
  welcome();
  const auto ranges = take_sent<RangeRequest>();
  ASSERT_THAT(ranges, SizeIs(1));
  EXPECT_EQ(ready_, 0);
  hear(committed(Index{1}, Index{2}));
  EXPECT_EQ(ready_, 1);
  EXPECT_THAT(applied_, ElementsAre(Index{1}, Index{2}));
}

TEST_F(FollowTest, ATabWithoutASchemaJoinsAsSuchAndAppliesTheLogsAsAnyEntry) {
  replica_.emplace(kSelf, Schema{.engine = "3.54.1"}, options_);
  log(std::nullopt, TermStart{});
  run(Started{});
  announce();
  const auto joins = take_sent<Join>();
  ASSERT_THAT(joins, SizeIs(1));
  EXPECT_EQ(joins[0].schema.version, 0U);
  welcome();
  hear(committed(Index{1}, Index{1}));
  EXPECT_EQ(ready_, 1) << "before there is any schema";
  Schema schema = samples::schema();
  schema.flags = 0;  // its migrations run on what is there
  log(std::nullopt, schema);
  publish();
  EXPECT_THAT(applied_, ElementsAre(Index{1}, Index{2}));
  EXPECT_THAT(failed_, IsEmpty());
}

TEST_F(FollowTest, KeepsSeekingAndLooksAtTheLocksWhileNobodyLeads) {
  run(Started{});
  advance(5s);
  EXPECT_GE(take_sent<Seek>().size(), 10U);
  EXPECT_GE(lock_queries_, 3) << "which evicts a leader that sits in the back/forward cache";
}

TEST_F(FollowTest, OpeningHasABound) {
  run(Started{});
  advance(options_.open_timeout + 1s);
  ASSERT_THAT(failed_, testing::Not(IsEmpty()));
  EXPECT_EQ(failed_[0].code, ErrorCode::kLeaderUnresponsive);
}

TEST_F(FollowTest, AGapIsAskedForAsARange) {
  follow();
  log();
  log();
  hear(committed(Index{3}, Index{3}));
  const auto ranges = take_sent<RangeRequest>();
  ASSERT_THAT(ranges, SizeIs(1));
  EXPECT_EQ(ranges[0].from, Index{2});
  hear(committed(Index{2}, Index{3}));
  EXPECT_THAT(applied_, ElementsAre(Index{2}, Index{3}));
}

TEST_F(FollowTest, ARangeThatIsLostIsAskedForAgain) {
  follow();
  log();
  log();
  hear(committed(Index{3}, Index{3}));
  (void)take_sent<RangeRequest>();
  advance(2 * options_.resend_interval);
  EXPECT_THAT(take_sent<RangeRequest>(), testing::Not(IsEmpty()));
}

TEST_F(FollowTest, ADuplicateIsNotAppliedTwice) {
  follow();
  log();
  publish();
  publish();
  hear(committed(Index{1}, Index{2}));
  EXPECT_THAT(applied_, ElementsAre(Index{2}));
}

TEST_F(FollowTest, AnotherHistoryInARangeIsSeenAndAllIsThrownAway) {
  log(std::nullopt, TermStart{});
  log();
  follow();
  const auto history = chains_;
  entries_.pop_back();
  chains_.pop_back();
  log(std::nullopt, Event{.type = "other"});  // another entry 2
  log();
  hear(committed(Index{3}, Index{3}));  // chain of the other history, right behind ours
  ASSERT_THAT(noted_, SizeIs(1));
  EXPECT_EQ(noted_[0].kind, Noted::Kind::kRollback);
  EXPECT_EQ(discards_, 1);
  EXPECT_THAT(take_sent<TransferRequest>(), SizeIs(1));
}

TEST_F(FollowTest, ALeaderWhoseLogEndsEarlierIsARollback) {
  log(std::nullopt, TermStart{});
  log();
  log();
  follow();
  entries_.resize(1);
  chains_.resize(2);
  term_ = Term{term_.value + 1};
  announce();
  welcome();
  ASSERT_THAT(noted_, SizeIs(1));
  EXPECT_EQ(noted_[0].kind, Noted::Kind::kRollback);
}

TEST_F(FollowTest, AnEntryThatDoesNotApplyIsADivergence) {
  follow();
  log();
  apply_error_ = Error{.code = ErrorCode::kCorrupt, .message = "no"};
  publish();
  ASSERT_THAT(noted_, SizeIs(1));
  EXPECT_EQ(noted_[0].kind, Noted::Kind::kDivergence);
}

TEST_F(FollowTest, WhereTheLogCannotBeReadATabThatOpensSaysSo) {
  log(std::nullopt, TermStart{});
  log();
  run(Started{});
  announce();
  welcome();
  ASSERT_THAT(take_sent<RangeRequest>(), SizeIs(1));
  const Error damage{.code = ErrorCode::kCorrupt, .message = "a flipped byte", .index = Index{1}};
  hear(Range{.call = 0, .result = damage, .head = head()});
  EXPECT_THAT(failed_, ElementsAre(damage));
  EXPECT_THAT(take_sent<TransferRequest>(), IsEmpty());
}

TEST_F(FollowTest, WhereTheLogCannotBeReadATabThatWasOpenTakesASnapshot) {
  follow();
  log();
  log();
  hear(committed(Index{3}, Index{3}));
  ASSERT_THAT(take_sent<RangeRequest>(), SizeIs(1));
  const Error damage{.code = ErrorCode::kCorrupt, .message = "a flipped byte", .index = Index{2}};
  hear(Range{.call = 0, .result = damage, .head = head()});
  EXPECT_THAT(failed_, ElementsAre(damage));
  EXPECT_THAT(take_sent<TransferRequest>(), SizeIs(1));
  hear(Range{.call = 0, .result = damage, .head = head()});
  EXPECT_THAT(failed_, SizeIs(1)) << "it is on another way by then";
}

TEST_F(FollowTest, ALowerTermIsNotHeard) {
  follow();
  const Term now = term_;
  term_ = Term{now.value + 1};
  log(std::nullopt, TermStart{});
  announce();
  welcome();
  hear(committed(Index{2}, Index{2}));
  term_ = now;
  log();
  publish();
  EXPECT_EQ(replica_->applied(), Index{2});
}

TEST_F(FollowTest, WhatDoesNotDecodeIsAskedForAgainWithoutAStorm) {
  follow();
  log();
  Committed broken = committed(Index{2}, Index{2});
  broken.entries[0] = std::make_shared<const Bytes>(samples::bytes("nonsense"));
  for (int i = 0; i < 20; ++i) hear(broken);
  EXPECT_LE(take_sent<RangeRequest>().size(), 1U);
  EXPECT_EQ(replica_->applied(), Index{1});
}

TEST_F(FollowTest, AcknowledgesByBytes) {
  options_.acknowledge_bytes = 500;
  replica_.emplace(kSelf, samples::schema(), options_);
  follow();
  for (int i = 0; i < 20; ++i) {
    log();
    publish();
  }
  const auto acknowledged = take_sent<Acknowledge>();
  ASSERT_THAT(acknowledged, testing::Not(IsEmpty()));
  EXPECT_LT(acknowledged.size(), 20U);
  EXPECT_GT(acknowledged.back().applied, Index{10});
}

TEST_F(FollowTest, AnIdleTabSetsNoTimer) {
  follow();
  advance(5s);
  wake_at_.reset();
  run(Ticked{});
  EXPECT_FALSE(wake_at_);
}

TEST_F(FollowTest, APageThatComesBackAsksForTheHead) {
  follow();
  run(Visibility{.visible = false});
  EXPECT_THAT(take_sent<Seek>(), IsEmpty());
  log();  // missed
  run(Visibility{.visible = true});
  EXPECT_THAT(take_sent<Seek>(), SizeIs(1));
  announce();
  EXPECT_THAT(take_sent<RangeRequest>(), SizeIs(1));
}

}  // namespace
}  // namespace tablog::replica
