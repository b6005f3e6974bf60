// execute(): items of a batch stand and fall alone, whatever one of them does to the transaction.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/chain.h"
#include "log/hash.h"
#include "tests/storage/samples.h"

namespace tablog::storage {
namespace {

using namespace samples;
using Codes = std::vector<ErrorCode>;
constexpr auto kRejected = ErrorCode::kRejected;

BatchItem forced(std::int64_t id, std::string title) {
  return event("todo.forced", {{"id", id}, {"title", std::move(title)}});
}

// What a database holds that has applied only the accepted entries.
void expect_as_replayed(StateDatabase& db, const std::vector<EncodedEntry>& accepted) {
  auto replayed = database();
  replay(*replayed, accepted);
  EXPECT_EQ(replayed->digest(), db.digest());
  EXPECT_EQ(replayed->chain(), db.chain());
  EXPECT_EQ(replayed->sessions(), db.sessions());
  EXPECT_EQ(replayed->applied(), db.applied());
  EXPECT_EQ(replayed->last_app_entry(), db.last_app_entry());
}

TEST(SequenceTest, OrRollbackTakesNothingOfItsNeighboursWithIt) {
  auto db = database();
  const BatchResult result =
      run(*db, {added(1, "a"), forced(2, "a"), added(2, "b"), forced(3, "c"), forced(4, "c")});
  EXPECT_EQ(codes(result), (Codes{kNone, kRejected, kNone, kNone, kRejected}));
  expect_as_replayed(*db, entries(result));
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT id, title FROM todo"), "id=1 title='a'|id=2 title='b'|id=3 title='c'");
}

TEST(SequenceTest, RaiseRollbackIsOneRejectionToo) {
  auto db = database();
  const BatchResult result = run(*db, {added(1, "a"), added(2, "damn"), added(2, "b")});
  EXPECT_EQ(codes(result), (Codes{kNone, kRejected, kNone}));
  EXPECT_EQ(error_of(result, 1).message, "todo.added: no swearing");
  expect_as_replayed(*db, entries(result));
}

TEST(SequenceTest, EarlierBatchesThatAreNotCommittedSurviveToo) {
  auto db = database();
  auto all =
      entries(run(*db, {added(1, "a"), exec("INSERT INTO todo(title) VALUES (hex(randomblob(8)))")},
                  context(5, 1)));
  for (const EncodedEntry& entry :
       entries(run(*db, {forced(1, "b"), control(schema(2))}, context(6, 2))))
    all.push_back(entry);
  for (const EncodedEntry& entry : entries(run(
           *db, {forced(1, "b"), exec("DELETE FROM todo WHERE id = 1", {}, 2)}, context(7, 3)))) {
    all.push_back(entry);
  }
  EXPECT_EQ(all.size(), 4U);
  EXPECT_EQ(db->schema()->version, 2U);
  expect_sound_digest(*db);
  expect_as_replayed(*db, all);
}

ReadGuard guard(StateDatabase& db, const std::string& sql) {
  return {.sql = sql, .hash = hash128<RowsHash>({db.query(sql, {})->encoded})};
}

BatchItem guarded(BatchItem item, std::vector<ReadGuard> reads) {
  item.reads = std::move(reads);
  return item;
}

TEST(SequenceTest, ATransactionIsAConflictWhereItsReadsHaveChanged) {
  auto db = database();
  const ReadGuard count = guard(*db, "SELECT count(*) FROM todo");
  const ReadGuard other = guard(*db, "SELECT count(*) FROM todo WHERE id > 100");
  const BatchResult result =
      run(*db, {guarded(added(1, "a"), {count, other}), guarded(added(2, "b"), {other}),
                guarded(added(3, "c"), {other, count}), added(4, "d")});
  EXPECT_EQ(codes(result), (Codes{kNone, kNone, ErrorCode::kConflict, kNone}))
      << "it sees what the items before it have done";
  ASSERT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT group_concat(id) AS ids FROM todo"), "ids='1,2,4'");
  EXPECT_EQ(codes(run(*db, {guarded(added(3, "c"), {count})})), Codes{ErrorCode::kConflict});
}

TEST(SequenceTest, AReadThatFailsWhenItIsRepeatedIsAConflictAndAnEndlessOneARejection) {
  auto db = database(schema_of({"CREATE TABLE a(x); CREATE TABLE b(x)"}, {}));
  const ReadGuard gone = guard(*db, "SELECT * FROM b");
  const ReadGuard slow{
      .sql =
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"};
  db->set_steps_max(100'000);
  const BatchResult result = run(
      *db, {exec("DROP TABLE b"), guarded(exec("INSERT INTO a VALUES (1)"), {gone}),
            guarded(exec("INSERT INTO a VALUES (2)"), {slow}), exec("INSERT INTO a VALUES (3)")});
  EXPECT_EQ(codes(result), (Codes{kNone, ErrorCode::kConflict, kRejected, kNone}));
}

TEST(SequenceTest, AFailedEntryTakesTheWholeRequest) {
  auto db = database();
  const BatchResult result = run(
      *db, {added(1, "a"), together({added(2, "b"), added(3, "c"), added(4, "a")}), added(5, "d")});
  EXPECT_EQ(codes(result), (Codes{kNone, kRejected, kNone}));
  EXPECT_EQ(db->applied(), Index{3});
  expect_as_replayed(*db, entries(result));
  expect_sound_digest(*db);
}

TEST(SequenceTest, EntriesAreNumberedStampedAndChained) {
  auto db = database();
  const ChainHash before = db->chain();
  const BatchItem batch = together({added(1, "a"), added(2, "b")});
  const auto made = entries(run(*db, {batch}, context(77)));
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made[0].entry.index, Index{2});
  EXPECT_EQ(made[1].entry.index, Index{3});
  EXPECT_EQ(made[1].entry.term, Term{3});
  EXPECT_EQ(made[1].entry.time_ms, 77);
  EXPECT_EQ(made[1].entry.wall_ms, 82);
  EXPECT_NE(made[0].entry.seed, made[1].entry.seed);
  EXPECT_EQ(made[1].entry.request->position, 1U);
  EXPECT_EQ(made[1].entry.request->count, 2U);
  EXPECT_EQ(made[1].entry.request->number, batch.request->number);
  EXPECT_EQ(db->chain(), extend_chain(extend_chain(before, *made[0].bytes), *made[1].bytes));
}

TEST(SequenceTest, ExpectedIndexIsOfTheLastAppEntryEvenWithinTheBatch) {
  auto db = database();
  const auto expecting = [](BatchItem item, std::uint64_t index) {
    item.expected_index = Index{index};
    return item;
  };
  const BatchResult result = run(
      *db, {expecting(added(1, "a"), 0), control(TermStart{client(1)}), expecting(added(2, "b"), 2),
            expecting(added(3, "c"), 2), expecting(added(3, "c"), 4)});
  EXPECT_EQ(codes(result), (Codes{kNone, kNone, kNone, ErrorCode::kConflict, kNone}));
  EXPECT_EQ(error_of(result, 3).index, Index{4});
}

TEST(SequenceTest, RejectedItemsLeaveTheSessionsAsTheyWere) {
  auto db = database();
  BatchItem first = added(1, "a");
  first.request->client = client(9);
  BatchItem second = added(2, "a");
  second.request->client = client(10);
  (void)run(*db, {first, second});
  EXPECT_NE(db->sessions().find(client(9)), nullptr);
  EXPECT_EQ(db->sessions().find(client(10)), nullptr);
}

TEST(SequenceTest, ControlEntriesChangeSessionsAndNothingElse) {
  auto db = database();
  const Digest before = db->digest();
  BatchItem withdrawn = added(1, "a");
  withdrawn.bodies = {Void{}};
  const BatchResult result =
      run(*db, {control(TermStart{client(1)}), withdrawn, control(CheckpointMark{Index{1}}),
                control(SessionClose{client(7)})});
  EXPECT_EQ(codes(result), Codes(4, kNone));
  EXPECT_EQ(result.digest, before);
  EXPECT_EQ(db->last_app_entry(), Index{});
  EXPECT_EQ(db->checkpoint_mark(), Index{1});
  EXPECT_TRUE(db->sessions().find(client(7))->closed);
}

TEST(SequenceTest, RollbackGoesBackToTheLastCommit) {
  auto db = database();
  (void)run(*db, {added(1, "a")});
  EXPECT_TRUE(db->commit());
  const Digest digest = db->digest();
  const ChainHash chain = db->chain();
  const SessionTable sessions = db->sessions();
  (void)run(*db, {added(2, "b"), control(schema(2)), exec("CREATE TABLE t(a)", {}, 2)});
  EXPECT_NE(db->digest(), digest);
  db->rollback();
  EXPECT_FALSE(db->in_transaction());
  EXPECT_EQ(db->digest(), digest);
  EXPECT_EQ(db->chain(), chain);
  EXPECT_EQ(db->sessions(), sessions);
  EXPECT_EQ(db->schema()->version, 1U);
  EXPECT_EQ(codes(run(*db, {added(2, "b")})), Codes{kNone});
  expect_sound_digest(*db);
}

TEST(SequenceTest, ManyDestroyersInOneBatchAreAllTakenOut) {
  auto db = database();
  std::vector<BatchItem> items;
  for (std::int64_t i = 1; i <= 40; ++i)
    items.push_back(i % 3 == 0 ? forced(1000 + i, "t1") : added(i, "t" + std::to_string(i)));
  const BatchResult result = run(*db, items);
  expect_as_replayed(*db, entries(result));
  EXPECT_TRUE(db->commit());
  EXPECT_EQ(ask(*db, "SELECT count(*) AS n FROM todo"), "n=27");
}

}  // namespace
}  // namespace tablog::storage
