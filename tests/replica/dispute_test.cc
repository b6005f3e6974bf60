// What is done where the digest here is not the leader's.
#include "tests/replica/replica_fixture.h"

namespace tablog::replica {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class DisputeTest : public ReplicaFixture {
 protected:
  // An entry whose content comes out differently here.
  void diverge() {
    log();
    wrong_digest_ = samples::id<Digest>(200);
    publish();
  }
  [[nodiscard]] TableDigests leaders(std::vector<std::string> other) const {
    TableDigests told{.index = head(), .tables = tables_};
    for (auto& [name, digest] : told.tables) {
      if (std::ranges::find(other, name) != other.end()) digest = samples::id<Digest>(100);
    }
    return told;
  }
  void query(CallId call, Consistency consistency) {
    run(Query{.call = call, .consistency = consistency, .sql = "SELECT 1", .params = {}});
  }
  void next_term() {
    term_ = Term{term_.value + 1};
    log(std::nullopt, TermStart{.leader = kLeader});
    announce();
    welcome();
    hear(committed(head(), head()));
  }
};

TEST_F(DisputeTest, TheLeaderIsAskedBeforeAnythingIsThrownAway) {
  follow();
  diverge();
  EXPECT_THAT(take_sent<DigestDispute>(), ElementsAre(DigestDispute{.index = Index{2}}));
  EXPECT_THAT(take_sent<TransferRequest>(), IsEmpty());
  EXPECT_THAT(noted_, IsEmpty());
  EXPECT_EQ(discards_, 0);
}

TEST_F(DisputeTest, TheTablesThatDifferAreNamedOnceAndASnapshotIsFetched) {
  follow();
  diverge();
  hear(leaders({"todo"}));
  ASSERT_THAT(noted_, SizeIs(1));
  EXPECT_EQ(noted_[0].kind, Noted::Kind::kDivergence);
  EXPECT_EQ(noted_[0].detail, "this tab's digest differs from the leader's: todo");
  EXPECT_EQ(discards_, 1);
  EXPECT_THAT(take_sent<TransferRequest>(), SizeIs(1));
  hear(leaders({"todo"}));
  advance(10s);
  EXPECT_THAT(noted_, SizeIs(1));
}

TEST_F(DisputeTest, EntriesGoOnBeingAppliedAndAreNotCompared) {
  follow();
  diverge();
  diverge();
  log();
  publish();
  EXPECT_EQ(replica_->applied(), head());
  EXPECT_THAT(take_sent<DigestDispute>(), SizeIs(1));
  hear(leaders({"note", "todo"}));
  ASSERT_THAT(noted_, SizeIs(1));
  EXPECT_EQ(noted_[0].detail, "this tab's digest differs from the leader's: note, todo");
}

TEST_F(DisputeTest, QueriesOfEveryKindWait) {
  follow();
  diverge();
  query(1, Consistency::kSession);
  query(2, Consistency::kLocal);
  query(3, Consistency::kLinearizable);
  hear(ReadIndex{.call = 3, .index = head()});
  EXPECT_THAT(queries_, IsEmpty());
  hear(leaders({"todo"}));
  EXPECT_THAT(queries_, IsEmpty());
  image_index_ = head();
  hear(TransferChunk{.transfer = 1,
                     .total_bytes = 5,
                     .index = head(),
                     .chain = chain(head()),
                     .result = samples::bytes("image")});
  welcome();
  hear(ReadIndex{.call = 3, .index = head()});
  EXPECT_THAT(queries_, SizeIs(3));
}

TEST_F(DisputeTest, DigestsOfAnotherIndexAreAskedForAgain) {
  follow();
  diverge();
  TableDigests early = leaders({"todo"});
  early.index = Index{1};
  hear(early);
  EXPECT_THAT(noted_, IsEmpty());
  sent_.clear();
  advance(options_.resend_interval * 2);
  EXPECT_THAT(take_sent<DigestDispute>(), testing::Not(IsEmpty()));
  hear(leaders({"todo"}));
  EXPECT_THAT(noted_, SizeIs(1));
}

// It was silent, or what it said was lost; in any case it looks at its state before it sends that.
TEST_F(DisputeTest, WithoutAnAnswerThisTabStartsOverUnnamed) {
  follow();
  diverge();
  sent_.clear();
  for (int i = 0; i < 20 && noted_.empty(); ++i) advance(options_.resend_interval);
  ASSERT_THAT(noted_, SizeIs(1));
  EXPECT_EQ(noted_[0].detail, "this tab's digest differs from the leader's");
  EXPECT_TRUE(std::holds_alternative<TransferRequest>(sent_.back().message.body));
  EXPECT_TRUE(std::holds_alternative<DigestDispute>(sent_[sent_.size() - 2].message.body));
}

TEST_F(DisputeTest, WhereTheLeaderWasWrongItsSuccessorIsAskedAndNothingIsThrownAway) {
  follow();
  diverge();
  next_term();
  EXPECT_THAT(take_sent<DigestDispute>(),
              ElementsAre(DigestDispute{.index = Index{2}}, DigestDispute{.index = Index{3}}));
  query(1, Consistency::kSession);
  EXPECT_THAT(queries_, IsEmpty());
  hear(leaders({}));
  EXPECT_THAT(noted_, IsEmpty());
  EXPECT_EQ(discards_, 0);
  EXPECT_THAT(queries_, SizeIs(1));
}

TEST_F(DisputeTest, WhereTheSuccessorDiffersTooThisTabWasWrong) {
  follow();
  diverge();
  next_term();
  hear(leaders({"note"}));
  ASSERT_THAT(noted_, SizeIs(1));
  EXPECT_EQ(noted_[0].detail, "this tab's digest differs from the leader's: note");
  EXPECT_EQ(discards_, 1);
}

// What differed is gone again, but it had been there.
TEST_F(DisputeTest, ADifferenceThatIsGoneAgainIsToldAllTheSame) {
  follow();
  diverge();
  hear(leaders({}));
  ASSERT_THAT(noted_, SizeIs(1));
  EXPECT_EQ(noted_[0].detail, "this tab's digest differs from the leader's");
}

TEST_F(DisputeTest, AnEntryThatDoesNotApplyEndsItWithOneEvent) {
  follow();
  diverge();
  log();
  apply_error_ = Error{.code = ErrorCode::kCorrupt, .message = "no"};
  publish();
  hear(leaders({"todo"}));
  ASSERT_THAT(noted_, SizeIs(1));
  EXPECT_EQ(noted_[0].detail, "no");
}

TEST_F(DisputeTest, WhoeverFallsFarBehindMeanwhileTakesTheSnapshotAtOnce) {
  options_.snapshot_gap_entries = 3;
  replica_.emplace(kSelf, samples::schema(), options_);
  follow();
  diverge();
  for (int i = 0; i < 5; ++i) log();
  publish();
  EXPECT_THAT(noted_, SizeIs(1));
  EXPECT_THAT(take_sent<TransferRequest>(), SizeIs(1));
}

TEST_F(DisputeTest, ASnapshotThatIsNotWhatItSaysIsDisputedToo) {
  follow();
  diverge();
  hear(leaders({"todo"}));
  sent_.clear();
  run(SnapshotFailed{.error = {.code = ErrorCode::kCorrupt, .message = "rows"}});
  EXPECT_THAT(take_sent<DigestDispute>(), SizeIs(1));
}

}  // namespace
}  // namespace tablog::replica
