// Exclusive use of the log by a tab whose transaction was in conflict again and again.
#include "tests/leader/leader_fixture.h"

namespace tablog::leader {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ExclusiveTest : public LeaderFixture {
 protected:
  void ask(const ClientId& tab, std::uint64_t call) {
    receive(tab, ExclusiveRequest{.call = call});
  }
  void give_back(const ClientId& tab) {
    receive(tab, ExclusiveRequest{.call = 0, .release = true});
  }
  [[nodiscard]] std::vector<std::uint64_t> numbers(const ClientId& client) const {
    return numbers_of(log_, client);
  }
};

AppendRequest transaction(std::uint64_t number) {
  AppendRequest request = leader::request(number);
  request.reads = {ReadGuard{.sql = "SELECT 1"}};
  return request;
}

TEST_F(ExclusiveTest, OthersWaitUntilTheTransactionHasHadItsTurn) {
  begin();
  ask(kAnna, 7);
  EXPECT_THAT(take_sent_to<ReadIndex>(kAnna), ElementsAre(ReadIndex{.call = 7, .index = Index{1}}));
  append(kBert, {request(1)});
  EXPECT_THAT(numbers(kBert), IsEmpty());
  append(kAnna, {request(1), transaction(2)});
  EXPECT_THAT(numbers(kAnna), ElementsAre(1, 2));
  EXPECT_THAT(numbers(kBert), ElementsAre(1));
  EXPECT_GT(log_.back().index, Index{3}) << "Bert's came last";
}

TEST_F(ExclusiveTest, TheGrantTellsOfAllThatWasTakenBefore) {
  hold_batches_ = true;
  begin();
  Output cut = leader_->step(
      now_, Received{Message{.store = kStore,
                             .term = leader_->term(),
                             .from = replica_of(kBert),
                             .body = AppendRequests{.client = kBert, .requests = {request(1)}}}});
  if (!cut.execute) cut = leader_->step(now_, BatchDue{});
  ASSERT_TRUE(cut.execute);
  const Output asked = leader_->step(now_, Received{Message{.store = kStore,
                                                            .term = leader_->term(),
                                                            .from = replica_of(kAnna),
                                                            .body = ExclusiveRequest{.call = 7}}});
  EXPECT_THAT(asked.messages, IsEmpty()) << "not while a batch is on its way";
}

TEST_F(ExclusiveTest, IsOverAfterItsTime) {
  begin();
  ask(kAnna, 7);
  append(kBert, {request(1)});
  advance(options_.exclusive - 1ms);
  EXPECT_THAT(numbers(kBert), IsEmpty());
  advance(1ms);
  EXPECT_THAT(numbers(kBert), ElementsAre(1));
}

TEST_F(ExclusiveTest, IsOverWhenItIsGivenBack) {
  begin();
  ask(kAnna, 7);
  append(kBert, {request(1)});
  give_back(kAnna);
  EXPECT_THAT(numbers(kBert), ElementsAre(1));
}

TEST_F(ExclusiveTest, IsOverWhenItsTabHasGone) {
  begin();
  ask(kAnna, 7);
  append(kBert, {request(1)});
  advance(1ms);
  tabs_.erase(kAnna);
  see_locks();
  EXPECT_THAT(numbers(kBert), ElementsAre(1));
}

TEST_F(ExclusiveTest, OneTabAfterTheOther) {
  begin();
  ask(kAnna, 7);
  ask(kBert, 8);
  EXPECT_THAT(take_sent_to<ReadIndex>(kBert), IsEmpty());
  append(kAnna, {transaction(1)});
  EXPECT_THAT(take_sent_to<ReadIndex>(kBert), ElementsAre(ReadIndex{.call = 8, .index = Index{2}}));
  append(kAnna, {request(2)});
  EXPECT_THAT(numbers(kAnna), ElementsAre(1));
  append(kBert, {transaction(1)});
  EXPECT_THAT(numbers(kAnna), ElementsAre(1, 2));
}

TEST_F(ExclusiveTest, AnAnswerThatWasLostIsGivenAgain) {
  begin();
  ask(kAnna, 7);
  std::ignore = take_sent();
  ask(kAnna, 7);
  EXPECT_THAT(take_sent_to<ReadIndex>(kAnna), SizeIs(1));
}

TEST_F(ExclusiveTest, RequestsOfOneSessionStayInOrderAroundIt) {
  begin();
  ask(kAnna, 7);
  append(kBert, {request(1), request(2)});
  append(kAnna, {transaction(1)});
  append(kBert, {request(3)});
  EXPECT_THAT(numbers(kBert), ElementsAre(1, 2, 3));
}

TEST_F(ExclusiveTest, NobodyWaitsWithoutEnd) {
  begin();
  for (std::uint64_t call = 1; call <= 3; ++call) {
    ask(kAnna, call);
    append(kBert, {request(call)});
    advance(options_.exclusive);
  }
  EXPECT_THAT(numbers(kBert), ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace tablog::leader
