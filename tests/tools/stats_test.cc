// stats, and what it counts with.
#include <gmock/gmock.h>

#include "tests/tools/sample_store.h"
#include "tools/tally.h"

namespace tablog::tools {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

TEST(StatsTest, CountsPerTypeTermClientAndSize) {
  SampleStore store;
  store.fill(40);
  store.append_in_term(Term{2}, {samples::control(TermStart{samples::client(8)})});
  store.append({samples::added(50, "a"), samples::added(51, "b"), samples::added(52, "c")});
  const Ran ran = tablog({"stats", store.export_log(), "-o", "json"});
  EXPECT_EQ(ran.code, 0) << ran.notes;
  const auto stats = ran.json();
  EXPECT_EQ(stats.at("entries"), 46);
  EXPECT_EQ(stats.at("batches"), 44);
  ASSERT_THAT(stats.at("types"), SizeIs(1));
  EXPECT_EQ(stats.at("types")[0].at("type"), "todo.added");
  EXPECT_EQ(stats.at("types")[0].at("entries"), 43);
  EXPECT_EQ(stats.at("types")[0].at("first"), 3);
  EXPECT_EQ(stats.at("types")[0].at("last"), 46);
  ASSERT_THAT(stats.at("terms"), SizeIs(2));
  EXPECT_EQ(stats.at("terms")[1].at("entries"), 4);
  EXPECT_EQ(stats.at("batchEntries").at("max"), 3);
  EXPECT_EQ(stats.at("batchEntries").at("sum"), 46);
  std::uint64_t sizes = 0;
  for (const auto& bucket : stats.at("entryBytes").at("buckets")) {
    sizes += bucket.at("count").get<std::uint64_t>();
  }
  EXPECT_EQ(sizes, 46U);
  std::uint64_t times = 0;
  for (const auto& span : stats.at("times")) times += span.at("entries").get<std::uint64_t>();
  EXPECT_EQ(times, 46U);
}

TEST(StatsTest, OneQuestionIsRows) {
  SampleStore store;
  store.fill(3);
  const auto rows = tablog({"stats", store.directory(), "--by", "kind", "-o", "ndjson"}).lines();
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[0].at("kind"), "event");
  EXPECT_EQ(rows[0].at("entries"), 3);
  const Ran sql = tablog({"stats", store.directory(), "--by", "type", "-o", "sql"});
  EXPECT_THAT(sql.data, AllOf(HasSubstr("CREATE TABLE IF NOT EXISTS \"type\"("),
                              HasSubstr("INSERT INTO \"type\" VALUES ('todo.added', 3, ")));
}

TEST(StatsTest, TableHasBars) {
  SampleStore store;
  store.fill(8);
  const Ran ran = tablog({"stats", store.directory()});
  EXPECT_THAT(ran.data, AllOf(HasSubstr("todo.added  8  ########################################"),
                              HasSubstr("time, in spans of 1 s"), Not(HasSubstr(" \n"))));
}

TEST(StatsTest, DamageEndsTheCountAndIsTold) {
  SampleStore store;
  store.fill(200);
  const std::string path = store.export_log();
  flip_byte(path, std::filesystem::file_size(path) / 2);
  const Ran ran = tablog({"stats", path, "-o", "json"});
  EXPECT_EQ(ran.code, 4);
  EXPECT_GT(ran.json().at("entries"), 10);
  EXPECT_LT(ran.json().at("entries"), 190);
}

// ---- the histogram through time

std::uint64_t total(const std::vector<Timeline::Span>& spans) {
  std::uint64_t sum = 0;
  for (const auto& span : spans) sum += span.entries;
  return sum;
}

TEST(TimelineTest, ManySpansAreJoinedAndNoEntryIsLost) {
  Timeline timeline;
  for (std::int64_t i = 0; i < 100'000; ++i) timeline.add(i * 61'000);
  EXPECT_EQ(total(timeline.spans(24)), 100'000U);
  EXPECT_LE(timeline.spans(24).size(), 24U);
  EXPECT_EQ(timeline.length_ms(24), 7 * 86'400'000LL);
}

TEST(TimelineTest, EmptySpansBetweenOthersAreThere) {
  Timeline timeline;
  timeline.add(1000);
  timeline.add(5500);
  const auto spans = timeline.spans(24);
  ASSERT_THAT(spans, SizeIs(5));
  EXPECT_EQ(spans[0].entries, 1U);
  EXPECT_EQ(spans[2].entries, 0U);
  EXPECT_EQ(spans[4].entries, 1U);
}

TEST(TimelineTest, TimesOfNoCalendarAreCounted) {
  Timeline timeline;
  for (const std::int64_t time : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, INT64_MAX}) {
    timeline.add(time);
  }
  EXPECT_EQ(total(timeline.spans(24)), 4U);
}

TEST(MagnitudesTest, BucketsAreByPowersOfTwo) {
  Magnitudes sizes;
  for (const std::uint64_t size : {0, 1, 2, 3, 4, 1023, 1024}) sizes.add(size);
  EXPECT_EQ(sizes.buckets[0], 1U);
  EXPECT_EQ(sizes.buckets[1], 1U);
  EXPECT_EQ(sizes.buckets[2], 2U);
  EXPECT_EQ(sizes.buckets[10], 1U);
  EXPECT_EQ(sizes.buckets[11], 1U);
  sizes.add(UINT64_MAX);
  EXPECT_EQ(sizes.buckets[63], 1U);
}

}  // namespace
}  // namespace tablog::tools
