// Who may follow this log, and with which schema.
#include "tests/leader/leader_fixture.h"

namespace tablog::leader {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class JoinTest : public LeaderFixture {
 protected:
  Join join(Schema schema) { return Join{.wants_entries = true, .schema = std::move(schema)}; }
  Join join_at_head(Schema schema) {
    Join at_head = join(std::move(schema));
    at_head.applied = Index{log_.size()};
    at_head.chain = chain_;
    return at_head;
  }
  static Schema any(std::string engine = "3.54.1") { return {.engine = std::move(engine)}; }
  std::size_t schemas() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        log_, [](const Entry& entry) { return std::holds_alternative<Schema>(entry.body); }));
  }
};

TEST_F(JoinTest, TheFirstSchemaBecomesAnEntryAndItsTabIsWelcome) {
  schema_.reset();
  leader_.emplace(kSelf, recovered(), 7, options_);
  begin();
  receive(kAnna, join(schema_of(1)));
  EXPECT_EQ(schemas(), 1U);
  const auto welcome = take_sent_to<Committed>(kAnna);
  ASSERT_THAT(welcome, SizeIs(1));
  EXPECT_EQ(welcome[0].head, Index{2});
}

TEST_F(JoinTest, TabsThatBringTheSameSchemaAtOnceMakeOneEntry) {
  schema_.reset();
  leader_.emplace(kSelf, recovered(), 7, options_);
  begin();
  hold_batches_ = true;
  receive(kAnna, join(schema_of(1)));
  receive(kBert, join(schema_of(1)));
  receive(kAnna, join(schema_of(1)));
  hold_batches_ = false;
  run(BatchDue{});
  EXPECT_EQ(schemas(), 1U);
  std::set<ClientId> welcome;
  for (const Send& send : take_sent()) {
    if (send.to && std::holds_alternative<Committed>(send.message.body))
      welcome.insert(send.to->tab);
  }
  EXPECT_EQ(welcome, (std::set<ClientId>{kAnna, kBert}));
}

TEST_F(JoinTest, OfTwoTextsForOneVersionTheFirstWins) {
  schema_.reset();
  leader_.emplace(kSelf, recovered(), 7, options_);
  begin();
  Schema other = schema_of(1);
  other.materializers.push_back({.type = "other", .sql = "SELECT 1"});
  hold_batches_ = true;
  receive(kAnna, join(schema_of(1)));
  receive(kBert, join(other));
  hold_batches_ = false;
  run(BatchDue{});
  EXPECT_EQ(schemas(), 1U);
  const auto refused = take_sent_to<SchemaRefused>(kBert);
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].error.code, ErrorCode::kSchemaConflict);
}

TEST_F(JoinTest, TheSameSchemaIsWelcomeAtOnce) {
  begin();
  receive(kAnna, join(*schema_));
  EXPECT_THAT(take_sent_to<Committed>(kAnna), SizeIs(1));
  EXPECT_EQ(schemas(), 0U);
}

TEST_F(JoinTest, AnOlderVersionIsAskedToReload) {
  schema_ = schema_of(3);
  leader_.emplace(kSelf, recovered(), 7, options_);
  begin();
  receive(kAnna, join(schema_of(2)));
  const auto refused = take_sent_to<SchemaRefused>(kAnna);
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].error.code, ErrorCode::kSchemaTooOld);
}

TEST_F(JoinTest, AnotherEngineIsRefusedEvenWithANewerSchema) {
  begin();
  Schema schema = schema_of(2);
  schema.engine = "3.50.0";
  receive(kAnna, join(schema));
  const auto refused = take_sent_to<SchemaRefused>(kAnna);
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].error.code, ErrorCode::kEngineTooOld);
}

TEST_F(JoinTest, AMigrationThatFailsRefusesItsTabOnly) {
  begin();
  Schema broken = schema_of(2);
  broken.migrations.clear();  // the fixture's state rejects it
  receive(kAnna, join(broken));
  EXPECT_THAT(take_sent_to<SchemaRefused>(kAnna), SizeIs(1));
  receive(kBert, join(schema_of(1)));
  EXPECT_THAT(take_sent_to<Committed>(kBert), SizeIs(1));
  EXPECT_FALSE(stepped_down_);
}

