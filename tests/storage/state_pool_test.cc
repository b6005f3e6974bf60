// The state database on a pool: WAL, readers, crashes, space; and its images.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/storage/pool_samples.h"
#include "tests/storage/samples.h"

namespace tablog::storage {
namespace {

using namespace samples;

constexpr const char* kPath = "/state.sqlite3";

// A worker's life: the pool's handles, the database; what the disk keeps survives it.
struct Worker {
  explicit Worker(MemoryDisk& disk) : pool(open_pool(disk)) {
    auto opened = StateDatabase::on_pool(*pool, kPath);
    if (opened) db = std::move(*opened);
    if (!opened) error = opened.error();
  }
  std::unique_ptr<Pool> pool;
  std::unique_ptr<StateDatabase> db;
  Error error;
};

class StatePoolTest : public testing::Test {
 protected:
  StatePoolTest() { make_slots(disk); }
  MemoryDisk disk;
};

TEST_F(StatePoolTest, DigestsAreEqualOnThePoolAndInMemory) {
  Worker worker(disk);
  ASSERT_TRUE(worker.db) << worker.error.message;
  auto memory = StateDatabase::in_memory();
  const BatchResult result = run(*worker.db, {control(schema()), added(1, "a"),
                                              exec("UPDATE todo SET title = hex(randomblob(20))"),
                                              exec("CREATE TABLE t AS SELECT * FROM todo")});
  ASSERT_TRUE(worker.db->commit());
  replay(**memory, entries(result));
  EXPECT_EQ((*memory)->digest(), result.digest);
  EXPECT_EQ(ask(**memory, "SELECT * FROM t"), ask(*worker.db, "SELECT * FROM t"));
  expect_sound_digest(*worker.db);
}

TEST_F(StatePoolTest, AQuerySeesWhatIsCommittedAndNothingElse) {
  Worker worker(disk);
  (void)run(*worker.db, {control(schema()), added(1, "a")});
  ASSERT_TRUE(worker.db->commit());
  (void)run(*worker.db, {added(2, "b")});
  EXPECT_EQ(ask(*worker.db, "SELECT id FROM todo"), "id=1");
  EXPECT_EQ(worker.db->applied(), Index{3});
  EXPECT_EQ(worker.db->committed(), Index{2});
  const auto image = worker.db->snapshot();
  ASSERT_TRUE(image);
  const auto copy = StateDatabase::from_image(*image);
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_EQ((*copy)->applied(), Index{2});
  EXPECT_EQ((*copy)->chain(), worker.db->committed_chain());
  ASSERT_TRUE(worker.db->commit());
  EXPECT_EQ(ask(*worker.db, "SELECT id FROM todo"), "id=1|id=2");
}

TEST_F(StatePoolTest, AKilledWorkersCommitsAreThereAndTheOpenTransactionIsNot) {
  Digest digest;
  SessionTable sessions;
  {
    Worker worker(disk);
    const BatchResult result = run(*worker.db, {control(schema()), added(1, "a"), added(2, "b")});
    ASSERT_TRUE(worker.db->commit());
    digest = result.digest;
    sessions = worker.db->sessions();
    (void)run(*worker.db, {added(3, "c")});
    disk.crash({.loss = Loss::kNothing});
  }
  Worker next(disk);
  ASSERT_TRUE(next.db) << next.error.message;
  EXPECT_EQ(next.db->applied(), Index{3});
  EXPECT_EQ(next.db->last_app_entry(), Index{3});
  EXPECT_EQ(next.db->digest(), digest);
  EXPECT_EQ(next.db->sessions(), sessions);
  EXPECT_EQ(next.db->schema(), schema());
  EXPECT_EQ(codes(run(*next.db, {added(3, "c")})), std::vector{kNone});
  expect_sound_digest(*next.db);
}

TEST_F(StatePoolTest, APowerLossGoesBackToTheCheckpointAndReplayGoesOn) {
  std::vector<EncodedEntry> all;
  Digest digest;
  {
    Worker worker(disk);
    all = entries(run(*worker.db, {control(schema()), added(1, "a")}));
    ASSERT_TRUE(worker.db->commit());
    EXPECT_GT(worker.db->wal_bytes(), 0U);
    ASSERT_TRUE(worker.db->checkpoint());
    EXPECT_EQ(worker.db->wal_bytes(), 0U);
    const BatchResult more = run(*worker.db, {added(2, "b"), added(3, "c")});
    for (const EncodedEntry& entry : entries(more)) all.push_back(entry);
    digest = more.digest;
    ASSERT_TRUE(worker.db->commit());
    disk.crash({.loss = Loss::kUnflushed});
  }
  Worker next(disk);
  ASSERT_TRUE(next.db) << next.error.message;
  EXPECT_EQ(next.db->applied(), Index{2});
  for (const EncodedEntry& entry : all) {
    if (entry.entry.index <= Index{2}) continue;
    ASSERT_TRUE(next.db->apply(entry.entry, *entry.bytes));
  }
  ASSERT_TRUE(next.db->commit());
  EXPECT_EQ(next.db->digest(), digest);
  expect_sound_digest(*next.db);
}

TEST_F(StatePoolTest, ACommitFlushesNothing) {
  Worker worker(disk);
  (void)run(*worker.db, {control(schema())});
  ASSERT_TRUE(worker.db->commit());
  (void)run(*worker.db, {added(1, "a")});
  const std::uint64_t before = disk.flushes();
  ASSERT_TRUE(worker.db->commit());
  EXPECT_EQ(disk.flushes(), before);
}

TEST_F(StatePoolTest, ExecutingWritesNoFileBeforeTheCommit) {
  Worker worker(disk);
  (void)run(*worker.db, {control(schema_of({"CREATE TABLE t(a)"}, {}))});
  ASSERT_TRUE(worker.db->commit());
  std::uint64_t writes = 0;
  disk.set_fault_hook([&](const FileCall& call) -> std::optional<FileFault> {
    if (call.operation == FileOperation::kWrite) ++writes;
    return std::nullopt;
  });
  // More than the page cache holds: dirty pages stay, so random() is drawn by nobody else.
  EXPECT_EQ(
      codes(run(*worker.db,
                {exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 12) "
                      "INSERT INTO t SELECT zeroblob(1000000) FROM n")})),
      std::vector{kNone});
  EXPECT_EQ(writes, 0U);
  disk.set_fault_hook({});
  ASSERT_TRUE(worker.db->commit());
}

