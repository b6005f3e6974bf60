// What is said, to whom, and how many messages it takes.
#include "tests/leader/leader_fixture.h"

namespace tablog::leader {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class PublishTest : public LeaderFixture {
 protected:
  explicit PublishTest(Options options = {}) : LeaderFixture(options) {}
  void subscribe(const ClientId& tab, bool wants_entries = true) {
    receive(tab, Join{.applied = leader_->head(),
                      .chain = chain_,
                      .wants_entries = wants_entries,
                      .schema = *schema_});
    (void)take_sent();
  }
};

TEST_F(PublishTest, AnAppendCostsOneCommittedPerSubscribedTab) {
  begin();
  subscribe(kAnna);
  append(kAnna, {request(1)});
  EXPECT_THAT(take_sent(), SizeIs(1)) << "1 AppendRequests came, 1 Committed goes";
  subscribe(kBert);
  append(kAnna, {request(2)});
  EXPECT_THAT(take_sent(), SizeIs(2)) << "and one for each further tab";
}

TEST_F(PublishTest, TheTimeFromARequestToItsAnswerIsCounted) {
  begin();
  const auto counted = [&](std::size_t at) { return leader_->counters().append_latency.at(at); };
  hold_batches_ = true;
  append(kAnna, {request(1)});
  EXPECT_EQ(counted(0), 1U) << "the fixture's clock stands still";
  append(kAnna, {request(2), request(3)});
  now_.monotonic += 5 * kLatencyUnit;
  hold_batches_ = false;
  run(BatchDue{});
  EXPECT_EQ(counted(3), 2U) << "4 units to less than 8";
  lock_ = Lock::kAnswersLate;
  now_.monotonic += 30s;
  append(kAnna, {request(4, "bad")});
  EXPECT_EQ(counted(0), 1U) << "it waits for the lease";
  now_.monotonic += 500ms;
  see_locks();
  EXPECT_EQ(counted(14), 1U) << "rejections, too";
}

TEST_F(PublishTest, ARejectionIsToldToItsTabOnly) {
  begin();
  subscribe(kAnna);
  subscribe(kBert);
  append(kAnna, {request(1, "bad")});
  const auto sent = take_sent();
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(sent[0].to, replica_of(kAnna));
}

TEST_F(PublishTest, ATabThatGetsNoEntriesIsToldByAnAnswer) {
  begin();
  subscribe(kAnna, false);
  append(kAnna, {request(1)});
  const auto sent = take_sent();
  ASSERT_THAT(sent, SizeIs(2));
  EXPECT_THAT(std::get<Committed>(sent[0].message.body).entries, IsEmpty());
  EXPECT_EQ(std::get<Committed>(sent[0].message.body).head, Index{2});
  EXPECT_TRUE(std::holds_alternative<Answers>(sent[1].message.body));
}

TEST_F(PublishTest, CommittedCarriesTheChainTheDigestAndTheEntries) {
  begin();
  subscribe(kAnna);
  const ChainHash before = chain_;
  append(kAnna, {request(1)});
  const auto told = take_sent_to<Committed>(kAnna);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].previous, Index{1});
  EXPECT_EQ(told[0].previous_chain, before);
  ASSERT_THAT(told[0].entries, SizeIs(1));
  EXPECT_EQ(extend_chain(before, *told[0].entries[0]), chain_);
  EXPECT_EQ(told[0].digest, samples::id<Digest>(2));
}

