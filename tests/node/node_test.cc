#include "node/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/codec.h"
#include "tests/log/samples.h"

namespace tablog::node {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

const ClientId kSelf = samples::id<ClientId>(1);
const Address kTab{.tab = samples::id<ClientId>(2), .role = Role::kReplica};

class NodeTest : public testing::Test {
 protected:
  Output step(const Input& input) { return node_.step(now_, input); }
  StorageOpened opened() const {
    return {.recovered = {.store = samples::id<StoreId>(9),
                          .generation = {},
                          .last_term = {},
                          .head = {},
                          .chain = {},
                          .checkpoint = {},
                          .schema = {},
                          .sessions = {}}};
  }
  // The batch with the term's record, as the state database would give it.
  static leader::Executed executed(const leader::Execute& execute) {
    Entry entry{
        .index = Index{1}, .term = execute.context.term, .body = execute.items[0].bodies[0]};
    BatchResult result;
    result.items.emplace_back(std::vector<EncodedEntry>{*encode(std::move(entry))});
    return {.result = std::move(result)};
  }
  // Granted, opened, the term's record written: the output of that.
  Output lead() {
    (void)step(LockGranted{});
    (void)step(
        leader::Input{leader::LocksSeen{.began = now_.monotonic, .held = true, .tabs = {kSelf}}});
    const Output started = step(opened());
    (void)step(leader::Input{executed(*started.leader.execute)});
    return step(leader::Input{leader::Persisted{}});
  }
  static std::size_t failures(const Output& output) {
    return static_cast<std::size_t>(
        std::ranges::count_if(output.leader.messages, [](const leader::Send& send) {
          return std::holds_alternative<LeaderFailed>(send.message.body);
        }));
  }

  Clock now_{.monotonic = 1h, .wall = 1'700'000'000s};
  Node node_{kSelf, 7};
};

TEST_F(NodeTest, StandsByUntilTheLockThenOpensThenLeads) {
  EXPECT_EQ(node_.state(), State::kStandby);
  const Output granted = step(LockGranted{});
  EXPECT_TRUE(granted.open_files);
  EXPECT_TRUE(granted.query_locks) << "so that the lease is there when the store is";
  EXPECT_EQ(node_.state(), State::kOpening);
  const Output started = step(opened());
  EXPECT_EQ(node_.state(), State::kLeading);
  EXPECT_TRUE(started.leader.execute);
  EXPECT_THAT(started.leader.messages, IsEmpty());
}

TEST_F(NodeTest, TheAnnouncementNeedNotWaitForASecondLookAtTheLocks) {
  const Output announced = lead();
  ASSERT_THAT(announced.leader.messages, SizeIs(1));
  EXPECT_TRUE(std::holds_alternative<Announce>(announced.leader.messages[0].message.body));
}

TEST_F(NodeTest, AStoreThatDoesNotOpenIsToldAndTriedAgain) {
  (void)step(LockGranted{});
  const Output failed =
      step(StorageFailed{.error = {.code = ErrorCode::kStorageUnavailable, .message = "no"}});
  EXPECT_EQ(failures(failed), 1U);
  EXPECT_TRUE(failed.close_files);
  ASSERT_TRUE(failed.wake_at);
  const Output asked = step(leader::Input{
      leader::Received{Message{.store = {}, .term = {}, .from = kTab, .body = Seek{}}}});
  EXPECT_EQ(failures(asked), 1U) << "who asks later is told too";
  EXPECT_EQ(asked.leader.messages[0].to, kTab);
  now_.monotonic = *failed.wake_at;
  const Output again = step(leader::Input{leader::Ticked{}});
  EXPECT_TRUE(again.open_files);
  (void)step(opened());
  EXPECT_EQ(node_.state(), State::kLeading);
}

TEST_F(NodeTest, OneThatIsTooOldLeavesTheLockToANewerTab) {
  (void)step(LockGranted{});
  const Output failed =
      step(StorageFailed{.error = {.code = ErrorCode::kNewerFormat, .message = "no"}});
  now_.monotonic = *failed.wake_at;
  const Output released = step(leader::Input{leader::Ticked{}});
  EXPECT_TRUE(released.release_lock);
  EXPECT_FALSE(released.open_files);
  EXPECT_EQ(node_.state(), State::kStandby);
}

TEST_F(NodeTest, ALostLockClosesTheFiles) {
  (void)lead();
  const Output lost = step(LockLost{});
  EXPECT_TRUE(lost.close_files);
  EXPECT_TRUE(lost.release_lock);
  EXPECT_EQ(node_.state(), State::kStandby);
  EXPECT_EQ(node_.leader(), nullptr);
}

TEST_F(NodeTest, WhatIsOpenedAfterTheLockWasLostIsNotLed) {
  (void)step(LockGranted{});
  (void)step(LockLost{});
  EXPECT_FALSE(step(opened()).leader.execute);
  EXPECT_EQ(node_.state(), State::kStandby);
}

TEST_F(NodeTest, ALeaderThatStepsDownSaysNothingMoreAndReleases) {
  (void)lead();
  const Output down =
      step(leader::Input{leader::LocksSeen{.began = now_.monotonic, .held = false, .tabs = {}}});
  EXPECT_THAT(down.leader.messages, IsEmpty());
  EXPECT_TRUE(down.close_files);
  EXPECT_TRUE(down.release_lock);
  EXPECT_TRUE(down.failed);
  EXPECT_EQ(node_.state(), State::kStandby);
}

TEST_F(NodeTest, OneThatCannotBeginItsTermWaitsBeforeItTriesAgain) {
  (void)step(LockGranted{});
  const Output started = step(opened());
  (void)step(leader::Input{executed(*started.leader.execute)});
  const Output failed = step(leader::Input{
      leader::PersistFailed{{.code = ErrorCode::kStorageUnavailable, .message = "no"}}});
  EXPECT_EQ(node_.state(), State::kFailed);
  EXPECT_EQ(failures(failed), 1U);
  EXPECT_TRUE(failed.close_files);
  EXPECT_FALSE(failed.release_lock) << "granted again at once, it would spin";
  EXPECT_TRUE(failed.wake_at);
}

TEST_F(NodeTest, AdoptsAnotherGenerationWithTheLockHeld) {
  EXPECT_FALSE(step(Adopt{Generation{4}}).open_files);  // who does not lead has nothing to say
  (void)lead();
  const Output output = step(Adopt{Generation{4}});
  EXPECT_TRUE(output.close_files);
  EXPECT_TRUE(output.open_files);
  EXPECT_FALSE(output.release_lock);
  EXPECT_EQ(output.adopt, Generation{4});
  EXPECT_EQ(output.state, State::kOpening);
  EXPECT_THAT(output.leader.messages, IsEmpty());
  EXPECT_EQ(step(opened()).state, State::kLeading);
}

}  // namespace
}  // namespace tablog::node
