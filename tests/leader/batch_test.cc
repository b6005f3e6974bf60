// From a request to the log: order, batches, flushes, and what failures leave behind.
#include "tests/leader/leader_fixture.h"

namespace tablog::leader {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class BatchTest : public LeaderFixture {
 protected:
  explicit BatchTest(Options options = {}) : LeaderFixture(options) {}
};

TEST_F(BatchTest, ATermBeginsWithAFlushedRecordBeforeAnythingIsSaid) {
  Output output = leader_->step(now_, Started{});
  ASSERT_TRUE(output.execute);
  EXPECT_THAT(output.messages, IsEmpty());
  ASSERT_THAT(output.execute->items, SizeIs(1));
  EXPECT_TRUE(std::holds_alternative<TermStart>(output.execute->items[0].bodies[0]));
}

TEST_F(BatchTest, RepliesOnlyAfterTheEntryIsDurable) {
  hold_batches_ = true;
  begin();
  append(kAnna, {request(1)});
  EXPECT_THAT(take_sent(), IsEmpty());
  Output cut = leader_->step(now_, BatchDue{});
  ASSERT_TRUE(cut.execute);
  EXPECT_THAT(cut.messages, IsEmpty());
  const Entry entry{.index = Index{2},
                    .term = leader_->term(),
                    .schema_version = 1,
                    .request = cut.execute->items[0].request,
                    .body = cut.execute->items[0].bodies[0]};
  BatchResult result;
  result.items.emplace_back(std::vector<EncodedEntry>{*encode(entry)});
  Output executed = leader_->step(now_, Executed{result});
  ASSERT_TRUE(executed.persist);
  EXPECT_TRUE(executed.persist->flush);
  EXPECT_THAT(executed.messages, IsEmpty());
  EXPECT_FALSE(executed.commit) << "the state never commits before the log is flushed";
  Output persisted = leader_->step(now_, Persisted{});
  EXPECT_THAT(persisted.messages, SizeIs(1));
}

TEST_F(BatchTest, TheStateCommitsBehindTheAnswersWhenALittleTimeHasPassed) {
  begin();
  EXPECT_EQ(committed_, Index{});
  append(kAnna, {request(1)});
  EXPECT_EQ(flushed_, Index{2});
  EXPECT_EQ(committed_, Index{});
  advance(options_.commit_delay);
  EXPECT_EQ(committed_, Index{2});
}

TEST_F(BatchTest, ASuccessorNeverHasMoreToReplayThanSoManyBatches) {
  begin();
  for (std::uint64_t n = 1; n <= 40; ++n) {
    append(kAnna, {request(n)});
    EXPECT_LT(flushed_.value - committed_.value, options_.commit_batches);
  }
  EXPECT_GE(committed_, Index{32});
}

TEST_F(BatchTest, NorThanSoManyBytes) {
  options_.commit_bytes = 1000;
  leader_.emplace(kSelf, recovered(), 7, options_);
  begin();
  AppendRequest large = request(1);
  large.payload = std::vector<Event>{
      Event{.type = "good", .args = {{.name = "x", .value = std::string(1000, 'x')}}}};
  append(kAnna, {large});
  EXPECT_EQ(committed_, Index{2});
}

TEST_F(BatchTest, ACommitThatIsDueComesBeforeTheNextBatch) {
  options_.commit_batches = 1;
  leader_.emplace(kSelf, recovered(), 7, options_);
  hold_batches_ = true;
  begin();
  append(kAnna, {request(1)});
  run(BatchDue{});
  EXPECT_EQ(committed_, Index{1});
  EXPECT_EQ(flushed_, Index{1});
  run(BatchDue{});
  EXPECT_EQ(committed_, Index{1});
  EXPECT_EQ(flushed_, Index{2});
}

TEST_F(BatchTest, TheFirstRequestDoesNotWaitAndWhatComesDuringItsFlushIsOneBatch) {
  begin();
  batches_.clear();
  hold_batches_ = true;
  append(kAnna, {request(1)});
  EXPECT_THAT(batches_, ElementsAre(1U));
  append(kAnna, {request(2)});
  append(kBert, {request(1)});
  EXPECT_THAT(batches_, ElementsAre(1U)) << "the message to oneself is not back yet";
  hold_batches_ = false;
  run(BatchDue{});
  EXPECT_THAT(batches_, ElementsAre(1U, 2U));
  append(kBert, {request(2)});
  EXPECT_THAT(batches_, ElementsAre(1U, 2U, 1U)) << "nothing is on its way any more";
}

TEST_F(BatchTest, EverythingThatQueuedUpIsOneWriteAndOneFlush) {
  hold_batches_ = true;
  begin();
  const int writes = writes_, flushes = flushes_;
  append(kAnna, {request(1), request(2)});
  append(kBert, {request(1)});
  hold_batches_ = false;
  run(BatchDue{});
  EXPECT_EQ(writes_ - writes, 1);
  EXPECT_EQ(flushes_ - flushes, 1);
  EXPECT_EQ(batches_.back(), 3U);
  EXPECT_EQ(flushed_, Index{4});
}

TEST_F(BatchTest, ABatchAlwaysArmsTheNextWhileRequestsWait) {
  options_.batch_requests_max = 2;
  leader_.emplace(kSelf, recovered(), 7, options_);
  begin();
  append(kAnna, {request(1), request(2), request(3), request(4), request(5)});
  EXPECT_THAT(numbers_of(log_, kAnna), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(batches_, ElementsAre(1, 2, 2, 1));
}

TEST_F(BatchTest, ABatchIsCutByItsBytes) {
  options_.batch_bytes_max = 1000;
  leader_.emplace(kSelf, recovered(), 7, options_);
  begin();
  std::vector<AppendRequest> requests;
  for (std::uint64_t n = 1; n <= 4; ++n) {
    AppendRequest large = request(n);
    large.payload = std::vector<Event>{
        Event{.type = "good", .args = {{.name = "x", .value = std::string(600, 'x')}}}};
    requests.push_back(large);
  }
  append(kAnna, requests);
  EXPECT_THAT(batches_, ElementsAre(1, 1, 1, 1, 1));
}

TEST_F(BatchTest, EventsOfOneRequestStandTogether) {
  begin();
  AppendRequest batch = request(1);
  batch.payload = std::vector<Event>{Event{.type = "a"}, Event{.type = "b"}, Event{.type = "c"}};
  append(kAnna, {batch, request(2)});
  ASSERT_THAT(log_, SizeIs(5));
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(log_[1 + i].request->position, i);
    EXPECT_EQ(log_[1 + i].request->count, 3U);
  }
}

TEST_F(BatchTest, ARelaxedAppendIsAnsweredUnflushedAndFlushedWithinItsBound) {
  begin();
  receive(
      kAnna,
      Join{.applied = leader_->head(), .chain = chain_, .wants_entries = true, .schema = *schema_});
  (void)take_sent();
  const int flushes = flushes_;
  append(kAnna, {request(1, "good", Durability::kRelaxed)});
  EXPECT_EQ(flushes_, flushes);
  EXPECT_EQ(committed_, Index{}) << "the state waits for the log";
  const auto told = take_sent_to<Committed>(kAnna);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].head, Index{2});
  EXPECT_EQ(told[0].durable, Index{1});
  advance(options_.relaxed_flush);
  EXPECT_EQ(flushes_, flushes + 1);
  advance(options_.commit_delay);
  EXPECT_EQ(committed_, Index{2});
  const auto durable = take_sent_to<Committed>(kAnna);
  ASSERT_THAT(durable, SizeIs(1));
  EXPECT_EQ(durable[0].durable, Index{2});
}

