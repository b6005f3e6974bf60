// query, diff of two indexes, and what get tells of an entry's effect: states made from the log.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <cstring>

#include "tests/tools/sample_store.h"

namespace tablog::tools {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// A SQLite database without a store around it, as whoever gets the file has it.
class PlainDatabase {
 public:
  explicit PlainDatabase(const std::string& path) {
    const Bytes image = read_file(path);
    const auto bytes = static_cast<sqlite3_int64>(image.size());
    auto* copy = static_cast<unsigned char*>(sqlite3_malloc64(image.size()));
    std::memcpy(copy, image.data(), image.size());
    sqlite3_open(":memory:", &db_);
    sqlite3_deserialize(db_, "main", copy, bytes, bytes,
                        SQLITE_DESERIALIZE_RESIZEABLE | SQLITE_DESERIALIZE_FREEONCLOSE);
  }
  ~PlainDatabase() { sqlite3_close(db_); }
  PlainDatabase(const PlainDatabase&) = delete;
  PlainDatabase& operator=(const PlainDatabase&) = delete;

  // Empty, or what went wrong.
  std::string run(const std::string& script) {
    char* words = nullptr;
    sqlite3_exec(db_, script.c_str(), nullptr, nullptr, &words);
    const std::string text = words == nullptr ? "" : words;
    sqlite3_free(words);
    return text;
  }

  // One expression of each row; empty: there is no such table.
  std::string rows(const std::string& table, const std::string& columns) {
    std::string text;
    const std::string sql = "SELECT quote(" + columns + ") FROM " + table;
    sqlite3_exec(
        db_, sql.c_str(),
        [](void* to, int, char** values, char**) {
          *static_cast<std::string*>(to) += std::string(values[0]) + "\n";
          return 0;
        },
        &text, nullptr);
    return text;
  }

 private:
  sqlite3* db_{};
};

class QueryTest : public testing::Test {
 protected:
  QueryTest() { store_.fill(5); }
  // Without the term start and the schema before them: entry 3 adds to-do 1.
  SampleStore store_;
};

TEST_F(QueryTest, SeesTheStateAsOfTheIndex) {
  const std::string path = store_.export_log();
  const auto at = [&](const char* index) {
    return tablog({"query", path, "--at", index, "SELECT count(*) AS n FROM todo", "-o", "json"})
        .json()[0]
        .at("n")
        .get<int>();
  };
  EXPECT_EQ(at("2"), 0);
  EXPECT_EQ(at("3"), 1);
  EXPECT_EQ(at("7"), 5);
  EXPECT_EQ(tablog({"query", path, "SELECT count(*) AS n FROM todo", "-o", "ndjson"}).data,
            "{\"n\":5}\n");
}

TEST_F(QueryTest, ValuesArriveAsWhatTheyAre) {
  store_.append({samples::exec("CREATE TABLE odd(a, b, c, d, e)")});
  store_.append(
      {samples::exec("INSERT INTO odd VALUES (9007199254740993, 0.5, x'00ff', NULL, 'it''s')")});
  const std::string path = store_.export_log();
  const auto query = [&](const char* format) {
    return tablog({"query", path, "SELECT a, b, c, d, e, e AS a FROM odd", "-o", format});
  };
  EXPECT_EQ(
      query("ndjson").data,
      "{\"a\":{\"$int\":\"9007199254740993\"},\"b\":0.5,\"c\":{\"$blob\":\"AP8=\"},\"d\":null,"
      "\"e\":\"it's\",\"a:2\":\"it's\"}\n");
  EXPECT_THAT(query("sql").data,
              AllOf(HasSubstr("CREATE TABLE IF NOT EXISTS \"result\"(\"a\", \"b\", \"c\", \"d\", "
                              "\"e\", \"a:2\");"),
                    HasSubstr("INSERT INTO \"result\" VALUES (9007199254740993, 0.5, x'00ff', "
                              "NULL, 'it''s', 'it''s');")));
}

TEST_F(QueryTest, MistakesAreUsageAndSayWhat) {
  const std::string path = store_.export_log();
  const auto said = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words{"query", path};
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = tablog(words);
    EXPECT_EQ(ran.code, 2) << testing::PrintToString(more);
    EXPECT_THAT(ran.data, IsEmpty());
    return ran.notes;
  };
  EXPECT_THAT(said({"SELECT nonsense FROM todo"}), HasSubstr("no such column: nonsense"));
  EXPECT_THAT(said({"DELETE FROM todo"}), HasSubstr("only reads"));
  EXPECT_THAT(said({"SELECT 1; SELECT 2"}), HasSubstr("one statement"));
  EXPECT_THAT(said({"--at", "8", "SELECT 1"}), HasSubstr("the log ends with 7"));
}

