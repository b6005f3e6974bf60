// sessions: what a log, and a state database, know of every tab.
#include <gmock/gmock.h>

#include "tests/tools/sample_store.h"
#include "tools/session_survey.h"

namespace tablog::tools {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

BatchItem asked(std::uint8_t client, std::uint64_t number, std::uint64_t settled, std::int64_t id) {
  BatchItem item = samples::added(id, "to do " + std::to_string(id));
  item.request = RequestStamp{.client = samples::client(client),
                              .number = RequestNumber{number},
                              .settled_through = RequestNumber{settled}};
  return item;
}

nlohmann::json row_of(const Ran& ran, std::uint8_t client) {
  for (const auto& row : ran.lines()) {
    if (row.at("client") == to_hex(samples::client(client).bytes)) return row;
  }
  ADD_FAILURE() << "no session of client " << int{client} << " in " << ran.data;
  return nlohmann::json::object();
}

Ran sessions(const std::string& log) {
  Ran ran = tablog({"sessions", log, "-o", "ndjson"});
  EXPECT_EQ(ran.code, 0) << ran.notes;
  return ran;
}

TEST(SessionsTest, EntriesNumbersAndWhatIsUnsettled) {
  SampleStore store;
  store.fill(0);
  store.append({asked(3, 1, 0, 10), asked(4, 1, 0, 11)});
  store.append({asked(3, 2, 1, 12), asked(3, 4, 1, 13)});
  for (const std::string& log : {store.directory(), store.export_log()}) {
    const auto row = row_of(sessions(log), 3);
    EXPECT_EQ(row["state"], "open");
    EXPECT_EQ(row["first"], 3);
    EXPECT_EQ(row["last"], 6);
    EXPECT_EQ(row["firstTime"].get<std::int64_t>() + 1000, row["lastTime"].get<std::int64_t>());
    EXPECT_EQ(row["entries"], 3);
    EXPECT_EQ(row["requests"], 3);
    EXPECT_EQ(row["lastNumber"], 4);
    EXPECT_EQ(row["settledThrough"], 1);
    EXPECT_EQ(row["unsettledCount"], 2);
    EXPECT_EQ(row["unsettled"], (nlohmann::json{2, 4}));
    EXPECT_EQ(row["from"], "log");
    EXPECT_EQ(row["closedAt"], nullptr);
  }
}

TEST(SessionsTest, EntriesOfOneRequestAreOneRequest) {
  SampleStore store;
  store.fill(0);
  BatchItem both = samples::together({samples::added(1, "one"), samples::added(2, "two")});
  both.request = RequestStamp{.client = samples::client(3), .number = RequestNumber{1}};
  store.append({both});
  const auto row = row_of(sessions(store.directory()), 3);
  EXPECT_EQ(row["entries"], 2);
  EXPECT_EQ(row["requests"], 1);
}

TEST(SessionsTest, ClosedOneIsATombstoneUntilTheNextTerm) {
  SampleStore store;
  store.fill(0);
  store.append({asked(3, 1, 0, 10)});
  store.append({samples::control(SessionClose{samples::client(3)}, 1)});
  const auto before = row_of(sessions(store.directory()), 3);
  EXPECT_EQ(before["state"], "tombstone");
  EXPECT_EQ(before["closedAt"], 4);
  store.append_in_term(Term{2}, {samples::control(TermStart{samples::client(4)}, 1)});
  EXPECT_EQ(row_of(sessions(store.directory()), 3)["state"], "closed");
}

TEST(SessionsTest, LeadersHaveTheirTerms) {
  SampleStore store;
  store.fill(0);  // term 1, of client 9
  store.append_in_term(Term{2}, {samples::control(TermStart{samples::client(8)}, 1)});
  store.append_in_term(Term{3}, {samples::control(TermStart{samples::client(9)}, 1)});
  const Ran ran = sessions(store.directory());
  EXPECT_EQ(row_of(ran, 9)["led"], (nlohmann::json{1, 3}));
  EXPECT_EQ(row_of(ran, 9)["state"], "none");
  EXPECT_EQ(row_of(ran, 8)["led"], (nlohmann::json{2}));
}

TEST(SessionsTest, CompactedEntriesAreToldByTheStateDatabase) {
  SampleStore store;
  store.fill(0);
  store.append({asked(3, 1, 0, 1), asked(3, 2, 0, 2)});
  store.append({asked(4, 1, 0, 3)});
  for (int i = 10; i < 200; ++i) store.append({samples::added(i, "todo " + std::to_string(i))});
  store.append({asked(4, 2, 1, 4)});
  static_cast<void>(store.compact(Index{150}));
  ASSERT_GT(store.store().log().segments().front().base, Index{10});
  for (const std::string& log : {store.directory(), store.export_log()}) {
    const Ran ran = sessions(log);
    const auto gone = row_of(ran, 3);
    EXPECT_EQ(gone["from"], "state");
    EXPECT_EQ(gone["state"], "open");
    EXPECT_EQ(gone["first"], nullptr);
    EXPECT_EQ(gone["lastNumber"], 2);
    EXPECT_EQ(gone["unsettled"], (nlohmann::json{1, 2}));
    const auto going_on = row_of(ran, 4);
    EXPECT_EQ(going_on["from"], "log");
    EXPECT_EQ(going_on["entries"], 1);
    EXPECT_EQ(going_on["lastNumber"], 2);
    EXPECT_EQ(going_on["unsettled"], (nlohmann::json{2}));
  }
}

TEST(SessionsTest, TableShowsThemInTheOrderOfTheirFirstEntry) {
  SampleStore store;
  store.fill(0);
  store.append({asked(4, 1, 0, 1), asked(3, 1, 0, 2)});
  const Ran ran = tablog({"sessions", store.directory()});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.data, HasSubstr("LED TERMS"));
  EXPECT_LT(ran.data.find("04040404"), ran.data.find("03030303"));
}

TEST(SessionsTest, DamagedLogTellsThoseBeforeTheDamage) {
  SampleStore store;
  store.fill(0);
  store.append({asked(3, 1, 0, 1)});
  for (int i = 10; i < 200; ++i) store.append({samples::added(i, "todo " + std::to_string(i))});
  const std::string second = store.slot(2);
  store.close();
  flip_byte(second, 4096 + 60);
  const Ran ran = tablog({"sessions", store.directory(), "-o", "ndjson"});
  EXPECT_EQ(ran.code, 4);
  EXPECT_EQ(row_of(ran, 3)["entries"], 1);
}

TEST(SessionSurveyTest, KeepsNoMoreSessionsThanItsLimit) {
  SessionSurvey survey;
  Entry entry{.index = Index{1}, .term = Term{1}, .request = RequestStamp{}, .body = Void{}};
  for (std::size_t i = 0; i <= SessionSurvey::kSessionsMax; ++i) {
    EXPECT_FALSE(survey.is_full());
    entry.request->client.bytes[0] = static_cast<std::byte>(i & 0xFFU);
    entry.request->client.bytes[1] = static_cast<std::byte>(i >> 8U & 0xFFU);
    entry.request->client.bytes[2] = static_cast<std::byte>(i >> 16U);
    survey.add(entry);
  }
  EXPECT_TRUE(survey.is_full());
  EXPECT_THAT(survey.sessions(), SizeIs(SessionSurvey::kSessionsMax));
}

}  // namespace
}  // namespace tablog::tools
