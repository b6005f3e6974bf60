// What an app's events and exec do to the state, and what they may not do.
#include "storage/state_database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "log/codec.h"
#include "storage/authorizer.h"
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

TEST(EventTest, IsWhatItsMaterializerDoes) {
  auto db = database();
  EXPECT_EQ(codes(run(*db, {added(1, "buy milk")})), Codes{kNone});
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT id, title, done FROM todo"), "id=1 title='buy milk' done=0");
  EXPECT_EQ(db->applied(), Index{2});
  EXPECT_EQ(db->last_app_entry(), Index{2});
}

TEST(EventTest, IndexTermTimeAndClientAreParametersToo) {
  auto db = database();
  (void)run(*db, {added(1, "a"), event("note.stamped", {{"todo", std::int64_t{1}}})});
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT id, body FROM note"),
            "id=3 body='3 1700000000000 07070707070707070707070707070707'");
  EXPECT_EQ(ask(*db, "SELECT done FROM todo"), "done=1");
}

TEST(EventTest, EveryKindOfValueArrivesAsItIs) {
  auto db = database(schema_of({"CREATE TABLE v(a, b, c, d, e)"},
                               {{"v", "INSERT INTO v VALUES (:a, :b, :c, :d, :e)"}}));
  const std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
  const std::string with_nul("x\0y", 3);
  (void)run(
      *db,
      {event(
          "v",
          {{"a", std::monostate{}}, {"b", lowest}, {"c", 0.1}, {"d", with_nul}, {"e", Bytes{}}})});
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT * FROM v"),
            "a=NULL b=-9223372036854775808 c=0.10000000000000001f d='" + with_nul + "' e=x''");
}

TEST(EventTest, AnUnknownTypeNamesTheNearest) {
  const Error error = refused(event("todo.aded", {}));
  EXPECT_EQ(error.code, ErrorCode::kUnknownEvent);
  EXPECT_THAT(error.message, HasSubstr("did you mean \"todo.added\"?"));
  EXPECT_THAT(refused(event("zzzzzzzzzzzz", {})).message, testing::Not(HasSubstr("did you mean")));
}

TEST(EventTest, AMissingParameterIsNamed) {
  const Error error = refused(event("todo.added", {{"id", std::int64_t{2}}}));
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.message, "missing parameter :title of todo.added");
}

TEST(EventTest, AnExtraParameterNamesTheNearest) {
  const Error error = refused(
      event("todo.added",
            {{"id", std::int64_t{2}}, {"title", std::string("x")}, {"tittle", std::string("x")}}));
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.message, "unknown parameter :tittle of todo.added, did you mean :title?");
}

TEST(EventTest, ADoubledOrReservedParameterIsRefused) {
  EXPECT_EQ(refused(event("todo.toggled", {{"id", std::int64_t{1}}, {"id", std::int64_t{1}}})).code,
            ErrorCode::kInvalidArgument);
  EXPECT_THAT(
      refused(event("note.stamped", {{"todo", std::int64_t{1}}, {"$index", std::int64_t{9}}}))
          .message,
      HasSubstr("cannot be passed"));
}

TEST(EventTest, AValueThatCannotBeStoredIsRefused) {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(refused(event("todo.added", {{"id", bad}, {"title", std::string("x")}})).code,
              ErrorCode::kInvalidArgument);
  }
  const std::string surrogate = "\xed\xa0\x80";
  const Error error = refused(event("todo.added", {{"id", std::int64_t{5}}, {"title", surrogate}}));
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message, HasSubstr("parameter :title of todo.added"));
}

TEST(EventTest, FailingSqlIsRejectedWithSqlitesWords) {
  const Error error = refused(added(2, "a"));
  EXPECT_EQ(error.code, ErrorCode::kRejected);
  EXPECT_EQ(error.message, "todo.added: UNIQUE constraint failed: todo.title");
}

TEST(EventTest, ADeferredForeignKeyIsRejectedBeforeItCouldFailTheCommit) {
  auto db = database();
  const BatchItem orphan =
      event("note.added", {{"todo", std::int64_t{9}}, {"body", std::string("?")}});
  EXPECT_EQ(codes(run(*db, {added(1, "a"), orphan, added(2, "b")})),
            (Codes{kNone, ErrorCode::kRejected, kNone}));
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT count(*) FROM note"), "count(*)=0");
}

