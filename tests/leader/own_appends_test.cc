// What the leading tab's page hands to its leader itself.
#include "tests/leader/leader_fixture.h"

namespace tablog::leader {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class OwnAppendsTest : public LeaderFixture {
 protected:
  void hand(std::vector<AppendRequest> requests) { run(OwnAppends{std::move(requests)}); }

  [[nodiscard]] std::vector<std::uint64_t> told() const {
    std::vector<std::uint64_t> numbers;
    for (const Answer& answer : settled_) numbers.push_back(answer.number.value);
    return numbers;
  }
};

TEST_F(OwnAppendsTest, ThePageIsToldOfItsEntryAndSoIsItsReplica) {
  begin();
  receive(kSelf,
          Join{.applied = Index{1}, .chain = chain_, .wants_entries = true, .schema = *schema_});
  (void)take_sent();
  hand({request(1)});
  ASSERT_THAT(told(), ElementsAre(1));
  EXPECT_EQ(std::get<Accepted>(settled_[0].result).first_index, Index{2});
  EXPECT_EQ(flushed_, Index{2});
  EXPECT_THAT(take_sent_to<Committed>(kSelf), SizeIs(1));
}

// The page would ask before its replica, which may be showing the event, has heard of it.
TEST_F(OwnAppendsTest, WhatIsRejectedIsTheReplicasToTell) {
  begin();
  hand({request(1, "bad")});
  EXPECT_THAT(told(), IsEmpty());
  const auto answers = take_sent_to<Answers>(kSelf);
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(std::get<Error>(answers[0].answers.at(0).result).code, ErrorCode::kRejected);
}

TEST_F(OwnAppendsTest, WithoutALeaseThePageIsToldNothing) {
  begin();
  now_.monotonic += 5s;
  lock_ = Lock::kAnswersLate;
  hand({request(1)});
  EXPECT_EQ(flushed_, Index{2});
  EXPECT_THAT(told(), IsEmpty());
  see_locks();
  EXPECT_THAT(told(), ElementsAre(1));
}

TEST_F(OwnAppendsTest, AWriteThatFailsTellsThePageNothing) {
  begin();
  persist_error_ = Error{.code = ErrorCode::kStorageUnavailable, .message = "I/O"};
  hand({request(1), request(2, "bad")});
  EXPECT_TRUE(stepped_down_);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(OwnAppendsTest, TheReplicasRepetitionTakesNoEffect) {
  begin();
  hand({request(1)});
  append(kSelf, {request(1), request(2)});
  EXPECT_THAT(numbers_of(log_, kSelf), ElementsAre(1, 2));
  EXPECT_THAT(told(), ElementsAre(1)) << "the second went by the replica";
}

TEST_F(OwnAppendsTest, AGapIsAskedOfTheReplica) {
  begin();
  hand({request(2)});
  EXPECT_THAT(told(), IsEmpty());
  const auto gaps = take_sent_to<ResendFrom>(kSelf);
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].number, RequestNumber{1});
}

TEST_F(OwnAppendsTest, WhatItsReplicaWouldNotSendYetIsLeftToIt) {
  begin();
  AppendRequest other_schema = request(1);
  other_schema.schema_version = 2;
  hand({other_schema});
  std::vector<Event> events(1);
  events[0].args.resize(kArgumentsMax + 1);
  AppendRequest unsendable = request(1);
  unsendable.payload = events;
  hand({unsendable, request(2)});
  EXPECT_THAT(numbers_of(log_, kSelf), IsEmpty());
  EXPECT_THAT(take_sent(), IsEmpty());
}

TEST_F(OwnAppendsTest, BeforeTheTermHasBegunNothingIsTaken) {
  (void)leader_->step(now_, Started{});
  const Output output = leader_->step(now_, OwnAppends{{request(1)}});
  EXPECT_FALSE(output.execute);
  EXPECT_THAT(output.settled, IsEmpty());
}

}  // namespace
}  // namespace tablog::leader