TEST_F(QueryTest, IndexInsideARequestHasNoState) {
  store_.append({samples::together({samples::added(10, "a"), samples::added(11, "b")})});
  const Ran ran = tablog({"query", store_.export_log(), "--at", "8", "SELECT 1"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.notes, HasSubstr("entries 8 to 9"));
}

// ---- diff FROM TO

TEST_F(QueryTest, DiffTellsRowsThatWereAddedChangedAndRemoved) {
  store_.append(
      {samples::exec("UPDATE todo SET done = 1 WHERE id = 2; DELETE FROM todo WHERE id = "
                     "3; INSERT INTO todo(id, title) VALUES (9, 'nine')")});
  const std::string path = store_.export_log();
  const Ran table = tablog({"diff", path, "7", "8"});
  EXPECT_EQ(table.code, 1);
  EXPECT_THAT(lines_of(table.data),
              ElementsAre("~ todo id=2  done: 0 → 1", "- todo id=3  title='todo 3' done=0",
                          "+ todo id=9  title='nine' done=0"));
  const auto rows = tablog({"diff", path, "7", "8", "-o", "ndjson"}).lines();
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[0].at("change"), "update");
  EXPECT_EQ(rows[0].at("before").at("done"), 0);
  EXPECT_EQ(rows[0].at("after").at("done"), 1);
  EXPECT_EQ(rows[1].at("after"), nullptr);
}

TEST_F(QueryTest, DiffAsSqlMakesTheOneStateTheOther) {
  store_.append({samples::exec("CREATE TABLE loose(a, b)")});
  store_.append({samples::exec("INSERT INTO loose VALUES (1, 'x'), (2, x'00')")});
  store_.append(
      {samples::exec("UPDATE loose SET b = NULL WHERE a = 1; DELETE FROM todo WHERE id < "
                     "3; UPDATE todo SET title = 'q''q' WHERE id = 4")});
  const std::string path = store_.export_log();
  const std::string database = store_.at("from.sqlite3");
  for (const auto& [from, to] : {std::pair{"3", "10"}, {"10", "3"}, {"9", "10"}}) {
    std::filesystem::remove(database);
    ASSERT_EQ(tablog({"replay", path, "--at", from, "-o", database}).code, 0);
    const Ran diff = tablog({"diff", path, from, to, "-o", "sql"});
    EXPECT_EQ(diff.code, 1) << diff.notes;
    const std::string goal = store_.at("to.sqlite3");
    std::filesystem::remove(goal);
    ASSERT_EQ(tablog({"replay", path, "--at", to, "-o", goal}).code, 0);
    PlainDatabase patched(database);
    PlainDatabase wanted(goal);
    EXPECT_EQ(patched.run(diff.data), "") << diff.data;
    EXPECT_EQ(patched.rows("todo", "id || title || done"),
              wanted.rows("todo", "id || title || done"));
    EXPECT_EQ(patched.rows("loose", "a || ifnull(b, '-')"),
              wanted.rows("loose", "a || ifnull(b, '-')"));
  }
}

