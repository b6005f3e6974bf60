// What dump is asked for: --where, --table, --since and --until.
#include <gmock/gmock.h>

#include "tests/tools/sample_store.h"
#include "tools/point_in_time.h"

namespace tablog::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FilterTest : public testing::Test {
 protected:
  FilterTest() {
    store_.fill(4);  // entries 3 to 6, 1 s apart
    store_.append({samples::exec("UPDATE todo SET done = ?1 WHERE id < 3",
                                 {{.name = "1", .value = std::int64_t{1}}})});
    store_.append({samples::event("note.added", {{.name = "todo", .value = std::int64_t{1}},
                                                 {.name = "body", .value = std::string("due")}})});
    store_.append({samples::event("note.stamped", {{.name = "todo", .value = std::int64_t{2}}})});
    path_ = store_.export_log();
  }

  std::vector<int> indexes(const std::vector<std::string>& options) {
    std::vector<std::string> words{"dump", path_, "-o", "ndjson"};
    words.insert(words.end(), options.begin(), options.end());
    const Ran ran = tablog(words);
    EXPECT_EQ(ran.code, 0) << ran.notes;
    std::vector<int> found;
    for (const auto& line : ran.lines()) found.push_back(line.at("index").get<int>());
    return found;
  }

  SampleStore store_;
  std::string path_;
};

TEST_F(FilterTest, WhereSeesArgumentsByName) {
  EXPECT_THAT(indexes({"--where", "id = 2"}), ElementsAre(4));
  EXPECT_THAT(indexes({"--where", "title LIKE 'TODO%' AND id > 2"}), ElementsAre(5, 6));
  EXPECT_THAT(indexes({"--where", "body = 'due' OR todo = 2"}), ElementsAre(8));
  EXPECT_THAT(indexes({"--where", "args ->> 'todo' = 2"}), ElementsAre(9));
}

TEST_F(FilterTest, WhereSeesTheEntryItself) {
  EXPECT_THAT(indexes({"--where", "\"index\" % 2 = 0 AND kind = 'event'"}), ElementsAre(4, 6, 8));
  EXPECT_THAT(indexes({"--where", "type GLOB 'note.*'"}), ElementsAre(8, 9));
  EXPECT_THAT(indexes({"--where", "sql LIKE 'UPDATE%' AND \"1\" = 1"}), ElementsAre(7));
  EXPECT_THAT(indexes({"--where", "term = 1 AND client IS NULL"}), ElementsAre(1, 2));
}

TEST_F(FilterTest, WhereIsTrueAsSqlHasIt) {
  EXPECT_THAT(indexes({"--where", "NULL"}), IsEmpty());
  EXPECT_THAT(indexes({"--where", "0.5", "--limit", "1"}), ElementsAre(1));
  EXPECT_THAT(indexes({"--where", "id = 2 -- and no more"}), ElementsAre(4));
}

TEST_F(FilterTest, WhereThatIsNoneOrNamesNothingIsUsage) {
  const auto said = [&](const char* expression) {
    const Ran ran = tablog({"dump", path_, "--where", expression});
    EXPECT_EQ(ran.code, 2) << expression;
    return ran.notes;
  };
  EXPECT_THAT(said("id = = 2"), HasSubstr("syntax error"));
  EXPECT_THAT(said("titel = 2"), HasSubstr("no such column: titel"));
  EXPECT_THAT(said("1) FROM (SELECT 1); SELECT (2"), HasSubstr("one expression"));
  EXPECT_THAT(said("(WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT "
                   "max(x) FROM n)"),
              HasSubstr("interrupted"));
}

TEST_F(FilterTest, TableTakesWhatTriggersAndStatementsChanged) {
  EXPECT_THAT(indexes({"--table", "note"}), ElementsAre(2, 8, 9));
  EXPECT_THAT(indexes({"--table", "TODO", "--kind", "event", "--kind", "exec"}),
              ElementsAre(3, 4, 5, 6, 7, 9));
  EXPECT_THAT(indexes({"--table", "note", "--reverse", "--limit", "2"}), ElementsAre(9, 8));
}

TEST_F(FilterTest, TableThatNeverWasIsUsage) {
  const Ran ran = tablog({"dump", path_, "--table", "nosuch"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.notes, HasSubstr("never been a table \"nosuch\""));
}

TEST_F(FilterTest, DefinitionsOfOtherTablesAreNotThisOnes) {
  store_.append({samples::exec("CREATE TABLE other(a)")});
  store_.append({samples::exec("CREATE INDEX note_body ON note(body)")});
  path_ = store_.export_log();
  EXPECT_THAT(indexes({"--table", "other"}), ElementsAre(10));
  EXPECT_THAT(indexes({"--table", "note"}), ElementsAre(2, 8, 9, 11));
}

TEST_F(FilterTest, ClientIsHexadecimal) {
  EXPECT_EQ(tablog({"dump", path_, "--client", "zz"}).code, 2);
}

TEST_F(FilterTest, TimesAreInclusive) {
  const auto entries = tablog({"dump", path_, "-o", "json"}).json();
  const std::string third = std::to_string(entries[2].at("time").get<std::int64_t>());
  const std::string fifth = std::to_string(entries[4].at("time").get<std::int64_t>());
  EXPECT_THAT(indexes({"--since", third, "--until", fifth}), ElementsAre(3, 4, 5));
  EXPECT_EQ(tablog({"dump", path_, "--since", "yesterday"}).code, 2);
}

// ---- points in time

constexpr std::int64_t kNow = 1'800'000'000'000;  // 2027-01-15T08:00:00Z

TEST(PointInTimeTest, IsADateATimeAnAgeOrANumber) {
  const auto at = [](const std::string& text) {
    return parse_point_in_time(text, kNow).value_or(-1);
  };
  EXPECT_EQ(at("2027-01-15"), kNow - 8 * 3'600'000);
  EXPECT_EQ(at("2027-01-15T08:00"), kNow);
  EXPECT_EQ(at("2027-01-15 08:00:01"), kNow + 1000);
  EXPECT_EQ(at("2027-01-15T08:00:00.123Z"), kNow + 123);
  EXPECT_EQ(at("90s"), kNow - 90'000);
  EXPECT_EQ(at("15min"), kNow - 900'000);
  EXPECT_EQ(at("2h"), kNow - 7'200'000);
  EXPECT_EQ(at("3d"), kNow - 259'200'000);
  EXPECT_EQ(at("1700000000000"), 1'700'000'000'000);
}

TEST(PointInTimeTest, NothingElseIsOne) {
  for (const char* text :
       {"", "x", "2027-02-30", "2027-1-15", "2027-01-15T25:00", "2027-01-15T08", "-3", "3 h",
        "99999999999999999999", "2027-01-15T08:00:00.1", "9999999d"}) {
    EXPECT_FALSE(parse_point_in_time(text, kNow)) << text;
  }
}

}  // namespace
}  // namespace tablog::tools
