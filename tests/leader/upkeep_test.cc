// Checkpoints, digests, counters.
#include "tests/leader/leader_fixture.h"

namespace tablog::leader {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class UpkeepTest : public LeaderFixture {};

TEST_F(UpkeepTest, ACheckpointComesAfterSoManyEntries) {
  options_.checkpoint_entries = 5;
  leader_.emplace(kSelf, recovered(), 7, options_);
  begin();
  for (std::uint64_t n = 1; n <= 4; ++n) append(kAnna, {request(n)});
  EXPECT_EQ(checkpoints_, 1);
  append(kAnna, {request(5)});
  EXPECT_TRUE(std::ranges::any_of(log_, [](const Entry& entry) {
    const auto* mark = std::get_if<CheckpointMark>(&entry.body);
    return mark != nullptr && mark->index == Index{5};
  })) << "the log is told, with the next batch";
}

TEST_F(UpkeepTest, ACheckpointComesAfterSoManyBytesOrSoLong) {
  options_.checkpoint_bytes = 100;
  leader_.emplace(kSelf, recovered(), 7, options_);
  begin();
  append(kAnna, {request(1)});
  append(kAnna, {request(2)});
  EXPECT_GE(checkpoints_, 1);
}

TEST_F(UpkeepTest, ALongWriteAheadLogThatEarlierLeadersLeftIsCheckpointed) {
  wal_bytes_ = options_.checkpoint_wal_bytes - 1;
  begin();
  EXPECT_EQ(checkpoints_, 0);
  append(kAnna, {request(1)});
  EXPECT_EQ(checkpoints_, 0);
  ++wal_bytes_;
  append(kAnna, {request(2)});
  EXPECT_EQ(checkpoints_, 1);
}

TEST_F(UpkeepTest, AnIdleStoreIsCheckpointedOnceNotForEver) {
  begin();
  append(kAnna, {request(1)});
  advance(10min);
  EXPECT_EQ(checkpoints_, 1);
  EXPECT_THAT(log_, SizeIs(2)) << "a mark alone is not worth an entry";
}

TEST_F(UpkeepTest, ACheckpointFlushesRelaxedEntriesFirst) {
  begin();
  append(kAnna, {request(1, "good", Durability::kRelaxed)});
  receive(kAnna, CheckpointRequest{.call = 3});
  EXPECT_EQ(flushed_, Index{2});
  const auto done = take_sent_to<tablog::CheckpointDone>(kAnna);
  ASSERT_THAT(done, SizeIs(1));
  EXPECT_EQ(std::get<Index>(done[0].result), Index{2});
}

TEST_F(UpkeepTest, ManyCheckpointsLeaveOneMark) {
  begin();
  for (std::uint64_t call = 1; call <= 5; ++call) receive(kAnna, CheckpointRequest{.call = call});
  append(kAnna, {request(1)});
  EXPECT_THAT(log_, SizeIs(3));
}

TEST_F(UpkeepTest, ADisputeIsLookedIntoOncePerIndex) {
  begin();
  append(kAnna, {request(1)});
  receive(kAnna, DigestDispute{.index = Index{2}});
  receive(kBert, DigestDispute{.index = Index{2}});
  EXPECT_EQ(rechecks_, 1);
  run(DigestChecked{.matches = true});
  EXPECT_FALSE(stepped_down_);
}

TEST_F(UpkeepTest, WhoeverDisputesIsToldTheDigestsThatWereFoundSound) {
  begin();
  append(kAnna, {request(1)});
  (void)take_sent();
  receive(kAnna, DigestDispute{.index = Index{2}});
  receive(kAnna, DigestDispute{.index = Index{2}});
  const TableDigests sound{.index = Index{2}, .tables = {{"todo", samples::id<Digest>(5)}}};
  run(DigestChecked{.matches = true, .tables = sound.tables});
  EXPECT_THAT(take_sent_to<TableDigests>(kAnna), ElementsAre(sound));
  receive(kBert, DigestDispute{.index = Index{2}});
  EXPECT_THAT(take_sent_to<TableDigests>(kBert), ElementsAre(sound)) << "of this state it is known";
  EXPECT_EQ(rechecks_, 1);
  append(kAnna, {request(2)});
  receive(kAnna, DigestDispute{.index = Index{2}});
  EXPECT_EQ(rechecks_, 2) << "it is another state";
}

TEST_F(UpkeepTest, DigestsAreToldUnderTheLeaseAndBehindTheirEntries) {
  begin();
  receive(kBert,
          Join{.applied = Index{1}, .chain = chain_, .wants_entries = true, .schema = *schema_});
  (void)take_sent();
  now_.monotonic += 5s;
  lock_ = Lock::kAnswersLate;
  append(kAnna, {request(1)});
  receive(kBert, DigestDispute{.index = Index{1}});
  run(DigestChecked{.matches = true, .tables = {{"todo", samples::id<Digest>(5)}}});
  EXPECT_THAT(take_sent(), IsEmpty());
  see_locks();
  std::vector<std::size_t> kinds;
  for (const Send& send : take_sent()) {
    if (send.to == replica_of(kBert)) kinds.push_back(send.message.body.index());
  }
  const MessageBody entries = Committed{};
  const MessageBody digests = TableDigests{};
  EXPECT_THAT(kinds, ElementsAre(entries.index(), digests.index()));
}

TEST_F(UpkeepTest, ALeaderWhoseOwnDigestIsWrongStepsDownAndTellsNobodyItsDigests) {
  begin();
  receive(kAnna, DigestDispute{.index = Index{1}});
  run(DigestChecked{.matches = false, .tables = {}, .wrong = "todo"});
  EXPECT_TRUE(stepped_down_);
  EXPECT_THAT(take_sent_to<TableDigests>(kAnna), IsEmpty());
}

TEST_F(UpkeepTest, CountersTellOfBatchesRequestsAndWaits) {
  begin();
  append(kAnna, {request(1), request(2, "bad"), request(2, "bad"), request(9)});
  const Counters& counters = leader_->counters();
  EXPECT_EQ(counters.batches, 2U);  // the term start is one
  EXPECT_EQ(counters.entries, 2U);
  EXPECT_EQ(counters.requests, 4U);
  EXPECT_EQ(counters.rejections, 1U);
  EXPECT_EQ(counters.gaps, 1U);
}

TEST_F(UpkeepTest, AnIdleLeaderSetsNoTimer) {
  begin();
  advance(10min);
  run(Ticked{});
  EXPECT_FALSE(wake_at_);
}

}  // namespace
}  // namespace tablog::leader