TEST_F(QueryTest, DiffAsSqlMakesAgainWhatIsDefinedOnARedefinedTable) {
  store_.append({samples::exec("CREATE INDEX by_title ON todo(done, title)")});
  store_.append({samples::exec("ALTER TABLE todo ADD COLUMN priority INTEGER DEFAULT 3")});
  const std::string path = store_.export_log();
  const std::string database = store_.at("from.sqlite3");
  ASSERT_EQ(tablog({"replay", path, "--at", "8", "-o", database}).code, 0);
  PlainDatabase patched(database);
  EXPECT_EQ(patched.run(tablog({"diff", path, "8", "9", "-o", "sql"}).data), "");
  EXPECT_EQ(
      patched.rows("sqlite_schema WHERE name IN ('by_title', 'no_swearing') ORDER BY name", "name"),
      "'by_title'\n'no_swearing'\n");
  EXPECT_EQ(patched.rows("todo", "priority"), "3\n3\n3\n3\n3\n");
  EXPECT_THAT(tablog({"diff", path, "8", "9"}).data, Not(HasSubstr("by_title")));
}

TEST_F(QueryTest, DiffOfOneStateIsEmpty) {
  const Ran ran = tablog({"diff", store_.export_log(), "5", "5"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.data, IsEmpty());
}

// ---- get

TEST_F(QueryTest, GetTellsTheSqlAndTheRows) {
  store_.append({samples::event("todo.toggled", {{.name = "id", .value = std::int64_t{4}}})});
  const auto effect = tablog({"get", store_.export_log(), "8", "-o", "json"}).json().at("effect");
  EXPECT_EQ(effect.at("sql"), "UPDATE todo SET done = NOT done WHERE id = :id");
  ASSERT_THAT(effect.at("changes"), SizeIs(1));
  EXPECT_EQ(effect.at("changes")[0].at("before").at("done"), 0);
  EXPECT_EQ(effect.at("changes")[0].at("after").at("done"), 1);
  EXPECT_EQ(effect.at("more"), false);
}

TEST_F(QueryTest, GetTellsEachEntryOfARequestByItself) {
  store_.append({samples::together({samples::added(10, "a"), samples::added(11, "b")})});
  const std::string path = store_.export_log();
  for (const auto& [index, id] : {std::pair{"8", 10}, {"9", 11}}) {
    const auto changes =
        tablog({"get", path, index, "-o", "json"}).json().at("effect").at("changes");
    ASSERT_THAT(changes, SizeIs(1)) << index;
    EXPECT_EQ(changes[0].at("after").at("id"), id);
  }
}

TEST_F(QueryTest, GetCutsWhatIsLong) {
  store_.append({samples::exec("UPDATE todo SET done = 1")});
  const std::string path = store_.export_log();
  const auto effect = tablog({"get", path, "8", "--rows", "2", "-o", "json"}).json().at("effect");
  EXPECT_THAT(effect.at("changes"), SizeIs(2));
  EXPECT_EQ(effect.at("more"), true);
  const auto all = tablog({"get", path, "8", "--rows", "5", "-o", "json"}).json().at("effect");
  EXPECT_THAT(all.at("changes"), SizeIs(5));
  EXPECT_EQ(all.at("more"), false);
}

TEST_F(QueryTest, GetBriefDoesNotReplay) {
  const Ran ran = tablog({"get", store_.export_log(), "4", "--brief", "-o", "json"});
  EXPECT_EQ(ran.json().at("effect"), nullptr);
  EXPECT_EQ(ran.json().at("index"), 4);
}

TEST_F(QueryTest, GetOfASchemaTellsItsTables) {
  const Ran ran = tablog({"get", store_.export_log(), "2"});
  EXPECT_THAT(ran.data, AllOf(HasSubstr("definitions changed"), HasSubstr("+ table todo"),
                              HasSubstr("+ trigger no_swearing")));
}

}  // namespace
}  // namespace tablog::tools