TEST(EventTest, ADeferredForeignKeyMayBeSatisfiedLaterInItsRequest) {
  auto db = database();
  const BatchItem note =
      event("note.added", {{"todo", std::int64_t{9}}, {"body", std::string("!")}});
  EXPECT_EQ(codes(run(*db, {together({note, added(9, "nine")})})), Codes{kNone});
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT body FROM note"), "body='!'");
}

TEST(EventTest, AnEntryOverSixteenMegabytesIsTooLarge) {
  const Error error = refused(
      event("todo.added", {{"id", std::int64_t{5}}, {"title", std::string(kEntryBytesMax, 'x')}}));
  EXPECT_EQ(error.code, ErrorCode::kTooLarge);
}

TEST(EventTest, BeforeTheFirstSchemaThereAreNoTypes) {
  auto db = StateDatabase::in_memory();
  ASSERT_TRUE(db);
  EXPECT_EQ(error_of(run(**db, {event("todo.added", {}, 0)}), 0).code, ErrorCode::kUnknownEvent);
}

TEST(EventTest, ASequenceOfTypesOfOneStatementStopsAtTheStepLimit) {
  auto db = database(
      schema_of({"CREATE TABLE t(a)"},
                {{"slow",
                  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000) "
                  "INSERT INTO t SELECT i FROM n"},
                 {"quick", "INSERT INTO t VALUES (1)"}}));
  db->set_steps_max(100'000);
  const BatchResult result = run(*db, {event("quick", {}), event("slow", {}), event("quick", {})});
  EXPECT_EQ(codes(result), (Codes{kNone, ErrorCode::kRejected, kNone}));
  EXPECT_THAT(error_of(result, 1).message, HasSubstr("took more than 100000 steps"));
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT count(*) FROM t"), "count(*)=2");
  expect_sound_digest(*db);
}

// ---- exec

TEST(ExecTest, RunsSeveralStatementsAndCountsDirectChanges) {
  auto db = database(schema_of(
      {"CREATE TABLE t(a); CREATE TABLE log(a);"
       "CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (NEW.a), (NEW.a); END"},
      {}));
  const BatchResult result =
      run(*db, {exec("INSERT INTO t VALUES (1), (2); CREATE TABLE u AS SELECT * FROM t;"
                     "SELECT 1; UPDATE t SET a = a + 1 WHERE a = 2; -- the end")});
  ASSERT_EQ(codes(result), Codes{kNone});
  EXPECT_EQ(std::get<Exec>(entries(result).front().entry.body).changes, 3);
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT (SELECT count(*) FROM log) AS log, (SELECT count(*) FROM u) AS u"),
            "log=4 u=2");
  expect_sound_digest(*db);
}

TEST(ExecTest, ParametersGoByPositionOrName) {
  auto db = database();
  EXPECT_EQ(codes(run(*db, {exec("INSERT INTO todo(id, title) VALUES (?, ?2)",
                                 {{"1", std::int64_t{1}}, {"2", std::string("one")}}),
                            exec("INSERT INTO todo(id, title) VALUES (@id, $title || :$index)",
                                 {{"id", std::int64_t{2}}, {"title", std::string("two")}}),
                            exec("SELECT ?", {{"1", std::int64_t{1}}, {"2", std::int64_t{1}}}),
                            exec("SELECT ?")})),
            (Codes{kNone, kNone, ErrorCode::kInvalidArgument, ErrorCode::kInvalidArgument}));
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT title FROM todo"), "title='one'|title='two3'");
}

TEST(ExecTest, AFailureInALaterStatementUndoesTheEarlierOnes) {
  const Error error = refused(exec(
      "INSERT INTO todo(title) VALUES ('b'); DROP TABLE note; INSERT INTO nowhere VALUES (1)"));
  EXPECT_EQ(error.code, ErrorCode::kRejected);
  EXPECT_EQ(error.message, "no such table: nowhere");
}

TEST(ExecTest, AnEmptyOneIsRefused) {
  EXPECT_EQ(refused(exec(" -- nothing")).code, ErrorCode::kInvalidArgument);
}

