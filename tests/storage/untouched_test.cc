// Changes that no entry has made are noticed; those of entries are not, whatever becomes of them.
#include <gtest/gtest.h>

#include "storage/sequence.h"
#include "storage/state_core.h"
#include "storage/state_open.h"
#include "tests/storage/samples.h"

namespace tablog::storage {
namespace {

using namespace samples;

class UntouchedTest : public testing::Test {
 protected:
  UntouchedTest() : core_(open_in_memory().value()) {
    EXPECT_TRUE(core_.load());
    batch({control(schema())});
  }
  void batch(const std::vector<BatchItem>& items) { EXPECT_TRUE(execute(core_, context(), items)); }
  void plant(const std::string& sql) { EXPECT_TRUE(run_own(core_.db(), sql.c_str())); }
  [[nodiscard]] std::string touched() const {
    const auto untouched = core_.digests.check_untouched();
    if (untouched) return "";
    EXPECT_EQ(untouched.error().code, ErrorCode::kCorrupt);
    return untouched.error().message;
  }

  StateCore core_;
};

TEST_F(UntouchedTest, WhatEntriesDoIsTheirs) {
  batch({added(1, "one"), added(1, "taken"), added(2, "damn"), exec("DELETE FROM todo"),
         together({added(3, "three"), added(3, "taken")}),
         exec("CREATE TABLE t(a); INSERT INTO t VALUES (1); ALTER TABLE t ADD COLUMN b DEFAULT 2"),
         exec("CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f VALUES ('words')")});
  EXPECT_TRUE(core_.commit());
  batch({exec("UPDATE t SET a = 5"), exec("INSERT INTO f VALUES ('more')")});
  core_.roll_back();
  EXPECT_EQ(touched(), "");
}

TEST_F(UntouchedTest, AChangeBetweenThemIsNamedAndNotCommitted) {
  batch({added(1, "one")});
  plant("INSERT INTO note(todo) VALUES (1)");
  plant("UPDATE todo SET title = 'two'");
  EXPECT_EQ(touched(), "the state was changed outside of any entry: note, todo");
  const auto committed = core_.commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, ErrorCode::kCorrupt);
}

TEST_F(UntouchedTest, ItStandsThoughItWasTakenBack) {
  batch({added(1, "one")});
  EXPECT_TRUE(core_.commit());
  plant("DELETE FROM todo");
  plant("INSERT INTO todo(id, title) VALUES (1, 'one')");
  core_.roll_back();
  EXPECT_EQ(touched(), "the state was changed outside of any entry: todo");
}

TEST_F(UntouchedTest, TheStoresOwnTablesAreNotTheApps) {
  plant("UPDATE tablog_state SET format = 1 WHERE kind = 0");
  EXPECT_EQ(touched(), "");
}

}  // namespace
}  // namespace tablog::storage
