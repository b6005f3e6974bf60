// gaps: what is missing or odd in a log's numbers.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/tools/sample_store.h"
#include "tools/gap_finder.h"

namespace tablog::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Entry entry(std::uint64_t index, std::int64_t time_ms, EntryBody body = Event{"a", {}}) {
  return {.index = Index{index},
          .term = Term{1},
          .time_ms = time_ms,
          .wall_ms = time_ms,
          .body = std::move(body)};
}

Entry request(std::uint64_t index, std::uint8_t client, std::uint64_t number) {
  Entry made = entry(index, 1000);
  made.request = RequestStamp{.client = samples::client(client), .number = RequestNumber{number}};
  return made;
}

std::vector<Gap> find(const std::vector<Entry>& entries, std::int64_t pause_ms = 60'000,
                      bool whole = true) {
  GapFinder finder(pause_ms, whole);
  std::vector<Gap> found;
  for (const Entry& each : entries) {
    for (Gap& gap : finder.add(each)) found.push_back(std::move(gap));
  }
  for (Gap& gap : finder.finish()) found.push_back(std::move(gap));
  return found;
}

TEST(GapFinderTest, RequestsWithoutAnEntryAreNamedWithTheirNeighbours) {
  const auto found = find({request(1, 1, 1), request(2, 2, 1), request(3, 1, 2), request(4, 1, 6)});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, "request");
  EXPECT_EQ(found[0].client, samples::client(1));
  EXPECT_EQ(found[0].from, Index{3});
  EXPECT_EQ(found[0].to, Index{4});
  EXPECT_EQ(found[0].first_number, RequestNumber{3});
  EXPECT_EQ(found[0].last_number, RequestNumber{5});
  EXPECT_EQ(found[0].what, "requests 3 to 5 have no entry: rejected, lost on the way");
}

