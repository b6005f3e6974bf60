// diff of two logs: the first entry at which they are not one.
#include <gmock/gmock.h>

#include "tests/tools/sample_store.h"

namespace tablog::tools {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(DiffTest, LogIsTheSameAsItsExport) {
  SampleStore store;
  store.fill(20);
  const Ran ran = tablog({"diff", store.export_log(), store.directory()});
  EXPECT_EQ(ran.code, 0) << ran.notes;
  EXPECT_EQ(ran.data, "the same entries through 22\n");
}

TEST(DiffTest, EarlierExportEndsWhereTheLaterGoesOn) {
  SampleStore store;
  store.fill(20);
  const std::string earlier = store.export_log("earlier.tablog");
  store.append({samples::added(100, "more")});
  const Ran ran = tablog({"diff", earlier, store.export_log(), "-o", "json"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.json().at("common"), 22);
  EXPECT_EQ(ran.json().at("index"), 23);
  EXPECT_EQ(ran.json().at("entryA"), nullptr);
  EXPECT_EQ(ran.json().at("entryB").at("args").at("title"), "more");
}

TEST(DiffTest, FirstDivergentEntryIsNamedWithBothSides) {
  SampleStore one;
  SampleStore other;
  for (SampleStore* store : {&one, &other}) {
    store->append_in_term(Term{1}, {samples::control(TermStart{samples::client(9)})});
    store->append({samples::control(samples::schema())});
  }
  one.append({samples::exec("INSERT INTO todo(title) VALUES ('one')")});
  other.append({samples::exec("INSERT INTO todo(title) VALUES ('other')")});
  one.append({samples::exec("INSERT INTO todo(title) VALUES ('again')")});
  const Ran ran = tablog({"diff", one.export_log(), other.export_log()});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.data, AllOf(HasSubstr("they part at entry 3\n"), HasSubstr("VALUES ('one')"),
                              HasSubstr("VALUES ('other')")));
}

TEST(DiffTest, DamageOnTheWayIsTold) {
  SampleStore store;
  store.fill(200);
  const std::string path = store.export_log("damaged.tablog");
  flip_byte(path, std::filesystem::file_size(path) / 2);
  EXPECT_EQ(tablog({"diff", path, store.export_log()}).code, 4);
}

TEST(DiffTest, WordsThatAreNoIndexesAreUsage) {
  SampleStore store;
  store.fill(2);
  const std::string path = store.export_log();
  EXPECT_EQ(tablog({"diff", path, "1", "x"}).code, 2);
  EXPECT_EQ(tablog({"diff", path, "1", "99"}).code, 2);
  EXPECT_EQ(tablog({"diff", path}).code, 2);
}

}  // namespace
}  // namespace tablog::tools