TEST_F(BatchTest, OneFullMemberFlushesTheBatch) {
  hold_batches_ = true;
  begin();
  append(kAnna, {request(1, "good", Durability::kRelaxed), request(2)});
  hold_batches_ = false;
  const int flushes = flushes_;
  run(BatchDue{});
  EXPECT_EQ(flushes_, flushes + 1);
  EXPECT_EQ(flushed_, Index{3});
}

TEST_F(BatchTest, AFullAppendFlushesTheRelaxedOnesBeforeIt) {
  begin();
  append(kAnna, {request(1, "good", Durability::kRelaxed)});
  EXPECT_EQ(flushed_, Index{1});
  append(kAnna, {request(2)});
  EXPECT_EQ(flushed_, Index{3});
  advance(options_.commit_delay);
  EXPECT_EQ(committed_, Index{3});
}

TEST_F(BatchTest, WithoutRoomTheBatchIsRejectedAndNothingElse) {
  begin();
  const int writes = writes_;
  reserve_error_ = Error{.code = ErrorCode::kQuotaExceeded, .message = "full"};
  append(kAnna, {request(1)});
  EXPECT_EQ(writes_, writes);
  const auto answers = take_sent_to<Answers>(kAnna);
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(std::get<Error>(answers[0].answers[0].result).code, ErrorCode::kQuotaExceeded);
  append(kAnna, {request(2)});
  EXPECT_THAT(numbers_of(log_, kAnna), ElementsAre(2));
}