TEST(ExecTest, DropOfATableBrokenMaterializersTellOfAtTheNextEvent) {
  auto db = database();
  (void)run(*db, {added(1, "a")});
  const BatchResult result =
      run(*db, {exec("DROP TABLE note"),
                event("note.added", {{"todo", std::int64_t{1}}, {"body", std::monostate{}}})});
  EXPECT_EQ(codes(result), (Codes{kNone, ErrorCode::kRejected}));
  EXPECT_THAT(error_of(result, 1).message, HasSubstr("no such table"));
}

TEST(ExecTest, AutoincrementAtTheHighestRowidIsARejectionAndNotAFullDisk) {
  auto db = database(schema_of({"CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a)"}, {}));
  EXPECT_EQ(codes(run(*db, {exec("INSERT INTO t VALUES (9223372036854775807, 1)"),
                            exec("INSERT INTO t(a) VALUES (2)"),
                            exec("INSERT INTO t(id, a) VALUES (1, 3)")})),
            (Codes{kNone, ErrorCode::kRejected, kNone}));
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT sum(a) FROM t"), "sum(a)=4");
}

// ---- schemas

TEST(SchemaTest, ALaterVersionRunsOnlyTheNewMigrations) {
  auto db = database();
  (void)run(*db, {added(1, "a"), control(schema(2)),
                  event("todo.toggled", {{"id", std::int64_t{1}}}, 2)});
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT * FROM todo"), "id=1 title='a' done=1 priority=3");
  EXPECT_EQ(db->schema()->version, 2U);
  expect_sound_digest(*db);
}

TEST(SchemaTest, OlderTextOrVersionIsRefused) {
  auto db = database(schema(2));
  Schema other = schema(2);
  other.materializers.front().sql += " ";
  Schema short_of_one = schema(3);
  short_of_one.migrations.pop_back();
  EXPECT_EQ(codes(run(*db, {control(schema(1)), control(other), control(short_of_one),
                            control(schema(2)), event("todo.toggled", {{"id", std::int64_t{1}}}, 1),
                            event("todo.toggled", {{"id", std::int64_t{1}}}, 3)})),
            (Codes{ErrorCode::kSchemaTooOld, ErrorCode::kSchemaConflict,
                   ErrorCode::kInvalidArgument, kNone, kNone, ErrorCode::kSchemaConflict}));
}

TEST(SchemaTest, ANewerOrOtherEngineIsRefused) {
  auto db = StateDatabase::in_memory();
  ASSERT_TRUE(db);
  Schema newer = schema();
  newer.engine = "3.154.0";
  Schema other = schema();
  other.profile_hash ^= 1;
  Schema older = schema();
  older.engine = "3.9.0";
  older.compile_options = "whatever it had";
  EXPECT_EQ(codes(run(**db, {control(newer), control(other), control(older)})),
            (Codes{ErrorCode::kEngineTooOld, ErrorCode::kEngineTooOld, kNone}));
}

TEST(SchemaTest, AMaterializerThatDoesNotCompileLeavesNoTraceOfItsSchema) {
  auto db = database();
  const Digest before = db->digest();
  Schema bad = schema(2);
  bad.materializers.push_back({.type = "typo", .sql = "INSERT INTO todos VALUES (:id)"});
  Schema broken = schema(2);
  broken.migrations[1] += "; CREATE TABLE x(a, a)";
  Schema positional = schema(2);
  positional.materializers.push_back({.type = "typo", .sql = "UPDATE todo SET done = ?"});
  const BatchResult result = run(*db, {control(bad), control(broken), control(positional)});
  EXPECT_EQ(codes(result), Codes(3, ErrorCode::kRejected));
  EXPECT_EQ(error_of(result, 0).message, "materializer of typo: no such table: todos");
  EXPECT_EQ(error_of(result, 1).message, "migration to version 2: duplicate column name: a");
  EXPECT_EQ(db->digest(), before);
  EXPECT_EQ(db->schema()->version, 1U);
  EXPECT_EQ(codes(run(*db, {added(1, "still version 1")})), Codes{kNone});
  expect_sound_digest(*db);
}

}  // namespace
}  // namespace tablog::storage
