// Queries and the other calls: what they wait for, and that each has a bound.
#include "tests/replica/replica_fixture.h"

namespace tablog::replica {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class CallsTest : public ReplicaFixture {
 protected:
  void query(CallId call, Consistency consistency) {
    run(Query{.call = call, .consistency = consistency, .sql = "SELECT 1", .params = {}});
  }
};

TEST_F(CallsTest, ASessionQueryRunsHereAtOnce) {
  follow();
  query(1, Consistency::kSession);
  EXPECT_THAT(queries_, SizeIs(1));
  EXPECT_THAT(sent_, IsEmpty());
}

TEST_F(CallsTest, BeforeThisTabHasCaughtUpASessionQueryWaits) {
  run(Started{});
  query(1, Consistency::kSession);
  EXPECT_THAT(queries_, IsEmpty());
  log(std::nullopt, TermStart{});
  announce();
  welcome();
  hear(committed(Index{1}, Index{1}));
  EXPECT_THAT(queries_, SizeIs(1));
}

TEST_F(CallsTest, WithoutALeaderSessionQueriesAreStillAnswered) {
  follow();
  advance(1min);
  query(1, Consistency::kSession);
  EXPECT_THAT(queries_, SizeIs(1));
}

TEST_F(CallsTest, ALinearizableQueryWaitsForTheLeadersIndexAndForItsEntries) {
  follow();
  query(1, Consistency::kLinearizable);
  const auto asked = take_sent<ReadIndexRequest>();
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_THAT(queries_, IsEmpty());
  log();
  hear(ReadIndex{.call = asked[0].call, .index = Index{2}});
  EXPECT_THAT(queries_, IsEmpty());
  EXPECT_THAT(take_sent<RangeRequest>(), SizeIs(1));
  hear(committed(Index{2}, Index{2}));
  EXPECT_THAT(queries_, SizeIs(1));
}

TEST_F(CallsTest, ExclusiveUseIsThereWhenAllBeforeItIsAppliedHere) {
  follow();
  run(AskExclusive{.call = 1});
  ASSERT_THAT(take_sent<ExclusiveRequest>(), testing::ElementsAre(ExclusiveRequest{.call = 1}));
  log();
  hear(ReadIndex{.call = 1, .index = Index{2}});
  EXPECT_THAT(replies_, IsEmpty());
  hear(committed(Index{2}, Index{2}));
  ASSERT_THAT(replies_, SizeIs(1));
  EXPECT_EQ(replies_[0].call, 1U);
  run(AskExclusive{.call = 0, .release = true});
  EXPECT_THAT(take_sent<ExclusiveRequest>(),
              testing::ElementsAre(ExclusiveRequest{.call = 0, .release = true}));
}

TEST_F(CallsTest, AfterStartingOverReadsWaitUntilThisTabIsWhereItWas) {
  follow();
  log();
  publish();
  log();
  wrong_digest_ = samples::id<Digest>(200);
  publish();
  query(1, Consistency::kSession);
  EXPECT_THAT(queries_, IsEmpty());
}

TEST_F(CallsTest, ReadsWaitForWhatThePageWasToldOfItsOwnAppends) {
  follow();
  log();
  for (const auto consistency : {Consistency::kSession, Consistency::kLocal}) {
    run(Query{.call = 1,
              .consistency = consistency,
              .not_before = Index{2},
              .sql = "SELECT 1",
              .params = {}});
  }
  EXPECT_THAT(queries_, IsEmpty());
  EXPECT_THAT(take_sent<RangeRequest>(), IsEmpty()) << "the entry is on its way";
  publish();
  EXPECT_THAT(queries_, SizeIs(1)) << "the same call, asked again";
}

// The welcome of its own leader can arrive after what the page was told by that leader itself.
TEST_F(CallsTest, WhatThePageKnowsFirstIsNoRollback) {
  log(std::nullopt, TermStart{});
  run(Started{});
  announce();
  log();
  run(Query{.call = 1, .not_before = Index{2}, .sql = "SELECT 1", .params = {}});
  hear(Committed{.previous = Index{1},
                 .previous_chain = chain(Index{1}),
                 .entries = {},
                 .head = Index{1},
                 .durable = Index{1},
                 .checkpoint = {},
                 .digest = std::nullopt});
  EXPECT_THAT(noted_, IsEmpty());
  hear(committed(Index{1}, Index{2}));
  EXPECT_THAT(queries_, SizeIs(1));
}

TEST_F(CallsTest, AnEntryThatThePageKnowsOfAndDoesNotComeIsAskedFor) {
  follow();
  log();
  run(Query{.call = 1, .not_before = Index{2}, .sql = "SELECT 1", .params = {}});
  advance(2 * options_.resend_interval);
  const auto asked = take_sent<ReadIndexRequest>();
  ASSERT_THAT(asked, testing::Not(IsEmpty())) << "whether the leader has it";
  hear(ReadIndex{.call = asked.back().call, .index = Index{2}});
  EXPECT_THAT(take_sent<RangeRequest>(), testing::Not(IsEmpty()));
  EXPECT_THAT(noted_, IsEmpty());
}

// Its store's data was deleted while this worker's predecessor was dead, so no worker saw it.
TEST_F(CallsTest, AnEntryThatThePageKnowsOfAndNoLeaderHasIsARollback) {
  follow();
  run(Query{.call = 1, .not_before = Index{50}, .sql = "SELECT 1", .params = {}});
  EXPECT_THAT(queries_, IsEmpty());
  advance(2 * options_.resend_interval);
  const auto asked = take_sent<ReadIndexRequest>();
  ASSERT_THAT(asked, testing::Not(IsEmpty()));
  hear(ReadIndex{.call = asked.back().call + 1, .index = Index{1}});
  EXPECT_THAT(noted_, IsEmpty()) << "the answer to another question";
  hear(ReadIndex{.call = asked.back().call, .index = Index{1}});
  ASSERT_THAT(noted_, SizeIs(1));
  EXPECT_EQ(noted_[0].kind, Noted::Kind::kRollback);
  EXPECT_THAT(queries_, SizeIs(1));
}

TEST_F(CallsTest, WhatThePageKnowsOfAHistoryThatIsGoneHoldsUpNoQuery) {
  follow();
  log();
  publish();
  apply_error_ = Error{.code = ErrorCode::kCorrupt, .message = "differs"};
  log();
  publish();
  ASSERT_THAT(noted_, SizeIs(1));
  image_index_ = head();
  hear(TransferChunk{.transfer = 5,
                     .total_bytes = 4,
                     .index = image_index_,
                     .chain = chain(image_index_),
                     .result = Bytes(4)});
  welcome();
  run(Query{.call = 1, .not_before = Index{50}, .noted = 0, .sql = "SELECT 1", .params = {}});
  EXPECT_THAT(queries_, SizeIs(1));
  run(Query{.call = 2, .not_before = Index{50}, .noted = 1, .sql = "SELECT 1", .params = {}});
  EXPECT_THAT(queries_, SizeIs(1));
}

TEST_F(CallsTest, WithoutAReplicaTheLeaderIsAskedNotBeforeWhatThisTabHasSeen) {
  options_.mode = Mode::kNone;
  replica_.emplace(kSelf, samples::schema(), options_);
  run(Started{});
  log(std::nullopt, TermStart{});
  announce();
  const auto joins = take_sent<Join>();
  ASSERT_THAT(joins, SizeIs(1));
  EXPECT_FALSE(joins[0].wants_entries);
  welcome();
  EXPECT_EQ(ready_, 1);
  append({request(1)});
  log(1);
  hear(Answers{.client = kSelf, .answers = {{.number = {1}, .result = accepted(Index{2})}}});
  EXPECT_THAT(settled_, SizeIs(1));
  query(7, Consistency::kSession);
  const auto asked = take_sent<QueryRequest>();
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(asked[0].not_before, Index{2});
  hear(QueryResult{.call = 7, .result = samples::bytes("rows")});
  ASSERT_THAT(replies_, SizeIs(1));
}

// The simulator's seed 687: it was answered from before this tab's own append.
TEST_F(CallsTest, ARefusedTabAnswersNoQueryThatMissesItsOwnAppend) {
  follow();
  append({request(1)});
  term_ = Term{term_.value + 1};
  log(std::nullopt, TermStart{});
  log(1);
  announce();
  hear(SchemaRefused{.error = {.code = ErrorCode::kSchemaTooOld, .message = "no"}});
  query(1, Consistency::kSession);
  EXPECT_THAT(queries_, SizeIs(1)) << "there is nothing yet that it must see";
  hear(Answers{.client = kSelf, .answers = {{.number = {1}, .result = accepted(head())}}});
  query(2, Consistency::kSession);
  query(3, Consistency::kLinearizable);
  EXPECT_THAT(queries_, SizeIs(1));
  ASSERT_THAT(replies_, SizeIs(2));
  EXPECT_EQ(std::get<Error>(replies_[0].result).code, ErrorCode::kSchemaTooOld);
  query(4, Consistency::kLocal);
  EXPECT_THAT(queries_, SizeIs(2));
}

// The simulator's seed 128: the page had an append answered through an earlier worker.
TEST_F(CallsTest, WithoutAReplicaACallFromBeforeTheJoinSeesTheHead) {
  options_.mode = Mode::kNone;
  replica_.emplace(kSelf, samples::schema(), options_);
  run(Started{});
  query(7, Consistency::kSession);
  log(std::nullopt, TermStart{});
  log(1);
  announce();
  welcome();
  const auto asked = take_sent<QueryRequest>();
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(asked[0].not_before, Index{2});
}

TEST_F(CallsTest, ACallThatIsNotAnsweredIsAskedAgainAndEndsInTime) {
  follow();
  run(GetStats{.call = 3});
  EXPECT_THAT(take_sent<StatsRequest>(), SizeIs(1));
  advance(options_.call_timeout + 1s);
  const auto repeated = take_sent<StatsRequest>();
  EXPECT_GE(repeated.size(), 2U);
  EXPECT_LE(repeated.size(), 6U) << "it may be slow rather than lost: less and less often";
  ASSERT_THAT(replies_, SizeIs(1));
  EXPECT_EQ(std::get<Error>(replies_[0].result).code, ErrorCode::kLeaderUnresponsive);
}

TEST_F(CallsTest, ANewLeaderIsAskedWhatTheOldOneWas) {
  follow();
  run(Checkpoint{.call = 3});
  (void)take_sent<CheckpointRequest>();
  term_ = Term{term_.value + 1};
  log(std::nullopt, TermStart{});
  announce();
  EXPECT_THAT(take_sent<CheckpointRequest>(), IsEmpty()) << "not before it is welcome";
  welcome();
  EXPECT_THAT(take_sent<CheckpointRequest>(), SizeIs(1));
  hear(tablog::CheckpointDone{.call = 3, .result = Index{2}});
  EXPECT_THAT(replies_, SizeIs(1));
}

TEST_F(CallsTest, ARangeOfTheLogTellsWhereItGoesOn) {
  follow();
  for (int i = 0; i < 4; ++i) {
    log();
    publish();
  }
  run(ReadLog{.call = 3, .from = Index{1}, .to = {}, .limit = 0});
  hear(Range{.call = 3, .result = std::vector{entries_[0], entries_[1]}, .head = head()});
  ASSERT_THAT(replies_, SizeIs(1));
  EXPECT_EQ(std::get<EntriesRead>(replies_[0].result).next, Index{3});
}

TEST_F(CallsTest, AnExportComesInChunksAndEndsWithItsIndex) {
  follow();
  run(Export{.call = 4, .kind = TransferKind::kLogExport});
  const auto chunk = [&](std::uint64_t offset) {
    hear(TransferChunk{.call = 4,
                       .transfer = 9,
                       .offset = offset,
                       .total_bytes = 20,
                       .index = Index{1},
                       .result = Bytes(10)});
  };
  chunk(0);
  chunk(0);
  EXPECT_THAT(replies_, IsEmpty());
  chunk(10);
  EXPECT_THAT(chunks_, SizeIs(2));
  ASSERT_THAT(replies_, SizeIs(1));
  EXPECT_EQ(std::get<Index>(replies_[0].result), Index{1});
}

TEST_F(CallsTest, AnExportThatTheLeaderHasLetGoOfBeginsAnew) {
  follow();
  run(Export{.call = 4, .kind = TransferKind::kLogExport});
  const auto hear_chunk = [&](std::uint64_t transfer, std::uint64_t offset,
                              std::variant<Bytes, Error> result) {
    hear(TransferChunk{.call = 4,
                       .transfer = transfer,
                       .offset = offset,
                       .total_bytes = 20,
                       .index = Index{1},
                       .result = std::move(result)});
  };
  const Error gone{.code = ErrorCode::kLeaderUnresponsive, .message = "begin again"};
  hear_chunk(9, 0, Bytes(10));
  (void)take_sent<TransferRequest>();
  hear_chunk(9, 10, gone);
  EXPECT_THAT(replies_, IsEmpty());
  const auto asked = take_sent<TransferRequest>();
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(asked[0].transfer, 0U);
  EXPECT_EQ(asked[0].offset, 0U);
  hear_chunk(10, 0, Bytes(10));
  hear_chunk(10, 10, Bytes(10));
  ASSERT_THAT(chunks_, SizeIs(3));
  EXPECT_EQ(chunks_[1].offset, 0U);
  EXPECT_THAT(replies_, SizeIs(1));
}

TEST_F(CallsTest, AnExportThatCannotBeginFails) {
  follow();
  run(Export{.call = 4, .kind = TransferKind::kLogExport});
  hear(TransferChunk{.call = 4,
                     .result = Error{.code = ErrorCode::kLeaderUnresponsive, .message = "busy"}});
  ASSERT_THAT(replies_, SizeIs(1));
  EXPECT_EQ(std::get<Error>(replies_[0].result).code, ErrorCode::kLeaderUnresponsive);
}

TEST_F(CallsTest, TabsAreThoseThatAnswerInTime) {
  follow();
  run(Tabs{.call = 5, .tabs = {kSelf, kLeader, kOther}});
  EXPECT_THAT(take_sent<TabQuery>(), SizeIs(2));
  run(Received{
      Message{.store = kStore,
              .term = term_,
              .from = {.tab = kOther, .role = Role::kReplica},
              .body = TabInfo{.call = 5, .tab = kOther, .visible = true, .applied = Index{1}}}});
  EXPECT_THAT(replies_, IsEmpty());
  advance(options_.tabs_timeout + 1s);
  ASSERT_THAT(replies_, SizeIs(1));
  EXPECT_THAT(std::get<std::vector<TabState>>(replies_[0].result), SizeIs(2));
}

TEST_F(CallsTest, AForgottenCallIsNotAnswered) {
  follow();
  query(1, Consistency::kLinearizable);
  run(Forget{.call = 1});
  hear(ReadIndex{.call = 1, .index = Index{1}});
  EXPECT_THAT(queries_, IsEmpty());
}

TEST_F(CallsTest, ASilentLeaderIsSaidToBeUnresponsive) {
  follow();
  append({request(1)});
  EXPECT_FALSE(replica_->status().leader_unresponsive);
  advance(options_.unresponsive_after + 1s);
  run(Ticked{});
  EXPECT_TRUE(replica_->status().leader_unresponsive);
}

}  // namespace
}  // namespace tablog::replica
