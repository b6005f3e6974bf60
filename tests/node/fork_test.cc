// A leader whose process is stopped: who takes its place, when, and when not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/node.h"
#include "tests/log/samples.h"

namespace tablog::node {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

const ClientId kSelf = samples::id<ClientId>(1);
const ClientId kLeader = samples::id<ClientId>(2);
const ClientId kOther = samples::id<ClientId>(3);

class ForkTest : public testing::Test {
 protected:
  Output step(const Input& input) { return node_.step(now_, input); }
  Output tick_at(std::chrono::microseconds when) {
    now_.monotonic = when;
    return step(leader::Input{leader::Ticked{}});
  }
  Output see(std::optional<ClientId> holder) {
    return step(leader::Input{leader::LocksSeen{
        .began = now_.monotonic, .held = holder == kSelf, .tabs = {}, .holder = holder}});
  }
  Output hear(const ClientId& tab, MessageBody body, Role role = Role::kReplica) {
    return step(leader::Input{leader::Received{Message{
        .store = {}, .term = {}, .from = {.tab = tab, .role = role}, .body = std::move(body)}}});
  }
  static StorageFailed held() {
    return {.error = {.code = ErrorCode::kStorageUnavailable, .message = "held"}};
  }
  // Suspected, alone in forking, and the holder asked for a sign of life.
  Output look() {
    EXPECT_TRUE(step(Suspected{}).ask_fork_lock);
    EXPECT_TRUE(step(ForkLock{.granted = true}).query_locks);
    return see(kLeader);
  }
  // No sign of life came: the lock is stolen, and granted.
  Output steal() {
    const Output looked = look();
    EXPECT_TRUE(tick_at(*looked.wake_at).steal_lock);
    return step(LockGranted{});
  }

  Options options_;
  Clock now_{.monotonic = 1h, .wall = 1'700'000'000s};
  Node node_{kSelf, 7};
};

TEST_F(ForkTest, BothWorkersOfTheHoldersTabAreAskedForASignOfLife) {
  const Output looked = look();
  ASSERT_THAT(looked.leader.messages, SizeIs(2));
  EXPECT_EQ(looked.leader.messages[0].to, (Address{.tab = kLeader, .role = Role::kReplica}));
  EXPECT_EQ(looked.leader.messages[1].to, (Address{.tab = kLeader, .role = Role::kLeader}));
  EXPECT_FALSE(looked.steal_lock);
}

TEST_F(ForkTest, AnyWordOfThatTabEndsTheAttempt) {
  const auto until = look().wake_at;
  EXPECT_FALSE(hear(kOther, TabInfo{}).release_fork_lock) << "of another tab";
  EXPECT_TRUE(hear(kLeader, TabInfo{}).release_fork_lock);
  EXPECT_FALSE(tick_at(*until).steal_lock);
  EXPECT_EQ(node_.state(), State::kStandby);
}

TEST_F(ForkTest, TheFilesAreOpenedWhenTheLeaseOfTheOldLeaderIsOver) {
  const Output granted = steal();
  EXPECT_FALSE(granted.open_files);
  ASSERT_TRUE(granted.wake_at);
  EXPECT_GE(*granted.wake_at, now_.monotonic + options_.leader.lease);
  EXPECT_FALSE(tick_at(*granted.wake_at - 1ms).open_files);
  const Output open = tick_at(*granted.wake_at);
  EXPECT_TRUE(open.open_files);
  EXPECT_TRUE(open.fork);
}

TEST_F(ForkTest, WhoFindsTheForkLockTakenLeavesItToThatTab) {
  (void)step(Suspected{});
  const Output refused = step(ForkLock{.granted = false});
  EXPECT_FALSE(refused.query_locks);
  EXPECT_FALSE(refused.release_fork_lock);
  EXPECT_TRUE(step(Suspected{}).ask_fork_lock) << "and asks again, should that one die";
}

TEST_F(ForkTest, ALockThatIsOnItsWayIsNotStolen) {
  (void)step(Suspected{});
  (void)step(ForkLock{.granted = true});
  EXPECT_TRUE(see(std::nullopt).release_fork_lock);
  (void)look();
  const Output granted = step(LockGranted{});
  EXPECT_TRUE(granted.release_fork_lock);
  EXPECT_TRUE(granted.open_files);
  EXPECT_FALSE(granted.fork);
}

TEST_F(ForkTest, AfterAnAttemptThatFailedTheNextIsNotAtOnce) {
  const Output granted = steal();
  (void)tick_at(*granted.wake_at);
  EXPECT_TRUE(step(held()).release_fork_lock);
  EXPECT_EQ(node_.state(), State::kFailed);
  EXPECT_FALSE(step(Suspected{}).ask_fork_lock);
  now_.monotonic += options_.fork_interval;
  EXPECT_TRUE(step(Suspected{}).ask_fork_lock);
  (void)step(ForkLock{.granted = true});
  EXPECT_TRUE(see(kSelf).fork) << "it has the lock already, and the lease is long over";
}

TEST_F(ForkTest, ALockLostToAThiefEndsIt) {
  (void)steal();
  const Output lost = step(LockLost{});
  EXPECT_TRUE(lost.release_fork_lock);
  EXPECT_TRUE(lost.close_files);
  EXPECT_FALSE(tick_at(now_.monotonic + 10s).open_files);
}

TEST_F(ForkTest, ASuspicionOfOneThatOpensOrLeadsMeansNothing) {
  (void)step(LockGranted{});
  EXPECT_FALSE(step(Suspected{}).ask_fork_lock);
}

}  // namespace
}  // namespace tablog::node
