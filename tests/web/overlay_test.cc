#include "web/host/overlay.h"

#include <gtest/gtest.h>

#include "tests/storage/samples.h"

namespace tablog::host {
namespace {

using namespace storage::samples;

const ClientId kSelf = client(1);
constexpr Clock kNow{.monotonic = std::chrono::seconds{1},
                     .wall = std::chrono::seconds{1'700'000'000}};

AppendRequest adding(std::uint64_t number, std::int64_t id, std::string title) {
  AppendRequest request;
  request.number = RequestNumber{number};
  request.payload =
      std::vector<Event>{{.type = "todo.added", .args = {{"id", id}, {"title", std::move(title)}}}};
  return request;
}

class OverlayTest : public testing::Test {
 protected:
  void lay() { overlay_.lay(*db_, kNow); }
  void lift() { overlay_.lift(db_.get()); }
  [[nodiscard]] std::string ids() const {
    return ask(*db_, "SELECT group_concat(id) AS ids FROM todo");
  }
  // What the leader has sequenced; of this tab's session where a number is given.
  void commit(BatchItem item, std::uint64_t number = 0) {
    lift();
    if (number != 0) item.request = RequestStamp{.client = kSelf, .number = {number}, .count = 1};
    (void)run(*db_, {std::move(item)});
    ASSERT_TRUE(db_->commit());
    if (number != 0) overlay_.remove({number}, db_.get());
  }

  std::unique_ptr<storage::StateDatabase> db_ = database();
  Overlay overlay_{kSelf, 1};
};

TEST_F(OverlayTest, IsSeenAtOnceAndLeavesNothingBehind) {
  const Digest before = db_->digest();
  overlay_.add(adding(1, 1, "a"));
  lay();
  EXPECT_EQ(ids(), "ids='1'");
  lift();
  EXPECT_EQ(ids(), "ids=NULL");
  EXPECT_EQ(db_->digest(), before);
  EXPECT_EQ(db_->applied(), Index{1});
}

TEST_F(OverlayTest, WhatIsAddedLaterLiesOverWhatLiesThereAlready) {
  overlay_.add(adding(1, 1, "a"));
  lay();
  overlay_.add(adding(2, 2, "b"));
  lay();
  EXPECT_EQ(ids(), "ids='1,2'");
}

TEST_F(OverlayTest, IsLaidAnewOverWhatOthersHaveCommitted) {
  overlay_.add(adding(1, 7, "mine"));
  lay();
  commit(added(7, "theirs"));  // the leader will reject mine
  lay();
  EXPECT_EQ(ask(*db_, "SELECT title FROM todo"), "title='theirs'");
  commit(exec("DELETE FROM todo"));
  lay();
  EXPECT_EQ(ask(*db_, "SELECT title FROM todo"), "title='mine'");
}

TEST_F(OverlayTest, DisappearsWhenItIsRejectedAndTheOthersStay) {
  overlay_.add(adding(1, 1, "a"));
  overlay_.add(adding(2, 2, "b"));
  lay();
  overlay_.remove({1}, db_.get());
  lay();
  EXPECT_EQ(ids(), "ids='2'");
  overlay_.remove_through({2}, db_.get());
  lay();
  EXPECT_EQ(ids(), "ids=NULL");
}

TEST_F(OverlayTest, IsNotSeenTwiceOnceItIsCommitted) {
  overlay_.add(adding(1, 1, "a"));
  lay();
  commit(added(1, "a"), 1);
  lay();
  EXPECT_EQ(ids(), "ids='1'");
  Overlay next(kSelf, 1);  // of a worker that is told of it again before it is settled
  next.add(adding(1, 2, "another title"));
  next.lay(*db_, kNow);
  EXPECT_EQ(ids(), "ids='1'");
}

TEST_F(OverlayTest, WhatIsCommittedAndSettledIsNotSeenTwiceEither) {
  BatchItem second = added(2, "b");
  second.request = RequestStamp{.client = kSelf, .number = {2}, .count = 1};
  second.request->settled_through = {1};
  (void)run(*db_, {std::move(second)});
  ASSERT_TRUE(db_->commit());
  overlay_.add(
      adding(1, 1, "a"));  // was rejected, or withdrawn: a later number says that it is settled
  lay();
  EXPECT_EQ(ids(), "ids='2'");
}

TEST_F(OverlayTest, WhatTakesTheTransactionWithItTakesNothingElse) {
  overlay_.add(adding(1, 1, "a"));
  AppendRequest forced;
  forced.number = {2};
  forced.payload = std::vector<Event>{
      {.type = "todo.forced", .args = {{"id", std::int64_t{2}}, {"title", "a"}}}};
  overlay_.add(forced);
  overlay_.add(adding(3, 3, "c"));
  lay();
  EXPECT_EQ(ids(), "ids='1,3'");
  lift();
  EXPECT_EQ(ids(), "ids=NULL");
}

TEST_F(OverlayTest, TheTablesThatItTouchesCountAsChangedWhenItComesAndWhenItGoes) {
  std::ignore = db_->take_changes();
  overlay_.add(adding(1, 1, "a"));
  lay();
  EXPECT_TRUE(db_->take_changes().tables.contains("todo"));
  overlay_.remove({1}, db_.get());
  EXPECT_TRUE(db_->take_changes().tables.contains("todo"));
}

}  // namespace
}  // namespace tablog::host