TEST_F(JoinTest, TabsOfTheSchemaThatIsReplacedAreToldToReloadAndGetNoEntries) {
  begin();
  receive(kBert, join(schema_of(1)));
  (void)take_sent();
  receive(kAnna, join(schema_of(2)));
  std::vector<ErrorCode> refused;
  for (const Send& send : take_sent()) {
    if (send.to != replica_of(kBert)) continue;
    EXPECT_FALSE(std::holds_alternative<Committed>(send.message.body));
    if (const auto* told = std::get_if<SchemaRefused>(&send.message.body))
      refused.push_back(told->error.code);
  }
  EXPECT_THAT(refused, testing::ElementsAre(ErrorCode::kSchemaTooOld));
  append(kBert, {request(1)});  // the older version's: the state judges it
  const auto answers = take_sent_to<Answers>(kBert);
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_TRUE(std::holds_alternative<Accepted>(answers[0].answers.at(0).result));
}

TEST_F(JoinTest, ANewerEngineBringsItsSchemaAgainAndOlderOnesAreRefused) {
  begin();
  Recovered newer = recovered();
  newer.engine = "9.0.0";
  restart(newer);
  receive(kBert, join(schema_of(1)));
  (void)take_sent();
  Schema schema = schema_of(1);
  schema.engine = "9.0.0";
  receive(kAnna, join(schema));
  EXPECT_EQ(schemas(), 1U);
  const auto refused = take_sent_to<SchemaRefused>(kBert);
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].error.code, ErrorCode::kEngineTooOld);
}

// ---- a tab without a schema of its own

TEST_F(JoinTest, ATabThatFollowsAnySchemaIsWelcomeWhicheverTheLogHas) {
  schema_ = schema_of(3);
  restart(recovered());
  receive(kAnna, join(any()));
  EXPECT_THAT(take_sent_to<Committed>(kAnna), SizeIs(1));
  EXPECT_EQ(schemas(), 0U);
}

TEST_F(JoinTest, WhereTheLogHasNoSchemaYetATabThatFollowsAnyBringsNoneAndGetsTheFirst) {
  schema_.reset();
  restart(recovered());
  receive(kBert, join_at_head(any()));
  const auto welcome = take_sent_to<Committed>(kBert);
  ASSERT_THAT(welcome, SizeIs(1));
  EXPECT_EQ(welcome[0].head, Index{1});
  EXPECT_EQ(schemas(), 0U);
  receive(kAnna, join(schema_of(1)));
  EXPECT_EQ(schemas(), 1U);
  const auto first = take_sent_to<Committed>(kBert);
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].head, Index{2});
}

TEST_F(JoinTest, ATabThatFollowsAnySchemaGetsTheNewerOneThatRefusesTheOthers) {
  begin();
  receive(kBert, join_at_head(any()));
  receive(kSelf, join_at_head(schema_of(1)));
  (void)take_sent();
  receive(kAnna, join(schema_of(2)));
  std::size_t entries = 0;
  for (const Send& send : take_sent()) {
    const bool refused = std::holds_alternative<SchemaRefused>(send.message.body);
    EXPECT_EQ(refused, send.to == replica_of(kSelf));
    const auto* committed = std::get_if<Committed>(&send.message.body);
    if (committed && send.to == replica_of(kBert)) entries += committed->entries.size();
  }
  EXPECT_EQ(entries, 1U);
  append(kAnna, {request(1)});
  EXPECT_THAT(take_sent_to<Committed>(kBert), SizeIs(1));
}

TEST_F(JoinTest, ATabThatFollowsAnySchemaIsHeldAgainstTheLeadersEngine) {
  Recovered newer = recovered();
  newer.engine = "9.0.0";  // the log names an older one yet
  restart(newer);
  receive(kAnna, join(any("9.0.0")));
  EXPECT_THAT(take_sent_to<Committed>(kAnna), SizeIs(1));
  receive(kBert, join(any()));
  const auto refused = take_sent_to<SchemaRefused>(kBert);
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].error.code, ErrorCode::kEngineTooOld);
}

// ---- a schema that has the state made anew

class UpgradeTest : public JoinTest {
 protected:
  UpgradeTest() {
    begin();
    upgraded_ = schema_of(2);
    upgraded_.flags = kSchemaRebuilds;
    receive(kAnna, join(upgraded_));
  }
  Schema upgraded_;
};

