#include "storage/state_database.h"

#include <gtest/gtest.h>

#include "tests/storage/samples.h"

namespace tablog::storage {
namespace {

using namespace samples;
using Codes = std::vector<ErrorCode>;

TEST(StateDatabaseTest, AnEventIsWhatItsMaterializerDoes) {
  auto db = database();
  const BatchResult result = run(*db, {added(1, "buy milk")});
  EXPECT_EQ(codes(result), Codes{kNone});
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT id, title, done FROM todo"), "id=1 title='buy milk' done=0");
  EXPECT_EQ(db->applied(), Index{2});
  EXPECT_EQ(db->last_app_entry(), Index{2});
  expect_sound_digest(*db);
}

TEST(StateDatabaseTest, AnEntryGivesItsIndexTermTimeAndClientAsParameters) {
  auto db = database();
  (void)run(*db, {added(1, "a"), event("note.stamped", {{"todo", std::int64_t{1}}})});
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT id, body FROM note"),
            "id=3 body='3 1700000000000 07070707070707070707070707070707'");
  EXPECT_EQ(ask(*db, "SELECT done FROM todo"), "done=1");
}

TEST(StateDatabaseTest, ApplyGivesWhatExecuteGave) {
  auto leader = database();
  auto replica = StateDatabase::in_memory();
  ASSERT_TRUE(replica);
  auto first = StateDatabase::in_memory();
  ASSERT_TRUE(first);
  BatchResult result = run(**first, {control(schema()), added(1, "a"), added(2, "b"),
                                     exec("UPDATE todo SET title = title || random()")});
  EXPECT_TRUE((*first)->commit());
  replay(**replica, entries(result));
  EXPECT_EQ((*replica)->digest(), result.digest);
  EXPECT_EQ((*replica)->chain(), (*first)->chain());
  EXPECT_EQ((*replica)->sessions(), (*first)->sessions());
  EXPECT_EQ(ask(**replica, "SELECT * FROM todo"), ask(**first, "SELECT * FROM todo"));
}

}  // namespace
}  // namespace tablog::storage
