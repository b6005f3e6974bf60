// Space: the ballast of a pool, and a database on a disk that runs full.
#include <gtest/gtest.h>

#include "tests/storage/pool_samples.h"

namespace tablog::storage {
namespace {

using samples::make_slots;
using samples::open_pool;
using samples::Store;

constexpr std::uint64_t kMiB = 1U << 20U;
constexpr auto kManyRows =  // about 440 KiB
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
    "INSERT INTO t(x) SELECT printf('%0200d', i) FROM n";

TEST(ReserveTest, HoldsSpaceOnTheDisk) {
  MemoryDisk disk;
  make_slots(disk);
  const auto pool = open_pool(disk);
  const auto before = disk.bytes();
  ASSERT_TRUE(pool->reserve(kMiB));
  EXPECT_GE(pool->reserved(), kMiB);
  EXPECT_GE(disk.bytes(), before + kMiB);
  EXPECT_EQ(pool->bytes(), disk.bytes());
}

TEST(ReserveTest, WhatIsHeldAlreadyCostsNothing) {
  MemoryDisk disk;
  make_slots(disk);
  const auto pool = open_pool(disk);
  ASSERT_TRUE(pool->reserve(kMiB));
  const auto calls = disk.calls();
  ASSERT_TRUE(pool->reserve(kMiB));
  ASSERT_TRUE(pool->reserve(1));
  EXPECT_EQ(disk.calls(), calls);
}

TEST(ReserveTest, OnAFullDiskTakesNothingAndSaysSo) {
  MemoryDisk disk;
  make_slots(disk);
  const auto pool = open_pool(disk);
  ASSERT_TRUE(pool->reserve(kMiB));
  const auto before = disk.bytes();
  disk.set_quota(before + kMiB / 2);
  EXPECT_EQ(pool->reserve(3 * kMiB).error().code, ErrorCode::kQuotaExceeded);
  EXPECT_EQ(disk.bytes(), before);
  EXPECT_EQ(pool->reserved(), kMiB);
  EXPECT_TRUE(pool->reserve(kMiB + 1000)) << "what there is can be had";
}

TEST(ReserveTest, TheBallastOfAnEarlierSessionIsTakenOver) {
  MemoryDisk disk;
  make_slots(disk);
  ASSERT_TRUE(open_pool(disk)->reserve(kMiB));
  disk.crash({.loss = Loss::kNothing});
  disk.set_quota(disk.bytes());
  const auto pool = open_pool(disk);
  EXPECT_EQ(pool->reserved(), kMiB);
  EXPECT_TRUE(pool->reserve(kMiB));
  EXPECT_TRUE(pool->quarantined().empty());
}

TEST(ReserveTest, TheLastFreeSlotIsAFilesBeforeItIsABallast) {
  MemoryDisk disk;
  make_slots(disk, 1);
  const auto pool = open_pool(disk);
  ASSERT_TRUE(pool->reserve(kMiB));
  const auto file = pool->create("/state.db", samples::kMainDb);
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->size(), 0U);
  EXPECT_EQ(pool->reserved(), 0U);
  EXPECT_EQ(pool->reserve(1).error().code, ErrorCode::kStorageUnavailable);
}

TEST(ReserveTest, ATransactionThatWasReservedForCommitsOnAFullDisk) {
  for (const std::string mode : {"WAL", "DELETE"}) {
    MemoryDisk disk;
    make_slots(disk);
    Store store(disk);
    auto db = store.open();
    db.ask("PRAGMA journal_mode=" + mode);
    ASSERT_EQ(db.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, x)"), SQLITE_OK);
    ASSERT_TRUE(store.pool->reserve(2 * kMiB));
    disk.set_quota(disk.bytes());
    EXPECT_EQ(db.exec(kManyRows), SQLITE_OK);
    db.ask("PRAGMA wal_checkpoint(TRUNCATE)");
    EXPECT_EQ(db.ask("SELECT count(*) FROM t"), "2000");
    EXPECT_LT(store.pool->reserved(), 2 * kMiB);
    EXPECT_EQ(store.vfs.last_error(), std::nullopt);
    EXPECT_EQ(db.ask("PRAGMA integrity_check"), "ok");
  }
}

TEST(ReserveTest, WithoutBallastAFullDiskIsSqliteFullAndTheDatabaseGoesOn) {
  for (const std::string mode : {"WAL", "DELETE"}) {
    MemoryDisk disk;
    make_slots(disk);
    Store store(disk);
    auto db = store.open();
    auto reader = store.open();
    db.ask("PRAGMA journal_mode=" + mode);
    ASSERT_EQ(db.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, x); INSERT INTO t VALUES (1, 'a')"),
              SQLITE_OK);
    disk.set_quota(disk.bytes() + 50'000);
    EXPECT_EQ(db.exec(kManyRows), SQLITE_FULL);
    ASSERT_TRUE(store.vfs.last_error());
    EXPECT_EQ(store.vfs.last_error()->code, ErrorCode::kQuotaExceeded);
    EXPECT_EQ(db.ask("SELECT * FROM t"), "1,a");
    EXPECT_EQ(reader.ask("SELECT * FROM t"), "1,a");
    EXPECT_EQ(db.exec("INSERT INTO t VALUES (2, 'b')"), SQLITE_OK) << "what fits, fits";
    disk.set_quota(std::nullopt);
    EXPECT_EQ(db.exec(kManyRows), SQLITE_OK);
    EXPECT_EQ(db.ask("PRAGMA integrity_check"), "ok");
  }
}

}  // namespace
}  // namespace tablog::storage