TEST(GapFinderTest, FirstRequestsAreMissedOnlyInALogThatGoesBackToTheBeginning) {
  EXPECT_THAT(find({request(1, 1, 3)}), SizeIs(1));
  EXPECT_THAT(find({request(1, 1, 3)}, 60'000, false), IsEmpty());
  EXPECT_THAT(find({request(1, 1, 3), request(2, 1, 5)}, 60'000, false), SizeIs(1));
}

TEST(GapFinderTest, EntriesOfOneRequestAreNoGap) {
  EXPECT_THAT(find({request(1, 1, 1), request(2, 1, 1), request(3, 1, 2)}), IsEmpty());
}

TEST(GapFinderTest, SessionThatIsClosedIsForgotten) {
  EXPECT_THAT(
      find({request(1, 1, 1), entry(2, 1000, SessionClose{samples::client(1)}), request(3, 1, 1)}),
      IsEmpty());
}

TEST(GapFinderTest, PauseIsAsLongAsAskedFor) {
  const std::vector<Entry> entries{entry(1, 0), entry(2, 59'999), entry(3, 119'999)};
  const auto found = find(entries);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, "pause");
  EXPECT_EQ(found[0].from, Index{2});
  EXPECT_EQ(found[0].to, Index{3});
  EXPECT_EQ(found[0].ms, 60'000);
  EXPECT_THAT(find(entries, 59'999), SizeIs(2));
}

TEST(GapFinderTest, HandOverIsTimedAndIsNoPause) {
  Entry next = entry(2, 100'000, TermStart{samples::client(7)});
  next.term = Term{2};
  const auto found = find({entry(1, 0), next});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, "handover");
  EXPECT_EQ(found[0].ms, 100'000);
  EXPECT_THAT(found[0].what, HasSubstr("from term 1 to term 2, led by 07070707"));
}

TEST(GapFinderTest, WallClockThatWasPutBackIsOneRowUntilItHasCaughtUp) {
  std::vector<Entry> entries{entry(1, 10'000), entry(2, 10'000), entry(3, 10'000),
                             entry(4, 11'000)};
  entries[1].wall_ms = 4'000;
  entries[2].wall_ms = 9'000;
  const auto found = find(entries);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].kind, "clock");
  EXPECT_EQ(found[0].from, Index{2});
  EXPECT_EQ(found[0].to, Index{3});
  EXPECT_EQ(found[0].ms, 6'000);
  EXPECT_THAT(found[0].what, HasSubstr("6.0 s behind"));
  entries.resize(2);
  EXPECT_THAT(find(entries), SizeIs(1));  // still so at the end
}

TEST(GapFinderTest, TimesThatNoClockHasDoNotOverflow) {
  std::vector<Entry> entries{entry(1, INT64_MIN), entry(2, INT64_MAX)};
  entries[1].wall_ms = INT64_MIN;
  EXPECT_THAT(find(entries), SizeIs(2));
}

TEST(GapFinderTest, SessionsBeyondTheLimitAreCounted) {
  GapFinder finder(60'000, true);
  Entry each = request(1, 1, 1);
  for (std::size_t i = 0; i < GapFinder::kSessionsMax + 5; ++i) {
    each.request->client.bytes[0] = static_cast<std::byte>(i & 0xFFU);
    each.request->client.bytes[1] = static_cast<std::byte>(i >> 8U & 0xFFU);
    each.request->client.bytes[2] = static_cast<std::byte>(i >> 16U);
    EXPECT_THAT(finder.add(each), IsEmpty());
  }
  EXPECT_EQ(finder.unfollowed(), 5U);
}

TEST(ElapsedTextTest, HasTheTwoUnitsThatMatter) {
  EXPECT_EQ(elapsed_text(999), "999 ms");
  EXPECT_EQ(elapsed_text(1'500), "1.5 s");
  EXPECT_EQ(elapsed_text(185'000), "3 min 5 s");
  EXPECT_EQ(elapsed_text(7'440'000), "2 h 4 min");
  EXPECT_EQ(elapsed_text(90'000'000), "1 d 1 h");
  EXPECT_EQ(elapsed_text(86'400'000), "1 d");
}

// ---- the verb

// Without the sessions of the samples, whose numbers begin anywhere.
std::vector<nlohmann::json> rows_of(const Ran& ran) {
  auto rows = ran.lines();
  std::erase_if(rows, [](const auto& row) {
    return row.at("kind") == "request" && row.at("client") == to_hex(samples::client(7).bytes);
  });
  return rows;
}

TEST(GapsTest, WholeLogHasNone) {
  SampleStore store;
  store.fill(20);
  for (const std::string& log : {store.directory(), store.export_log()}) {
    const Ran ran = tablog({"gaps", log, "-o", "ndjson"});
    EXPECT_EQ(ran.code, 0) << ran.notes;
    EXPECT_THAT(rows_of(ran), IsEmpty());
  }
}

TEST(GapsTest, PausesAndHandOversOfAStore) {
  SampleStore store;
  store.fill(3);
  store.append_in_term(Term{2}, {samples::control(TermStart{samples::client(8)}, 1)});
  const auto rows = rows_of(tablog({"gaps", store.directory(), "--pause", "1", "-o", "ndjson"}));
  ASSERT_THAT(rows, SizeIs(5));
  EXPECT_EQ(rows[0], (nlohmann::json{{"kind", "pause"},
                                     {"from", 1},
                                     {"to", 2},
                                     {"client", nullptr},
                                     {"firstNumber", nullptr},
                                     {"lastNumber", nullptr},
                                     {"milliseconds", 1000},
                                     {"what", "1.0 s without an entry"}}));
  EXPECT_EQ(rows[4]["kind"], "handover");
  EXPECT_EQ(rows[4]["to"], 6);
}

TEST(GapsTest, RejectedRequestLeavesAGap) {
  SampleStore store;
  store.fill(1);
  const auto ask = [&](std::uint64_t number, std::int64_t id) {
    BatchItem item = samples::added(id, "request " + std::to_string(number));
    item.request = RequestStamp{.client = samples::client(3), .number = RequestNumber{number}};
    return item;
  };
  store.append({ask(1, 10), ask(2, 10), ask(3, 11)});  // the second is no new id
  const auto rows = rows_of(tablog({"gaps", store.directory(), "-o", "ndjson"}));
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0]["kind"], "request");
  EXPECT_EQ(rows[0]["client"], to_hex(samples::client(3).bytes));
  EXPECT_EQ(rows[0]["firstNumber"], 2);
  EXPECT_EQ(rows[0]["lastNumber"], 2);
}

TEST(GapsTest, MissingSegmentIsARange) {
  SampleStore store;
  store.fill(200);
  const auto segments = store.store().log().segments();
  const std::string second = store.slot(2);
  const std::string third = store.slot(3);
  store.close();
  std::filesystem::remove(second);
  std::filesystem::remove(third);
  const Ran ran = tablog({"gaps", store.directory(), "-o", "ndjson"});
  EXPECT_EQ(ran.code, 4);
  EXPECT_THAT(ran.notes, HasSubstr("segment 2 is missing"));
  ASSERT_THAT(ran.lines(), SizeIs(1));
  const auto row = ran.lines()[0];
  EXPECT_EQ(row["kind"], "missing");
  EXPECT_EQ(row["from"], segments[1].base.value);
  EXPECT_EQ(row["to"], segments[2].last.value);
  EXPECT_EQ(row["what"], "segments 2 to 3 are missing");
}

TEST(GapsTest, MissingFirstSegmentIsARangeFromEntryOne) {
  SampleStore store;
  store.fill(200);
  const auto segments = store.store().log().segments();
  const std::string first = store.slot(1);
  store.close();
  std::filesystem::remove(first);
  const Ran ran = tablog({"gaps", store.directory(), "-o", "ndjson"});
  EXPECT_EQ(ran.code, 4);
  ASSERT_THAT(ran.lines(), SizeIs(1));
  EXPECT_EQ(ran.lines()[0]["from"], 1);
  EXPECT_EQ(ran.lines()[0]["to"], segments[0].last.value);
}

TEST(GapsTest, DamageIsARowAndEndsIt) {
  SampleStore store;
  store.fill(200);
  const auto segments = store.store().log().segments();
  const std::string second = store.slot(2);
  store.close();
  flip_byte(second, 4096 + 60);
  const Ran ran = tablog({"gaps", store.directory(), "-o", "ndjson"});
  EXPECT_EQ(ran.code, 4);
  const auto rows = rows_of(ran);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0]["kind"], "damaged");
  EXPECT_EQ(rows[0]["from"], segments[1].base.value);
}

TEST(GapsTest, CompactedBeginningIsNoDamage) {
  SampleStore store;
  store.fill(200);
  EXPECT_EQ(store.compact(Index{150}), Index{150});
  const auto base = store.store().log().segments().front().base.value;
  for (const std::string& log : {store.directory(), store.export_log()}) {
    const Ran ran = tablog({"gaps", log, "-o", "ndjson"});
    EXPECT_EQ(ran.code, 0) << ran.notes;
    const auto rows = rows_of(ran);
    ASSERT_THAT(rows, SizeIs(1));
    EXPECT_EQ(rows[0]["kind"], "compacted");
    EXPECT_EQ(rows[0]["to"], base - 1);
  }
}

TEST(GapsTest, TableNamesWhatIsOdd) {
  SampleStore store;
  store.fill(3);
  store.append_in_term(Term{2}, {samples::control(TermStart{samples::client(8)}, 1)});
  const Ran ran = tablog({"gaps", store.directory()});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.data, HasSubstr("handover"));
  EXPECT_THAT(ran.data, HasSubstr("1.0 s from term 1 to term 2, led by 08080808"));
}

}  // namespace
}  // namespace tablog::tools
