#include <gmock/gmock.h>

#include "tests/tools/sample_store.h"

namespace tablog::tools {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// With a digest that is not the state's, as a leader would leave whose SQLite did something else.
void append_with_wrong_digest(SampleStore& store, const std::vector<BatchItem>& items) {
  const auto done = store.store().state().execute(
      {.term = Term{1}, .time_ms = 1'800'000'000'000, .wall_ms = 0, .seed = 1}, items);
  ASSERT_TRUE(done);
  Digest wrong = done->digest;
  wrong.bytes[0] ^= std::byte{1};
  ASSERT_TRUE(store.store().log().append(samples::entries(*done), wrong));
  ASSERT_TRUE(store.store().log().flush());
}

TEST(AuditTest, SoundLogIsClean) {
  SampleStore store;
  store.fill(30);
  const Ran ran = tablog({"audit", store.export_log()});
  EXPECT_EQ(ran.code, 0) << ran.data;
  EXPECT_THAT(ran.data, AllOf(HasSubstr("executed 32 entries again"),
                              HasSubstr("unordered rows the other way round: the same state")));
}

TEST(AuditTest, BatchThatDivergesIsNamedWithItsSql) {
  SampleStore store;
  store.fill(3);
  append_with_wrong_digest(store, {samples::added(8, "eight"), samples::added(9, "nine")});
  const std::string path = store.export_log();
  const Ran ran = tablog({"audit", path, "-o", "json"});
  EXPECT_EQ(ran.code, 1);
  const auto divergence = ran.json().at("divergence");
  EXPECT_EQ(divergence.at("index"), 7);
  EXPECT_EQ(divergence.at("orderExplains"), false);
  ASSERT_THAT(divergence.at("suspects"), SizeIs(2));
  EXPECT_EQ(divergence.at("suspects")[0].at("index"), 6);
  EXPECT_EQ(divergence.at("suspects")[0].at("ran"),
            "INSERT INTO todo(id, title) VALUES (:id, :title)");
  EXPECT_THAT(tablog({"audit", path}).data,
              AllOf(HasSubstr("BAD   after entry 7"), HasSubstr("entry 6: todo.added id=8")));
}

TEST(AuditTest, EntryThatDependsOnTheOrderOfRowsIsNamed) {
  SampleStore store;
  store.fill(3);
  store.append({samples::exec("CREATE TABLE copy(n INTEGER PRIMARY KEY, title)")});
  store.append({samples::exec("INSERT INTO copy(title) SELECT title FROM todo ORDER BY id")});
  store.append({samples::exec("INSERT INTO copy(title) SELECT title FROM todo")});
  const Ran ran = tablog({"audit", store.export_log(), "-o", "json"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.json().at("divergence"), nullptr);
  const auto order = ran.json().at("orderDependent");
  EXPECT_EQ(order.at("entry").at("index"), 8);
  EXPECT_THAT(order.at("tables"), ElementsAre("copy"));
}

TEST(AuditTest, TornTailIsTold) {
  SampleStore store;
  store.fill(3);
  store.tear_tail();
  EXPECT_EQ(tablog({"audit", store.directory()}).code, 3);
}

}  // namespace
}  // namespace tablog::tools
