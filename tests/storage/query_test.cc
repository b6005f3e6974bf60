// query(): plain reads, encoded; nothing that it runs changes anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/samples.h"

namespace tablog::storage {
namespace {

using namespace samples;
using testing::HasSubstr;

class NotAQueryTest : public testing::TestWithParam<const char*> {};

TEST_P(NotAQueryTest, FailsAndChangesNothing) {
  auto db = database();
  (void)run(*db, {added(1, "a")});
  ASSERT_TRUE(db->commit());
  const Digest before = db->digest();
  const auto rows = db->query(GetParam(), {});
  ASSERT_FALSE(rows) << GetParam();
  EXPECT_EQ(rows.error().code, ErrorCode::kQueryFailed) << rows.error().message;
  EXPECT_FALSE(rows.error().message.empty());
  EXPECT_EQ(db->digest(), before);
  expect_sound_digest(*db);
  EXPECT_EQ(codes(run(*db, {added(2, "b")})), std::vector{kNone});
}

INSTANTIATE_TEST_SUITE_P(
    Statements, NotAQueryTest,
    testing::Values("INSERT INTO todo(title) VALUES ('x')", "UPDATE todo SET done = 1",
                    "DELETE FROM todo", "INSERT INTO todo(title) VALUES ('x') RETURNING id",
                    "DROP TABLE todo", "CREATE TABLE t(a)", "CREATE TEMP TABLE t(a)", "BEGIN",
                    "COMMIT", "END", "ROLLBACK", "SAVEPOINT s", "RELEASE s",
                    "ATTACH ':memory:' AS x", "DETACH main", "VACUUM", "VACUUM INTO 'x'", "ANALYZE",
                    "REINDEX", "PRAGMA user_version = 3", "PRAGMA foreign_keys = OFF",
                    "PRAGMA journal_mode = DELETE", "PRAGMA query_only = OFF",
                    "PRAGMA wal_checkpoint", "PRAGMA writable_schema = ON", "PRAGMA optimize",
                    "SELECT * FROM tablog_state", "PRAGMA table_info(tablog_state); SELECT 1",
                    "SELECT 1; SELECT 2", "SELECT 1; DELETE FROM todo", "SELECT 1; nonsense", "",
                    " -- nothing", "SELEKT 1", "SELECT nowhere FROM todo",
                    "SELECT abs(-9223372036854775808)", "EXPLAIN DELETE FROM todo",
                    "WITH x AS (SELECT 1) DELETE FROM todo"));

TEST(QueryTest, TellsWhatIsWrong) {
  auto db = database();
  EXPECT_THAT(ask(*db, "DELETE FROM todo"), HasSubstr("DELETE is not allowed: a query only reads"));
  EXPECT_THAT(ask(*db, "COMMIT"), HasSubstr("COMMIT is not allowed"));
  EXPECT_THAT(ask(*db, "SELECT titel FROM todo"), HasSubstr("no such column: titel"));
}

// SQLite reads up to it and no further: what is behind would be asked for without end.
TEST(QueryTest, ANulCharacterIsToldWhereverSqlIsTaken) {
  using namespace std::string_literals;
  auto db = database();
  const auto rows = db->query("SELECT 1;\0 SELECT 2"s, {});
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::kQueryFailed);
  EXPECT_THAT(rows.error().message, HasSubstr("NUL"));
  const auto result = run(*db, {exec("DELETE FROM todo;\0"s), exec("\0"s), added(1, "a")});
  EXPECT_EQ(codes(result), (std::vector{ErrorCode::kRejected, ErrorCode::kRejected, kNone}));
  EXPECT_THAT(error_of(result, 0).message, HasSubstr("NUL"));
  const Schema migration = schema_of({"CREATE TABLE t(a);\0"s}, {});
  const Schema materializer =
      schema_of({"CREATE TABLE t(a)"}, {{"t.added", "INSERT INTO t VALUES (:a);\0"s}});
  for (const Schema& schema : {migration, materializer}) {
    const auto fresh = StateDatabase::in_memory().value();
    EXPECT_THAT(error_of(run(*fresh, {control(schema)}), 0).message, HasSubstr("NUL"));
  }
}

TEST(QueryTest, EncodesEveryKindOfValue) {
  auto db = database();
  EXPECT_EQ(ask(*db,
                "SELECT NULL AS n, 1 AS small, -2147483649 AS big, 0.5 AS f, 'ä' AS t, x'00ff' AS "
                "b, '' AS e"),
            "n=NULL small=1 big=-2147483649 f=0.5f t='ä' b=x'00ff' e=''");
  EXPECT_EQ(ask(*db, "SELECT * FROM todo"), "");
}

TEST(QueryTest, ParametersAreCheckedAsAnEventsAre) {
  auto db = database();
  const std::vector<Argument> id{{"id", std::int64_t{3}}};
  EXPECT_EQ(ask(*db, "SELECT :id AS a, :id + 1 AS b", id), "a=3 b=4");
  EXPECT_EQ(ask(*db, "SELECT ? AS a, ? AS b", {{"1", std::int64_t{3}}, {"2", std::monostate{}}}),
            "a=3 b=NULL");
  EXPECT_EQ(ask(*db, "SELECT :id AS a"), "error 3: missing parameter :id of the query");
  EXPECT_THAT(ask(*db, "SELECT :ib AS a, 1", {{"ib", std::int64_t{3}}, {"id", std::int64_t{3}}}),
              HasSubstr("unknown parameter :id of the query, did you mean :ib?"));
  EXPECT_EQ(ask(*db, "SELECT :id AS a, :id + 1 AS b", id), "a=3 b=4")
      << "a kept statement forgets its bindings";
}

TEST(QueryTest, MayComputeWhatAWriteMayNot) {
  auto db = database();
  EXPECT_EQ(ask(*db, "SELECT round(exp(0)) AS e, changes() >= 0 AS c"), "e=1f c=1");
  EXPECT_THAT(ask(*db, "PRAGMA table_info(todo)"), HasSubstr("name='title'"));
  EXPECT_THAT(
      ask(*db, "SELECT group_concat(name) AS n FROM pragma_table_list WHERE type = 'table'"),
      HasSubstr("todo"));
  EXPECT_EQ(ask(*db, "PRAGMA integrity_check"), "integrity_check='ok'");
  EXPECT_THAT(ask(*db, "EXPLAIN QUERY PLAN SELECT * FROM todo"), HasSubstr("SCAN todo"));
}

TEST(QueryTest, SeesDefinitionsChangeUnderAKeptStatement) {
  auto db = database();
  EXPECT_EQ(ask(*db, "SELECT * FROM todo"), "");
  (void)run(*db, {added(1, "a"), control(schema(2))});
  ASSERT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT * FROM todo"), "id=1 title='a' done=0 priority=3");
}

TableNames reads(StateDatabase& db, const std::string& sql) {
  EXPECT_EQ(ask(db, sql).find("error"), std::string::npos);
  return db.tables_read(sql)->names;
}

TEST(QueryTest, TellsWhichTablesItReads) {
  using Names = TableNames;
  auto db =
      database(schema_of({"CREATE TABLE one(a, b); CREATE TABLE two(a); CREATE INDEX i ON two(a);"
                          "CREATE VIEW v AS SELECT a FROM one;"
                          "CREATE VIRTUAL TABLE doc USING fts5(body)"},
                         {}));
  EXPECT_EQ(reads(*db, "SELECT 1"), Names{});
  EXPECT_TRUE(reads(*db, "SELECT count(*) FROM ONE").contains("one"));
  EXPECT_EQ(reads(*db, "SELECT b FROM one WHERE a IN (SELECT a FROM two)"), (Names{"one", "two"}));
  EXPECT_TRUE(reads(*db, "SELECT * FROM v").contains("one"));
  EXPECT_FALSE(db->tables_read("SELECT * FROM v")->anything);
  EXPECT_TRUE(db->tables_read("SELECT * FROM doc")->anything);
  (void)run(*db, {exec("DROP VIEW v; CREATE VIEW v AS SELECT a FROM two")});
  ASSERT_TRUE(db->commit());
  EXPECT_TRUE(reads(*db, "SELECT * FROM v").contains("two")) << "of a statement that was kept";
}

TEST(QueryTest, TellsWhatEntriesHaveChanged) {
  auto db = database(
      schema_of({"CREATE TABLE one(a); CREATE TABLE two(a); CREATE TABLE three(a);"
                 "CREATE TRIGGER t AFTER INSERT ON one BEGIN INSERT INTO two VALUES (new.a); END"},
                {}));
  EXPECT_TRUE(db->take_changes().everything);
  EXPECT_TRUE(db->take_changes().tables.empty());
  (void)run(*db, {exec("INSERT INTO one VALUES (1)"), exec("DELETE FROM three")});
  const Changes changes = db->take_changes();
  EXPECT_FALSE(changes.everything);
  EXPECT_EQ(changes.tables, (TableNames{"one", "two"}));
  (void)run(*db, {exec("DELETE FROM one")});
  EXPECT_EQ(db->take_changes().tables, TableNames{"one"});
  (void)run(*db, {exec("CREATE TABLE four(a)")});
  EXPECT_TRUE(db->take_changes().everything);
}

TEST(QueryTest, ManyDifferentQueriesAreFine) {
  auto db = database();
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 200; ++i) {
      const std::string number = std::to_string(i);
      EXPECT_EQ(ask(*db, "SELECT " + number + " AS n"), "n=" + number);
    }
  }
}

TEST(QueryTest, ALargeResultIsAnErrorAndNotACrash) {
  auto db = database();
  EXPECT_THAT(ask(*db,
                  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300) "
                  "SELECT zeroblob(1000000) FROM n"),
              HasSubstr("use LIMIT"));
}

}  // namespace
}  // namespace tablog::storage