TEST_F(PublishTest, ATabThatDoesNotAcknowledgeGetsOneHeadThenNothingUntilItAsks) {
  options_.window_bytes = 300;
  leader_.emplace(kSelf, recovered(), 7, options_);
  begin();
  subscribe(kAnna);
  std::uint64_t n = 0;
  std::vector<std::size_t> entries;
  for (int i = 0; i < 6; ++i) {
    append(kBert, {request(++n)});
    for (const Committed& told : take_sent_to<Committed>(kAnna))
      entries.push_back(told.entries.size());
  }
  ASSERT_GE(entries.size(), 2U);
  EXPECT_EQ(entries.back(), 0U) << "the last word is the head";
  EXPECT_LT(entries.size(), 6U) << "then silence";
  receive(kAnna, RangeRequest{.from = Index{2}, .to = Index{n + 1}, .bytes_max = 1000});
  ASSERT_THAT(reads_, SizeIs(1));
  run(RangeSent{.to = replica_of(kAnna), .through = Index{n + 1}, .bytes = 200});
  receive(kAnna, Acknowledge{.applied = Index{n + 1}});
  append(kBert, {request(++n)});
  const auto live = take_sent_to<Committed>(kAnna);
  ASSERT_THAT(live, SizeIs(1));
  EXPECT_THAT(live[0].entries, SizeIs(1)) << "at the head again, it is fed again";
}

TEST_F(PublishTest, AJoinFarBehindIsToldTheHeadAndFedWhenItHasCaughtUp) {
  begin();
  append(kBert, {request(1), request(2)});
  receive(kAnna, Join{.applied = {}, .wants_entries = true, .schema = *schema_});
  auto told = take_sent_to<Committed>(kAnna);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].entries, IsEmpty());
  append(kBert, {request(3)});
  EXPECT_THAT(take_sent_to<Committed>(kAnna), IsEmpty());
}

TEST_F(PublishTest, ALinearizableReadIsToldWhatIsPublishedByThen) {
  begin();
  append(kAnna, {request(1)});
  (void)take_sent();
  now_.monotonic += 5s;
  lock_ = Lock::kAnswersLate;
  receive(kAnna, ReadIndexRequest{.call = 4});
  append(kBert, {request(1)});
  see_locks();
  const auto read = take_sent_to<ReadIndex>(kAnna);
  ASSERT_THAT(read, SizeIs(1));
  EXPECT_EQ(read[0].index, Index{2}) << "asked before, and told before, the second entry";
}

TEST_F(PublishTest, AQueryOfATabWithoutReplicaWaitsForItsIndexAndForTheCommit) {
  begin();
  append(kAnna, {request(1, "good", Durability::kRelaxed)});
  receive(kAnna, QueryRequest{.call = 1, .not_before = Index{2}, .sql = "SELECT 1"});
  EXPECT_EQ(committed_, Index{2}) << "its reader sees commits only: they are hastened";
  ASSERT_THAT(reads_, SizeIs(1));
  reads_.clear();
  receive(kAnna, QueryRequest{.call = 2, .not_before = Index{3}, .sql = "SELECT 1"});
  receive(kAnna, QueryRequest{.call = 2, .not_before = Index{3}, .sql = "SELECT 1"});
  EXPECT_THAT(reads_, IsEmpty());
  append(kBert, {request(1)});
  EXPECT_THAT(reads_, SizeIs(1)) << "asked twice, run once";
}

TEST_F(PublishTest, WhoeverReadsTheStateHastensItsCommit) {
  begin();
  append(kAnna, {request(1)});
  receive(kAnna, QueryRequest{.call = 1, .not_before = Index{2}, .sql = "SELECT 1"});
  EXPECT_EQ(committed_, Index{2});
  append(kAnna, {request(2)});
  receive(kAnna, TransferRequest{.call = 2, .kind = TransferKind::kSnapshot});
  EXPECT_EQ(committed_, Index{3});
  append(kAnna, {request(3)});
  receive(kAnna, CheckpointRequest{.call = 3});
  EXPECT_EQ(committed_, Index{4});
  EXPECT_THAT(reads_, SizeIs(2));
}

TEST_F(PublishTest, ReadsNeverPassWhatIsPublished) {
  begin();
  now_.monotonic += 5s;
  lock_ = Lock::kAnswersLate;
  receive(kBert, RangeRequest{.call = 1, .from = Index{1}});
  append(kAnna, {request(1)});
  see_locks();
  ASSERT_THAT(reads_, SizeIs(1));
  EXPECT_EQ(reads_[0].head, Index{1});
}

}  // namespace
}  // namespace tablog::leader