TEST_F(UpgradeTest, TheStateIsMadeFirstAndTheEntryIsAlone) {
  EXPECT_EQ(anew_, upgraded_);
  EXPECT_EQ(schemas(), 0U);
  append(kBert, {request(1)});  // others go on meanwhile
  run(AnewAdvanced{.done = 1, .total = 2});
  const auto working = take_sent_to<Working>(kAnna);
  ASSERT_THAT(working, SizeIs(1));
  EXPECT_EQ(working[0].total, 2U);
  batches_.clear();
  run(AnewAdvanced{.finished = true});
  EXPECT_EQ(schemas(), 1U);
  EXPECT_THAT(batches_, testing::ElementsAre(1U));
  EXPECT_EQ(std::get<Schema>(log_.back().body).flags, kSchemaRebuilds);
  EXPECT_THAT(take_sent_to<Committed>(kAnna), SizeIs(1));
}

TEST_F(UpgradeTest, TabsThatBringItMeanwhileAreAllWelcome) {
  receive(kBert, join(upgraded_));
  receive(kAnna, join(upgraded_));
  receive(kSelf, join(schema_of(3)));  // yet another has to ask again
  (void)take_sent();
  run(AnewAdvanced{.finished = true});
  std::multiset<ClientId> welcome;
  for (const Send& send : take_sent()) {
    if (send.to && std::holds_alternative<Committed>(send.message.body))
      welcome.insert(send.to->tab);
  }
  EXPECT_EQ(welcome, (std::multiset<ClientId>{kAnna, kBert}));
  receive(kSelf, join(schema_of(3)));
  EXPECT_EQ(schemas(), 2U);
}

TEST_F(UpgradeTest, ATabThatFollowsAnySchemaDoesNotWaitForIt) {
  receive(kBert, join(any()));
  EXPECT_THAT(take_sent_to<Committed>(kBert), SizeIs(1));
}

TEST_F(UpgradeTest, WhatStandsInItsWayRefusesItsTabsAndChangesNothing) {
  run(AnewFailed{{.code = ErrorCode::kUnknownEvent, .message = "gone", .index = Index{7}}});
  const auto refused = take_sent_to<SchemaRefused>(kAnna);
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].error.code, ErrorCode::kUnknownEvent);
  EXPECT_EQ(schemas(), 0U);
  run(AnewAdvanced{.finished = true});  // of what was let go
  EXPECT_EQ(schemas(), 0U);
}

TEST_F(JoinTest, AFirstSchemaHasNothingToMakeAnew) {
  schema_.reset();
  leader_.emplace(kSelf, recovered(), 7, options_);
  begin();
  Schema first = schema_of(1);
  first.flags = kSchemaRebuilds;
  receive(kAnna, join(first));
  EXPECT_FALSE(anew_);
  EXPECT_EQ(schemas(), 1U);
  EXPECT_EQ(std::get<Schema>(log_.back().body).flags, 0U);
}

// The simulator's seed 1781: site data was deleted, and the announcement of the new store was lost.
TEST_F(JoinTest, ATabThatSeeksAStoreThatIsGoneIsToldOfThisOne) {
  begin();
  run(Received{Message{.store = samples::id<StoreId>(77),
                       .term = Term{leader_->term().value + 5},
                       .from = replica_of(kAnna),
                       .body = Seek{}}});
  EXPECT_THAT(take_sent_to<Announce>(kAnna), SizeIs(1));
}

TEST_F(JoinTest, WhatIsOfAnotherStoreOrTermIsDropped) {
  begin();
  const auto from = [&](StoreId store, Term term, MessageBody body) {
    run(Received{
        Message{.store = store, .term = term, .from = replica_of(kAnna), .body = std::move(body)}});
  };
  from(samples::id<StoreId>(77), leader_->term(),
       AppendRequests{.client = kAnna, .requests = {request(1)}});
  from(kStore, Term{leader_->term().value - 1},
       AppendRequests{.client = kAnna, .requests = {request(1)}});
  EXPECT_THAT(log_, SizeIs(1));
  EXPECT_THAT(take_sent(), IsEmpty());
  EXPECT_EQ(leader_->counters().dropped_messages, 2U);
  from(kStore, Term{}, Seek{});
  EXPECT_THAT(take_sent_to<Announce>(kAnna), SizeIs(1)) << "who seeks knows no term yet";
}

}  // namespace
}  // namespace tablog::leader