TEST_F(StatePoolTest, AFailingDiskIsNoRejection) {
  Worker worker(disk);
  (void)run(*worker.db, {control(schema())});
  ASSERT_TRUE(worker.db->commit());
  const Digest before = worker.db->digest();
  (void)run(*worker.db, {added(1, "a")});
  disk.set_fault_hook([](const FileCall& call) -> std::optional<FileFault> {
    if (call.operation != FileOperation::kWrite) return std::nullopt;
    return FileFault{.code = ErrorCode::kStorageUnavailable};
  });
  const auto committed = worker.db->commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, ErrorCode::kStorageUnavailable);
  disk.set_fault_hook({});
  EXPECT_EQ(worker.db->applied(), Index{1});
  EXPECT_EQ(worker.db->digest(), before);
  EXPECT_EQ(codes(run(*worker.db, {added(1, "a")})), std::vector{kNone});
  EXPECT_TRUE(worker.db->commit());
}

TEST_F(StatePoolTest, AFullDiskIsToldByTheReservation) {
  Worker worker(disk);
  (void)run(*worker.db, {control(schema())});
  ASSERT_TRUE(worker.db->commit());
  ASSERT_TRUE(worker.db->reserve(1 << 20));
  disk.set_quota(disk.bytes());
  // What was reserved is there.
  EXPECT_EQ(codes(run(*worker.db, {exec("CREATE TABLE t AS SELECT zeroblob(1000000)")})),
            std::vector{kNone});
  ASSERT_TRUE(worker.db->commit());
  ASSERT_TRUE(worker.db->checkpoint());
  const auto more = worker.db->reserve(16 << 20);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, ErrorCode::kQuotaExceeded);
}

