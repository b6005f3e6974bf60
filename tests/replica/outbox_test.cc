#include "replica/outbox.h"

#include "tests/replica/replica_fixture.h"

namespace tablog::replica {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class OutboxTest : public testing::Test {
 protected:
  std::vector<std::uint64_t> take(Outbox::Limits limits = {.requests_max = 100,
                                                           .bytes_max = 1U << 20U}) {
    std::vector<std::uint64_t> numbers;
    last_ = outbox_.take_unsent(1s, limits);
    for (const AppendRequest& each : last_) numbers.push_back(each.number.value);
    return numbers;
  }
  Outbox outbox_;
  std::vector<AppendRequest> last_;
};

TEST_F(OutboxTest, SendsInOrderAndOnce) {
  outbox_.add(request(1));
  outbox_.add(request(2));
  EXPECT_THAT(take(), ElementsAre(1, 2));
  EXPECT_THAT(take(), IsEmpty());
  outbox_.add(request(3));
  EXPECT_THAT(take(), ElementsAre(3));
}

TEST_F(OutboxTest, WhatThePageHasHandedToTheLeaderItselfIsNotSentUntilItIsAskedFor) {
  outbox_.add(request(1), 1s);
  outbox_.add(request(2));
  EXPECT_THAT(take(), ElementsAre(2));
  EXPECT_EQ(outbox_.oldest_sent(), 1s);
  outbox_.resend_from({1});
  EXPECT_THAT(take(), ElementsAre(1, 2));
  outbox_.leader_changed();
  EXPECT_THAT(take(), ElementsAre(1, 2));
  EXPECT_EQ(last_[0].leader_deaths, 1U);
}

// Its entry can be applied here before the page's message arrives: nothing tells of it then.
TEST_F(OutboxTest, WhatThePageHasSettledHoldsBackNothing) {
  outbox_.add(request(1), 1s);
  outbox_.add(request(2, 1));
  EXPECT_THAT(take(), ElementsAre(2));
  outbox_.accepted({2}, Accepted{.first_index = Index{5}});
  EXPECT_THAT(outbox_.applied(Index{5}), SizeIs(1));
  EXPECT_EQ(outbox_.size(), 0U);
}

TEST_F(OutboxTest, AMessageIsBoundedInRequestsAndBytes) {
  for (std::uint64_t n = 1; n <= 5; ++n) outbox_.add(request(n));
  EXPECT_THAT(take({.requests_max = 2, .bytes_max = 1U << 20U}), ElementsAre(1, 2));
  EXPECT_THAT(take({.requests_max = 100, .bytes_max = 1}), ElementsAre(3)) << "one at least";
  EXPECT_THAT(take(), ElementsAre(4, 5));
}

TEST_F(OutboxTest, ARepetitionOfThePageChangesNothing) {
  outbox_.add(request(1));
  EXPECT_THAT(take(), ElementsAre(1));
  outbox_.add(request(1));
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(OutboxTest, WhatWasNotSentIsWithdrawnByAVoidInItsPlace) {
  outbox_.add(request(1));
  AppendRequest withdrawal = request(1);
  withdrawal.payload = Void{};
  outbox_.add(withdrawal);
  EXPECT_THAT(take(), ElementsAre(1));
  EXPECT_TRUE(std::holds_alternative<Void>(last_[0].payload));
}

TEST_F(OutboxTest, WhatWasSentCannotBeWithdrawn) {
  outbox_.add(request(1));
  EXPECT_THAT(take(), ElementsAre(1));
  AppendRequest withdrawal = request(1);
  withdrawal.payload = Void{};
  outbox_.add(withdrawal);
  outbox_.resend_all();
  EXPECT_THAT(take(), ElementsAre(1));
  EXPECT_FALSE(std::holds_alternative<Void>(last_[0].payload));
}

TEST_F(OutboxTest, AGapThatOnlyRejectionsLeftIsClosedByVoids) {
  for (std::uint64_t n = 1; n <= 3; ++n) outbox_.add(request(n));
  EXPECT_THAT(take(), ElementsAre(1, 2, 3));
  EXPECT_TRUE(
      outbox_.rejected(RequestNumber{1}, Error{.code = ErrorCode::kRejected, .message = "no"}));
  EXPECT_TRUE(
      outbox_.rejected(RequestNumber{2}, Error{.code = ErrorCode::kRejected, .message = "no"}));
  outbox_.leader_changed();
  EXPECT_THAT(take(), ElementsAre(3));
  outbox_.resend_from(RequestNumber{1});  // the new leader has never heard of 1 and 2
  EXPECT_THAT(take(), ElementsAre(1, 2, 3));
  EXPECT_TRUE(std::holds_alternative<Void>(last_[0].payload));
  outbox_.accepted(RequestNumber{1}, Accepted{.first_index = {7}, .voided = true});
  outbox_.accepted(RequestNumber{2}, Accepted{.first_index = {8}, .voided = true});
  outbox_.accepted(RequestNumber{3}, Accepted{.first_index = {9}});
  const auto settled = outbox_.applied(Index{9});
  ASSERT_THAT(settled, SizeIs(1)) << "the page has the fate of 1 and 2 already";
  EXPECT_EQ(settled[0].number, RequestNumber{3});
}

// The simulator's seed 120: asked for it, the outbox sent what is behind it, and was asked again at
// once, without end.
TEST_F(OutboxTest, AGapBehindWhatWaitsToBeAppliedIsClosedToo) {
  for (std::uint64_t n = 1; n <= 2; ++n) outbox_.add(request(n));
  EXPECT_THAT(take(), ElementsAre(1, 2));
  outbox_.accepted(RequestNumber{1}, Accepted{.first_index = {7}});
  EXPECT_TRUE(
      outbox_.rejected(RequestNumber{2}, Error{.code = ErrorCode::kRejected, .message = "no"}));
  outbox_.leader_changed();
  outbox_.add(request(3));
  EXPECT_THAT(take(), ElementsAre(3));
  outbox_.resend_from(RequestNumber{2});  // the new leader has never heard of 2
  EXPECT_THAT(take(), ElementsAre(2, 3));
  EXPECT_TRUE(std::holds_alternative<Void>(last_[0].payload));
}

TEST_F(OutboxTest, AfterTwoDeathsOneAtATime) {
  for (std::uint64_t n = 1; n <= 3; ++n) outbox_.add(request(n));
  EXPECT_THAT(take(), ElementsAre(1, 2, 3));
  outbox_.leader_changed();
  EXPECT_THAT(take(), ElementsAre(1, 2, 3));
  EXPECT_EQ(last_[0].leader_deaths, 1U);
  outbox_.leader_changed();
  EXPECT_THAT(take(), ElementsAre(1));
  EXPECT_THAT(take(), IsEmpty()) << "not before the fate of the first is known";
  outbox_.accepted(RequestNumber{1}, Accepted{.first_index = {5}});
  EXPECT_THAT(take(), ElementsAre(2));
  (void)outbox_.rejected(RequestNumber{2}, Error{});
  EXPECT_THAT(take(), ElementsAre(3));
}

TEST_F(OutboxTest, SettlesInOrderAndOnlyWhatIsApplied) {
  for (std::uint64_t n = 1; n <= 3; ++n) outbox_.add(request(n));
  outbox_.accepted(RequestNumber{2}, Accepted{.first_index = {6}});
  EXPECT_THAT(outbox_.applied(Index{9}), IsEmpty()) << "the fate of 1 is not known";
  outbox_.accepted(RequestNumber{1}, Accepted{.first_index = {5}});
  EXPECT_THAT(outbox_.applied(Index{5}), SizeIs(1));
  EXPECT_THAT(outbox_.applied(Index{6}), SizeIs(1));
}

TEST_F(OutboxTest, AProbeSendsTheLastAndSomeOfTheFirst) {
  for (std::uint64_t n = 1; n <= 1000; ++n) outbox_.add(request(n));
  EXPECT_THAT(take({.requests_max = 2000, .bytes_max = 1U << 30U}), SizeIs(1000));
  outbox_.resend_probe();
  const auto numbers = take({.requests_max = 2000, .bytes_max = 1U << 30U});
  EXPECT_LT(numbers.size(), 500U);
  EXPECT_EQ(numbers.front(), 1U);
  EXPECT_EQ(numbers.back(), 1000U);
}

TEST_F(OutboxTest, WhenTheStoreIsLostTheOutcomeIsUnknownForWhatWasSent) {
  outbox_.add(request(1));
  EXPECT_THAT(take(), ElementsAre(1));
  outbox_.add(request(2));
  const auto settled = outbox_.fail_all(Error{.code = ErrorCode::kCorrupt, .message = "no"});
  ASSERT_THAT(settled, SizeIs(2));
  EXPECT_EQ(settled[0].outcome, Outcome::kUnknown);
  EXPECT_EQ(settled[1].outcome, Outcome::kNone);
}

}  // namespace
}  // namespace tablog::replica
