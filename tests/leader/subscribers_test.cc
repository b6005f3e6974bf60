#include "leader/subscribers.h"

#include "tests/leader/leader_fixture.h"

namespace tablog::leader {
namespace {

using Share = Subscribers::Share;
using Wants = Subscribers::Wants;
using Place = Subscribers::Place;
using testing::IsEmpty;
using testing::SizeIs;

class SubscribersTest : public testing::Test {
 protected:
  const Address tab_ = replica_of(kAnna);
  Subscribers subscribers_{1000};
};

TEST_F(SubscribersTest, ATabAtTheHeadGetsEntriesUntilItsWindowIsFull) {
  subscribers_.join(tab_, Wants::kEntries, Place::kAtHead, 0s);
  EXPECT_EQ(subscribers_.publish(tab_, Index{1}, 2000), Share::kEntries)
      << "the window may be passed once";
  EXPECT_EQ(subscribers_.publish(tab_, Index{2}, 1), Share::kHead);
  EXPECT_EQ(subscribers_.publish(tab_, Index{3}, 1), Share::kNothing);
}

// The simulator's seed 1727: it was told a head that it had, asked for nothing, and got nothing
// more.
TEST_F(SubscribersTest, AFullWindowIsToldByWhatFollowsAndNotByAFlush) {
  subscribers_.join(tab_, Wants::kEntries, Place::kAtHead, 0s);
  EXPECT_EQ(subscribers_.publish(tab_, Index{1}, 2000), Share::kEntries);
  EXPECT_EQ(subscribers_.publish(tab_, Index{1}, 0), Share::kNothing);
  EXPECT_EQ(subscribers_.publish(tab_, Index{2}, 10), Share::kHead);
}

TEST_F(SubscribersTest, OneBehindIsToldTheHeadAgainForEachWindowOfWhatItMisses) {
  subscribers_.join(tab_, Wants::kEntries, Place::kAtHead, 0s);
  EXPECT_EQ(subscribers_.publish(tab_, Index{1}, 2000), Share::kEntries);
  EXPECT_EQ(subscribers_.publish(tab_, Index{2}, 600), Share::kHead) << "lost on its way";
  EXPECT_EQ(subscribers_.publish(tab_, Index{3}, 600), Share::kNothing);
  EXPECT_EQ(subscribers_.publish(tab_, Index{4}, 600), Share::kHead);
  EXPECT_EQ(subscribers_.publish(tab_, Index{5}, 600), Share::kNothing);
}

TEST_F(SubscribersTest, AcknowledgementsOpenTheWindow) {
  subscribers_.join(tab_, Wants::kEntries, Place::kAtHead, 0s);
  for (std::uint64_t i = 1; i <= 50; ++i) {
    EXPECT_EQ(subscribers_.publish(tab_, Index{i}, 500), Share::kEntries);
    subscribers_.acknowledge(tab_, Index{i});
  }
}

TEST_F(SubscribersTest, OneBehindIsFedAgainWhenARangeBroughtItToTheHead) {
  subscribers_.join(tab_, Wants::kEntries, Place::kBehind, 0s);
  EXPECT_EQ(subscribers_.publish(tab_, Index{5}, 1), Share::kNothing);
  subscribers_.range_sent(tab_, Index{4}, 10, Index{5});
  EXPECT_EQ(subscribers_.publish(tab_, Index{6}, 1), Share::kNothing);
  subscribers_.range_sent(tab_, Index{6}, 10, Index{6});
  EXPECT_EQ(subscribers_.publish(tab_, Index{7}, 1), Share::kEntries);
}

TEST_F(SubscribersTest, OnlyTabsThatWantEntriesLearnTheirFateFromThem) {
  subscribers_.join(tab_, Wants::kHeads, Place::kAtHead, 0s);
  EXPECT_EQ(subscribers_.publish(tab_, Index{1}, 5000), Share::kHead);
  EXPECT_EQ(subscribers_.publish(tab_, Index{2}, 5000), Share::kHead)
      << "heads are small, whatever they tell of";
  EXPECT_FALSE(subscribers_.gets_entries(kAnna));
  EXPECT_FALSE(subscribers_.gets_entries(kBert));
}

TEST_F(SubscribersTest, TabsWhoseLockIsGoneAreDroppedUnlessTheyJoinedLater) {
  subscribers_.join(tab_, Wants::kEntries, Place::kAtHead, 2s);
  subscribers_.drop_absent({}, 1s);
  EXPECT_THAT(subscribers_.all(), SizeIs(1));
  subscribers_.drop_absent({}, 3s);
  EXPECT_THAT(subscribers_.all(), IsEmpty());
}

}  // namespace
}  // namespace tablog::leader
