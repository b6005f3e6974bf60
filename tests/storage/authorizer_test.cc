// What SQL may not do in a write, and that it still may do the rest.
#include "storage/authorizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/samples.h"

namespace tablog::storage {
namespace {

using namespace samples;
using testing::HasSubstr;
using Codes = std::vector<ErrorCode>;

// The error of one item on a fresh database, which must be untouched by it.
Error refused(const BatchItem& item) {
  auto db = database();
  (void)run(*db, {added(1, "a")});
  const Digest before = db->digest();
  const ChainHash chain = db->chain();
  const Error error = error_of(run(*db, {item}), 0);
  EXPECT_EQ(db->digest(), before);
  EXPECT_EQ(db->chain(), chain);
  EXPECT_EQ(db->applied(), Index{2});
  expect_sound_digest(*db);
  return error;
}

// ---- what no write may do: allowlist of DESIGN section 7

class ForbiddenTest : public testing::TestWithParam<const char*> {};

TEST_P(ForbiddenTest, ExecRejectsItAndNothingIsTouched) {
  const Error error = refused(exec(GetParam()));
  EXPECT_EQ(error.code, ErrorCode::kRejected) << GetParam();
  EXPECT_THAT(error.message,
              testing::AnyOf(HasSubstr("not allowed"), HasSubstr("own"), HasSubstr("must not"),
                             HasSubstr("may not be modified"), HasSubstr("cannot VACUUM")))
      << GetParam();
}

INSTANTIATE_TEST_SUITE_P(
    Statements, ForbiddenTest,
    testing::Values(
        "BEGIN", "COMMIT", "ROLLBACK", "END", "SAVEPOINT s", "RELEASE tablog", "ROLLBACK TO tablog",
        "ATTACH ':memory:' AS other", "DETACH main", "VACUUM", "VACUUM INTO 'x'", "ANALYZE",
        "CREATE TEMP TABLE t(a)", "CREATE TEMP VIEW v AS SELECT 1", "CREATE TABLE temp.t(a)",
        "PRAGMA foreign_keys=OFF", "PRAGMA user_version=3", "PRAGMA writable_schema=ON",
        "PRAGMA journal_mode=DELETE", "PRAGMA defer_foreign_keys=ON", "PRAGMA page_count",
        "SELECT * FROM pragma_page_count", "SELECT * FROM pragma_data_version",
        "SELECT * FROM pragma_table_list", "SELECT rootpage FROM sqlite_schema",
        "UPDATE tablog_state SET applied = 9", "SELECT * FROM tablog_schema",
        "DROP TABLE tablog_schema", "CREATE TABLE TABLOG_x(a)",
        "ALTER TABLE todo RENAME TO tablog_todo",
        "CREATE TRIGGER t AFTER UPDATE ON tablog_state BEGIN SELECT 1; END",
        "CREATE INDEX i ON tablog_schema(entry)",
        "CREATE TABLE t(a REFERENCES tablog_schema(id) ON DELETE CASCADE)",
        "CREATE VIRTUAL TABLE t USING fts5(a); INSERT INTO todo(title) SELECT rank FROM t",
        "UPDATE sqlite_schema SET sql = ''", "INSERT INTO todo(title) VALUES (changes())",
        "INSERT INTO todo(title) SELECT total_changes()", "INSERT INTO todo(title) VALUES (sin(1))",
        "INSERT INTO todo(title) VALUES (exp(1))", "INSERT INTO todo(title) VALUES (pow(2, 0.5))",
        "INSERT INTO todo(title) VALUES (log(2))", "CREATE TABLE t(a DEFAULT (cos(1)))",
        "CREATE TABLE t(a, b AS (tan(a)))", "CREATE VIRTUAL TABLE t USING nosuchmodule(a)",
        "SELECT * FROM temp.sqlite_schema"));

TEST(AuthorizerTest, AMaterializerMayNotDefine) {
  auto db = StateDatabase::in_memory();
  ASSERT_TRUE(db);
  const Error error =
      error_of(run(**db, {control(schema_of({"SELECT 1"}, {{"e", "CREATE TABLE t(a)"}}))}), 0);
  EXPECT_EQ(error.code, ErrorCode::kRejected);
  EXPECT_EQ(error.message,
            "materializer of e: definitions are not allowed in a materializer: use a migration or "
            "exec()");
}

TEST(AuthorizerTest, ATriggersBodyIsJudgedToo) {
  auto db = database();
  EXPECT_EQ(
      codes(run(
          *db,
          {exec("CREATE TRIGGER t AFTER INSERT ON todo BEGIN UPDATE todo SET done = sin(1); END"),
           added(1, "a")})),
      (Codes{kNone, ErrorCode::kRejected}));
}

TEST(AuthorizerTest, LogicalPragmasAndFullTextSearchWorkInWrites) {
  auto db = database(schema_of(
      {"CREATE VIRTUAL TABLE f USING fts5(body)"},
      {{"f", "INSERT INTO f(body) SELECT name FROM pragma_table_info('f')"},
       {"found", "DELETE FROM f WHERE f MATCH :word"},
       {"ranked", "INSERT INTO f(body) SELECT body FROM f WHERE f MATCH 'body' ORDER BY rowid"}}));
  EXPECT_EQ(codes(run(*db, {event("f", {}), event("ranked", {}),
                            event("found", {{"word", std::string("nothing")}})})),
            (Codes{kNone, kNone, kNone}));
  const BatchResult ranked =
      run(*db, {exec("INSERT INTO f(body) SELECT body FROM f WHERE f MATCH 'body' ORDER BY rank"),
                exec("INSERT INTO f(body) SELECT bm25(f) FROM f WHERE f MATCH 'body'")});
  EXPECT_EQ(codes(ranked), (Codes{ErrorCode::kRejected, ErrorCode::kRejected}));
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT count(*) AS n FROM f WHERE f MATCH 'body'"), "n=2");
  EXPECT_EQ(ask(*db, "SELECT rowid FROM f WHERE f MATCH 'body' ORDER BY rank"), "rowid=1|rowid=2");
}

TEST(AuthorizerTest, EveryFunctionOfThisEngineIsClassified) {
  auto db = database();
  const auto rows = db->query(
      "SELECT DISTINCT name FROM pragma_function_list WHERE name NOT LIKE 'sqlite_%' ORDER BY 1",
      {});
  ASSERT_TRUE(rows);
  const std::string all = text(*rows);
  std::size_t names = 0;
  for (std::size_t at = all.find('\''); at != std::string::npos; at = all.find('\'', at + 1)) {
    const std::size_t end = all.find('\'', at + 1);
    const std::string name = all.substr(at + 1, end - at - 1);
    EXPECT_NE(classify_function(name), FunctionClass::kUnknown) << name;
    at = end;
    ++names;
  }
  EXPECT_GT(names, 100U);
}

}  // namespace
}  // namespace tablog::storage