TEST_F(StatePoolTest, ADatabaseOfSomethingElseIsNotTouched) {
  {
    auto pool = open_pool(disk);
    const PoolVfs vfs(*pool);
    Database other(kPath, vfs.name());
    EXPECT_EQ(other.exec("CREATE TABLE t(a)"), SQLITE_OK);
  }
  const Worker worker(disk);
  EXPECT_EQ(worker.db, nullptr);
  EXPECT_EQ(worker.error.code, ErrorCode::kCorrupt);
}

// ---- images

TEST(ImageTest, ContinuesWhereTheOriginalStood) {
  auto leader = database();
  (void)run(*leader, {added(1, "a"), exec("CREATE VIRTUAL TABLE f USING fts5(x)"),
                      exec("INSERT INTO f VALUES ('some words')")});
  ASSERT_TRUE(leader->commit());
  const auto image = leader->snapshot();
  ASSERT_TRUE(image);
  auto replica = StateDatabase::from_image(*image);
  ASSERT_TRUE(replica) << replica.error().message;
  EXPECT_EQ((*replica)->digest(), leader->digest());
  EXPECT_EQ((*replica)->chain(), leader->chain());
  EXPECT_EQ((*replica)->sessions(), leader->sessions());
  const auto more =
      entries(run(*leader, {added(2, "b"), exec("INSERT INTO f SELECT title FROM todo")}));
  replay(**replica, more);
  EXPECT_EQ((*replica)->digest(), leader->digest());
  ASSERT_TRUE(leader->commit());
  EXPECT_EQ(ask(**replica, "SELECT rowid FROM f WHERE f MATCH 'b'"),
            ask(*leader, "SELECT rowid FROM f WHERE f MATCH 'b'"));
}

TEST(ImageTest, WhatIsNotAnImageIsCorrupt) {
  auto db = database();
  (void)run(*db, {added(1, "a")});
  ASSERT_TRUE(db->commit());
  const Bytes image = db->snapshot().value();
  const auto code = [](const Bytes& bytes) {
    const auto opened = StateDatabase::from_image(bytes);
    return opened ? kNone : opened.error().code;
  };
  EXPECT_EQ(code(image), kNone);
  EXPECT_EQ(code({}), ErrorCode::kCorrupt);
  EXPECT_EQ(code(Bytes(8192)), ErrorCode::kCorrupt);
  Bytes cut(image.begin(), image.end() - 4096);
  EXPECT_EQ(code(cut), ErrorCode::kCorrupt);
  Bytes odd(image.begin(), image.end() - 1);
  EXPECT_EQ(code(odd), ErrorCode::kCorrupt);
}

TEST(ImageTest, AFlippedRowIsFound) {
  auto db = database();
  (void)run(*db, {added(1, "find the flip")});
  ASSERT_TRUE(db->commit());
  Bytes image = db->snapshot().value();
  const std::string needle = "find the flip";
  std::size_t flipped = 0;
  for (std::size_t at = 0; at + needle.size() < image.size(); ++at) {
    if (std::memcmp(image.data() + at, needle.data(), needle.size()) != 0) continue;
    image[at + 5] ^= std::byte{1};
    ++flipped;
  }
  ASSERT_GT(flipped, 0U);
  const auto opened = StateDatabase::from_image(image);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
}

TEST(ImageTest, NoFlippedByteIsEverACrash) {
  auto db = database();
  (void)run(*db, {added(1, "a"), added(2, "b"), exec("CREATE VIRTUAL TABLE f USING fts5(x)")});
  ASSERT_TRUE(db->commit());
  const Bytes image = db->snapshot().value();
  for (std::size_t at = 0; at < image.size(); at += at < 200 ? 1 : 97) {
    Bytes bad = image;
    bad[at] ^= std::byte{0x55};
    const auto opened = StateDatabase::from_image(bad);
    if (opened) (void)(*opened)->query("SELECT * FROM todo", {});
  }
}

}  // namespace
}  // namespace tablog::storage
