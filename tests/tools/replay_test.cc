// The database that a log makes.
#include <gmock/gmock.h>

#include "storage/state_database.h"
#include "tests/tools/sample_store.h"

namespace tablog::tools {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string ask(const std::string& file, const std::string& sql) {
  const auto database = storage::StateDatabase::from_image(read_file(file));
  EXPECT_TRUE(database) << database.error().message;
  return samples::ask(**database, sql);
}

TEST(ReplayTest, FileHasTheRowsAndTheDigestOfTheStore) {
  SampleStore store;
  store.fill(30);
  store.append({samples::exec("UPDATE todo SET done = id % 2", {})});
  const std::string file = store.at("out.sqlite3");
  const Ran ran = tablog({"replay", store.export_log(), "-o", file, "--output", "json"});
  EXPECT_EQ(ran.code, 0) << ran.notes;
  EXPECT_EQ(ran.json()["applied"], 33);
  EXPECT_EQ(ran.json()["digest"], to_hex(store.store().state().digest().bytes));
  EXPECT_EQ(ran.json()["digestsCompared"], 33);
  const std::string sql = "SELECT count(*) AS n, sum(done) AS d, max(title) AS t FROM todo";
  EXPECT_EQ(ask(file, sql), samples::ask(store.store().state(), sql));
}

TEST(ReplayTest, DirectoryAndExportGiveTheSameFile) {
  SampleStore store;
  store.fill(10);
  EXPECT_EQ(tablog({"replay", store.export_log(), "-o", store.at("a")}).code, 0);
  EXPECT_EQ(tablog({"replay", store.directory(), "-o", store.at("b")}).code, 0);
  EXPECT_EQ(read_file(store.at("a")), read_file(store.at("b")));
}

TEST(ReplayTest, DigestsAreToldPerTable) {
  SampleStore store;
  store.fill(4);
  const auto replayed =
      tablog({"replay", store.directory(), "--digests", "--output", "json"}).json();
  const auto expected = store.store().state().table_digests();
  ASSERT_TRUE(expected);
  ASSERT_EQ(replayed["tables"].size(), expected->size());
  for (std::size_t i = 0; i < expected->size(); ++i) {
    EXPECT_EQ(replayed["tables"][i]["name"], expected->at(i).first);
    EXPECT_EQ(replayed["tables"][i]["digest"], to_hex(expected->at(i).second.bytes));
  }
  EXPECT_EQ(replayed["file"], nullptr);
}

TEST(ReplayTest, StopsBehindTheEntryThatAtNames) {
  SampleStore store;
  store.fill(20);
  const std::string file = store.at("as-of.sqlite3");
  const Ran ran =
      tablog({"replay", store.directory(), "--at", "12", "-o", file, "--output", "json"});
  EXPECT_EQ(ran.code, 0) << ran.notes;
  EXPECT_EQ(ran.json()["applied"], 12);
  EXPECT_EQ(ran.json()["digestsCompared"], 12);
  EXPECT_EQ(ask(file, "SELECT count(*) AS n FROM todo"), "n=10");
}

TEST(ReplayTest, AtWithinARequestNamesItsEnds) {
  SampleStore store;
  store.fill(0);
  store.append({samples::together(
      {samples::added(1, "a"), samples::added(2, "b"), samples::added(3, "c")})});
  const Ran ran = tablog({"replay", store.directory(), "--at", "4"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.notes, HasSubstr("entries 3 to 5"));
  EXPECT_EQ(tablog({"replay", store.directory(), "--at", "5"}).code, 0);
  EXPECT_EQ(tablog({"replay", store.directory(), "--at", "2"}).code, 0);
}

TEST(ReplayTest, AtBehindTheLogIsUsage) {
  SampleStore store;
  store.fill(1);
  EXPECT_EQ(tablog({"replay", store.directory(), "--at", "9"}).code, 2);
}

TEST(ReplayTest, ExistingFileStaysUnlessForced) {
  SampleStore store;
  store.fill(2);
  const std::string file = store.at("out.sqlite3");
  write_file(file, Bytes(3, std::byte{'x'}));
  write_file(file + "-wal", Bytes(3, std::byte{'x'}));
  const Ran refused = tablog({"replay", store.directory(), "-o", file});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.notes, HasSubstr("--force"));
  EXPECT_EQ(read_file(file).size(), 3U);
  EXPECT_EQ(tablog({"replay", store.directory(), "-o", file, "--force"}).code, 0);
  EXPECT_EQ(ask(file, "SELECT count(*) AS n FROM todo"), "n=2");
  EXPECT_FALSE(std::filesystem::exists(file + "-wal"));
  EXPECT_FALSE(std::filesystem::exists(file + ".partial"));
}

TEST(ReplayTest, LogItselfIsNeverTheTarget) {
  SampleStore store;
  store.fill(2);
  const std::string log = store.export_log();
  const Bytes before = read_file(log);
  EXPECT_EQ(tablog({"replay", log, "-o", log, "--force"}).code, 2);
  EXPECT_EQ(read_file(log), before);
}

TEST(ReplayTest, TargetThatCannotBeWrittenIsAnIoError) {
  SampleStore store;
  store.fill(1);
  const Ran ran = tablog({"replay", store.directory(), "-o", store.at("no/such/out.sqlite3")});
  EXPECT_EQ(ran.code, 5);
  EXPECT_THAT(ran.notes, HasSubstr("No such file"));
  EXPECT_THAT(ran.data, IsEmpty());
}

}  // namespace
}  // namespace tablog::tools