TEST_F(BatchTest, AControlEntrySurvivesTheBatchThatHadNoRoom) {
  hold_batches_ = true;
  begin();
  append(kAnna, {request(1)});
  receive(kBert, Join{.wants_entries = true, .schema = schema_of(2)});
  hold_batches_ = false;
  reserve_error_ = Error{.code = ErrorCode::kQuotaExceeded, .message = "full"};
  run(BatchDue{});
  EXPECT_TRUE(std::holds_alternative<Schema>(log_.back().body));
  EXPECT_THAT(take_sent_to<Committed>(kBert), SizeIs(1)) << "the tab that brought it is welcomed";
}

TEST_F(BatchTest, AWriteThatFailsAnswersNobody) {
  hold_batches_ = true;
  begin();
  persist_error_ = Error{.code = ErrorCode::kStorageUnavailable, .message = "I/O"};
  append(kAnna, {request(1), request(2, "bad")});
  hold_batches_ = false;
  run(BatchDue{});
  ASSERT_TRUE(stepped_down_);
  EXPECT_THAT(take_sent(), IsEmpty()) << "not even the rejection: recovery may find the batch";
}

TEST_F(BatchTest, AStateThatDoesNotCommitEndsTheTerm) {
  begin();
  run(StateFailed{Error{.code = ErrorCode::kStorageUnavailable, .message = "I/O"}});
  EXPECT_TRUE(stepped_down_);
}

TEST_F(BatchTest, ARequestThatSawTwoLeadersEndRunsAlone) {
  begin();
  AppendRequest suspect = request(2);
  suspect.leader_deaths = 2;
  append(kAnna, {request(1), suspect, request(3), request(4)});
  EXPECT_THAT(batches_, ElementsAre(1, 1, 1, 2));
  EXPECT_THAT(numbers_of(log_, kAnna), ElementsAre(1, 2, 3, 4));
}

TEST_F(BatchTest, ARequestThatSawThreeLeadersEndIsRejected) {
  begin();
  AppendRequest poison = request(1);
  poison.leader_deaths = 3;
  append(kAnna, {poison, request(2)});
  EXPECT_THAT(numbers_of(log_, kAnna), ElementsAre(2));
  bool rejected = false;
  for (const Answers& answers : take_sent_to<Answers>(kAnna)) {
    for (const Answer& answer : answers.answers) {
      if (const auto* error = std::get_if<Error>(&answer.result))
        rejected = error->code == ErrorCode::kRejected;
    }
  }
  EXPECT_TRUE(rejected);
}

TEST_F(BatchTest, LeaderTimeNeverDecreasesWithinATerm) {
  begin();
  append(kAnna, {request(1)});
  now_.wall -= 1h;
  append(kAnna, {request(2)});
  EXPECT_EQ(log_[2].time_ms, log_[1].time_ms);
  EXPECT_LT(log_[2].wall_ms, log_[1].wall_ms);
}

TEST_F(BatchTest, AFullQueueDropsAndTakesThemWhenTheyAreSentAgain) {
  options_.queue_requests_max = 2;
  leader_.emplace(kSelf, recovered(), 7, options_);
  hold_batches_ = true;
  begin();
  append(kAnna, {request(1), request(2), request(3)});
  hold_batches_ = false;
  run(BatchDue{});
  EXPECT_THAT(numbers_of(log_, kAnna), ElementsAre(1, 2));
  append(kAnna, {request(3)});
  EXPECT_THAT(numbers_of(log_, kAnna), ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace tablog::leader
