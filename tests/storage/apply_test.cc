// apply(): entries of the log, in order, exactly as they were sequenced; determinism.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/codec.h"
#include "tests/storage/samples.h"

namespace tablog::storage {
namespace {

using namespace samples;

TEST(ApplyTest, GivesWhatExecuteGave) {
  auto leader = StateDatabase::in_memory();
  auto replica = StateDatabase::in_memory();
  ASSERT_TRUE(leader && replica);
  const BatchResult result = run(**leader, {control(schema()), added(1, "a"), added(2, "b"),
                                            exec("UPDATE todo SET title = title || random()")});
  ASSERT_TRUE((*leader)->commit());
  replay(**replica, entries(result));
  EXPECT_EQ((*replica)->digest(), result.digest);
  EXPECT_EQ((*replica)->chain(), (*leader)->chain());
  EXPECT_EQ((*replica)->sessions(), (*leader)->sessions());
  EXPECT_EQ(ask(**replica, "SELECT * FROM todo"), ask(**leader, "SELECT * FROM todo"));
}

TEST(ApplyTest, TimeAndRandomnessAreTheEntrysInDefaultsAndTriggersToo) {
  const Schema made = schema_of(
      {"CREATE TABLE t(a, at DEFAULT CURRENT_TIMESTAMP, r DEFAULT (random()));"
       "CREATE TABLE log(id INTEGER PRIMARY KEY, at, blob, date);"
       "CREATE TRIGGER tr AFTER INSERT ON t BEGIN "
       "  INSERT INTO log VALUES (abs(random()), datetime('now', 'subsec'), randomblob(9), "
       "date()); END;"},
      {{"t",
        "INSERT INTO t(a) VALUES (unixepoch('now')); INSERT INTO t(a) SELECT julianday() FROM t"}});
  auto leader = database(made);
  auto replica = database(made);
  const auto all =
      entries(run(*leader, {event("t", {}), event("t", {})}, context(1'700'000'000'123, 9)));
  ASSERT_TRUE(leader->commit());
  replay(*replica, all);
  EXPECT_EQ(replica->digest(), leader->digest());
  EXPECT_EQ(ask(*replica, "SELECT * FROM log"), ask(*leader, "SELECT * FROM log"));
  EXPECT_EQ(ask(*leader, "SELECT DISTINCT at, a FROM t WHERE typeof(a) = 'integer'"),
            "at='2023-11-14 22:13:20' a=1700000000");
  EXPECT_EQ(ask(*leader, "SELECT count(DISTINCT r) AS r, count(DISTINCT a) AS a FROM t"),
            "r=6 a=2");
}

TEST(ApplyTest, AQuerysTimeIsTheClocks) {
  auto db = database();
  (void)run(*db, {added(1, "a")}, context(5));
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT unixepoch('now') > 1700000000 AS later"), "later=1");
}

TEST(ApplyTest, LastInsertRowidBeginsAtZeroInEveryEntry) {
  auto db = database(schema_of({"CREATE TABLE t(a)"}, {}));
  (void)run(*db, {exec("INSERT INTO t VALUES (last_insert_rowid())"),
                  exec("INSERT INTO t VALUES (last_insert_rowid())")});
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT a FROM t"), "a=0|a=0");
}

TEST(ApplyTest, AnEntryThatDoesNotFollowIsRefused) {
  auto db = database();
  const auto made = entries(run(*db, {added(1, "a"), added(2, "b")}));
  auto other = database();
  const auto gap = other->apply(made[1].entry, *made[1].bytes);
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(gap.error().index, Index{2});
}

TEST(ApplyTest, AnEntryThatFailsHereIsADivergenceAndRollsBack) {
  auto leader = database();
  const auto made = entries(run(*leader, {added(1, "a"), added(2, "b")}));
  auto replica =
      database(schema_of({"CREATE TABLE todo(id INTEGER PRIMARY KEY CHECK (id < 2), title)"},
                         {{"todo.added", "INSERT INTO todo VALUES (:id, :title)"}}));
  const Digest before = replica->digest();
  ASSERT_TRUE(replica->apply(made[0].entry, *made[0].bytes));
  const auto failed = replica->apply(made[1].entry, *made[1].bytes);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(failed.error().index, Index{3});
  EXPECT_EQ(replica->applied(), Index{1});
  EXPECT_EQ(replica->digest(), before);
}

TEST(ApplyTest, AnExecThatChangesAnotherNumberOfRowsIsADivergence) {
  auto leader = database();
  auto replica = database();
  const auto made = entries(run(*leader, {added(1, "a"), exec("DELETE FROM todo")}));
  Entry tampered = made[1].entry;
  std::get<Exec>(tampered.body).changes = 2;
  const auto encoded = encode(tampered);
  ASSERT_TRUE(encoded);
  ASSERT_TRUE(replica->apply(made[0].entry, *made[0].bytes));
  const auto applied = replica->apply(encoded->entry, *encoded->bytes);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::kCorrupt);
}

TEST(ApplyTest, ANewerEnginesSchemaAsksForAReload) {
  auto db = StateDatabase::in_memory();
  ASSERT_TRUE(db);
  Entry entry{.index = Index{1}, .term = Term{1}, .request = {}, .body = schema()};
  std::get<Schema>(entry.body).engine = "4.0.0";
  const auto encoded = encode(entry);
  const auto applied = (*db)->apply(entry, *encoded->bytes);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::kEngineTooOld);
}

TEST(ApplyTest, FullTextSearchAnswersAlikeHoweverTheCommitsFell) {
  const Schema made = schema_of(
      {"CREATE VIRTUAL TABLE f USING fts5(body)"},
      {{"f", "INSERT INTO f(body) VALUES (:body)"}, {"gone", "DELETE FROM f WHERE f MATCH :word"}});
  auto leader = database(made);
  std::vector<BatchItem> items;
  for (int i = 0; i < 200; ++i) {
    items.push_back(event(
        "f", {{"body", "word" + std::to_string(i % 17) + " and word" + std::to_string(i % 5)}}));
    if (i % 23 == 0) items.push_back(event("gone", {{"word", "word" + std::to_string(i % 17)}}));
  }
  const auto all = entries(run(*leader, items));
  ASSERT_TRUE(leader->commit());
  auto replica = database(made);
  replay(*replica, all);
  for (const char* sql : {"SELECT rowid, body FROM f", "SELECT rowid FROM f WHERE f MATCH 'word3'",
                          "SELECT count(*), sum(rowid), hex(group_concat(block)) FROM f_data"}) {
    EXPECT_EQ(ask(*replica, sql), ask(*leader, sql)) << sql;
  }
}

}  // namespace
}  // namespace tablog::storage
