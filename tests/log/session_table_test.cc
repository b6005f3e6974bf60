#include "log/session_table.h"

#include <gmock/gmock.h>

#include "tests/log/samples.h"

namespace tablog {
namespace {

const ClientId kClient = samples::id<ClientId>(1);
const ClientId kOther = samples::id<ClientId>(2);

Entry appended(std::uint64_t index, RequestStamp stamp, EntryBody body = Event{"e", {}}) {
  return {.index = {index},
          .term = {5},
          .time_ms = 100,
          .wall_ms = 100,
          .seed = 0,
          .schema_version = 1,
          .request = stamp,
          .body = std::move(body)};
}

Entry control(std::uint64_t term, EntryBody body) {
  Entry entry = appended(1, {}, std::move(body));
  entry.term = {term};
  entry.request.reset();
  return entry;
}

TEST(SessionTableTest, KeepsWhatIsNotSettled) {
  SessionTable table;
  table.apply(appended(10, {.client = kClient, .number = {1}}));
  table.apply(appended(11, {.client = kClient, .number = {3}, .settled_through = {1}}));
  const Session* session = table.find(kClient);
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(session->last_logged, RequestNumber{3});
  EXPECT_EQ(session->settled_through, RequestNumber{1});
  EXPECT_EQ(session->unsettled.size(), 1U);
  EXPECT_EQ(session->unsettled.at({3}),
            (Accepted{.first_index = {11}, .count = 1, .term = {5}, .time_ms = 100}));
  EXPECT_EQ(table.find(kOther), nullptr);
}

TEST(SessionTableTest, RequestOfSeveralEntriesIsKnownByItsFirst) {
  SessionTable table;
  table.apply(appended(10, {.client = kClient, .number = {1}, .position = 0, .count = 2}));
  table.apply(appended(11, {.client = kClient, .number = {1}, .position = 1, .count = 2}));
  const Accepted& accepted = table.find(kClient)->unsettled.at({1});
  EXPECT_EQ(accepted.first_index, Index{10});
  EXPECT_EQ(accepted.count, 2U);
}

TEST(SessionTableTest, WithdrawnNumberIsVoid) {
  SessionTable table;
  table.apply(appended(10, {.client = kClient, .number = {1}}, Void{}));
  EXPECT_TRUE(table.find(kClient)->unsettled.at({1}).voided);
}

TEST(SessionTableTest, ExecIsKnownWithItsChanges) {
  SessionTable table;
  table.apply(appended(10, {.client = kClient, .number = {1}},
                       Exec{.sql = "DELETE FROM t", .params = {}, .changes = 4}));
  EXPECT_EQ(table.find(kClient)->unsettled.at({1}).changes, 4);
}

TEST(SessionTableTest, ClosedSessionIsATombstoneUntilTheNextTerm) {
  SessionTable table;
  table.apply(appended(10, {.client = kClient, .number = {1}}));
  table.apply(control(5, SessionClose{kClient}));
  EXPECT_EQ(table.find(kClient)->closed, Term{5});
  table.apply(control(6, TermStart{kOther}));
  EXPECT_EQ(table.find(kClient), nullptr);
  EXPECT_THAT(table.take_dirty(), testing::ElementsAre(kClient));
}

TEST(SessionTableTest, DirtyIsWhatHasChangedSinceItWasTaken) {
  SessionTable table;
  table.apply(appended(10, {.client = kClient, .number = {1}}));
  table.apply(appended(11, {.client = kOther, .number = {1}}));
  EXPECT_THAT(table.take_dirty(), testing::ElementsAre(kClient, kOther));
  table.apply(control(5, CheckpointMark{{11}}));
  EXPECT_THAT(table.take_dirty(), testing::IsEmpty());
}

TEST(SessionTableTest, SessionComesBackEqualFromItsBytes) {
  SessionTable table;
  table.apply(appended(10, {.client = kClient, .number = {1}}));
  table.apply(appended(11, {.client = kClient, .number = {2}}, Void{}));
  table.apply(control(5, SessionClose{kClient}));
  const Session session = *table.find(kClient);
  const Bytes bytes = SessionTable::encode(session);
  EXPECT_EQ(SessionTable::decode(bytes), session);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(SessionTable::decode(ByteView(bytes).first(size)));
  }
  SessionTable restored;
  restored.restore(kClient, session);
  EXPECT_EQ(restored, table);
}

}  // namespace
}  // namespace tablog
