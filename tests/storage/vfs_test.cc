#include "storage/vfs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "tests/storage/pool_samples.h"

namespace tablog::storage {
namespace {

using samples::Database;
using samples::make_slots;
using samples::Store;

constexpr auto kSchema = "CREATE TABLE t(id INTEGER PRIMARY KEY, x)";
constexpr auto kManyRows =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
    "INSERT INTO t(x) SELECT printf('%0200d', i) FROM n";

// ---- the default VFS

TEST(DefaultVfsTest, ServesDatabasesInMemory) {
  Database db(":memory:");
  EXPECT_EQ(db.exec(kSchema), SQLITE_OK);
  EXPECT_EQ(db.exec(kManyRows), SQLITE_OK);
  EXPECT_EQ(db.ask("SELECT count(*) FROM t"), "2000");
  EXPECT_EQ(db.exec("VACUUM"), SQLITE_OK);
}

TEST(DefaultVfsTest, ServesDeserializedImages) {
  Database from(":memory:");
  from.exec(kSchema);
  from.exec(kManyRows);
  sqlite3_int64 bytes = 0;
  unsigned char* const image = sqlite3_serialize(from.raw(), "main", &bytes, 0);
  ASSERT_NE(image, nullptr);
  Database to(":memory:");
  ASSERT_EQ(sqlite3_deserialize(to.raw(), "main", image, bytes, bytes,
                                SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE),
            SQLITE_OK);
  EXPECT_EQ(to.ask("SELECT count(*) FROM t"), "2000");
  EXPECT_EQ(to.exec(kManyRows), SQLITE_OK);
  EXPECT_EQ(to.ask("PRAGMA integrity_check"), "ok");
}

TEST(DefaultVfsTest, HasNoNamedFiles) {
  Database db("/state.db");
  EXPECT_EQ(db.code(), SQLITE_CANTOPEN);
}

// ---- a pool's: every journal mode

class PoolVfsModes : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(JournalMode, PoolVfsModes,
                         testing::Values("WAL", "DELETE", "TRUNCATE", "PERSIST"));

TEST_P(PoolVfsModes, KeepsATransactionAcrossOpenings) {
  MemoryDisk disk;
  make_slots(disk);
  {
    Store store(disk);
    auto db = store.open();
    ASSERT_NE(db.ask(std::string("PRAGMA journal_mode=") + GetParam()), "delete,wal");
    ASSERT_EQ(db.exec(kSchema), SQLITE_OK);
    ASSERT_EQ(db.exec(kManyRows), SQLITE_OK);
    ASSERT_EQ(db.exec("BEGIN; DELETE FROM t WHERE id > 10; SAVEPOINT s; DELETE FROM t; ROLLBACK TO "
                      "s; COMMIT"),
              SQLITE_OK);
    ASSERT_EQ(db.exec("BEGIN; DELETE FROM t; ROLLBACK"), SQLITE_OK);
    EXPECT_EQ(store.vfs.last_error(), std::nullopt);
  }
  Store store(disk);
  auto db = store.open();
  EXPECT_EQ(db.ask("SELECT count(*), sum(id) FROM t"), "10,55");
  EXPECT_EQ(db.ask("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(db.exec("VACUUM"), SQLITE_OK);
  EXPECT_EQ(db.ask("SELECT count(*) FROM t"), "10");
}

TEST_P(PoolVfsModes, OneWritesWhileOthersWait) {
  MemoryDisk disk;
  make_slots(disk);
  Store store(disk);
  auto one = store.open();
  auto two = store.open();
  one.ask(std::string("PRAGMA journal_mode=") + GetParam());
  two.ask(std::string("PRAGMA journal_mode=") + GetParam());
  ASSERT_EQ(one.exec(kSchema), SQLITE_OK);
  ASSERT_EQ(one.exec("BEGIN IMMEDIATE; INSERT INTO t(x) VALUES (1)"), SQLITE_OK);
  EXPECT_EQ(two.exec("INSERT INTO t(x) VALUES (2)"), SQLITE_BUSY);
  EXPECT_EQ(two.ask("SELECT count(*) FROM t"), "0") << "a writer's journal is not hot";
  ASSERT_EQ(one.exec("COMMIT"), SQLITE_OK);
  EXPECT_EQ(two.exec("INSERT INTO t(x) VALUES (2)"), SQLITE_OK);
  EXPECT_EQ(one.ask("SELECT x FROM t"), "1|2");
}

// ---- readers

TEST(PoolVfsTest, ReadersKeepTheirSnapshotWhileTheWriterCommits) {
  MemoryDisk disk;
  make_slots(disk);
  Store store(disk);
  auto writer = store.open();
  ASSERT_EQ(writer.ask("PRAGMA journal_mode=WAL"), "wal");
  ASSERT_EQ(writer.exec(kSchema), SQLITE_OK);
  std::vector<Database> readers;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(writer.exec("INSERT INTO t(x) VALUES (0)"), SQLITE_OK);
    readers.push_back(store.open(i == 0 ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE));
    ASSERT_EQ(readers.back().exec("BEGIN"), SQLITE_OK);
    EXPECT_EQ(readers.back().ask("SELECT count(*) FROM t"), std::to_string(i + 1));
  }
  for (int round = 0; round < 20; ++round) {
    ASSERT_EQ(writer.exec(kManyRows), SQLITE_OK);
    writer.ask("PRAGMA wal_checkpoint(PASSIVE)");
    for (std::size_t i = 0; i < 3; ++i) {
      ASSERT_EQ(readers[i].ask("SELECT count(*) FROM t"), std::to_string(i + 1));
    }
  }
  EXPECT_EQ(writer.ask("PRAGMA wal_checkpoint(TRUNCATE)").substr(0, 1), "1") << "busy";
  for (auto& reader : readers) {
    EXPECT_EQ(reader.exec("COMMIT"), SQLITE_OK);
    EXPECT_EQ(reader.ask("SELECT count(*) FROM t"), "40003");
  }
  EXPECT_EQ(writer.ask("PRAGMA wal_checkpoint(TRUNCATE)"), "0,0,0");
  EXPECT_EQ(store.pool->find("/state.db-wal")->size(), 0U);
  EXPECT_EQ(readers[0].exec("INSERT INTO t(x) VALUES (1)"), SQLITE_READONLY);
}

TEST(PoolVfsTest, TheLastConnectionFoldsInTheWalUnlessToldToKeepIt) {
  MemoryDisk disk;
  make_slots(disk);
  for (const int persist : {0, 1}) {
    Store store(disk);
    auto db = store.open();
    db.ask("PRAGMA journal_mode=WAL");
    int value = persist;
    ASSERT_EQ(sqlite3_file_control(db.raw(), "main", SQLITE_FCNTL_PERSIST_WAL, &value), SQLITE_OK);
    value = -1;
    ASSERT_EQ(sqlite3_file_control(db.raw(), "main", SQLITE_FCNTL_PERSIST_WAL, &value), SQLITE_OK);
    EXPECT_EQ(value, persist);
    ASSERT_EQ(db.exec("CREATE TABLE IF NOT EXISTS t(x); INSERT INTO t VALUES (1)"), SQLITE_OK);
    db.close();
    EXPECT_EQ(store.pool->find("/state.db-wal") != nullptr, persist != 0);
  }
}

TEST(PoolVfsTest, ATransactionInTheWalIsTwoWritesAndNoFlush) {
  MemoryDisk disk;
  make_slots(disk);
  Store store(disk);
  auto db = store.open();
  auto reader = store.open();
  db.ask("PRAGMA journal_mode=WAL");
  ASSERT_EQ(db.exec(kSchema), SQLITE_OK);
  ASSERT_EQ(db.exec("INSERT INTO t(x) VALUES (1)"), SQLITE_OK);
  EXPECT_EQ(reader.ask("SELECT count(*) FROM t"), "1");
  std::array<int, 4> calls{};  // by FileOperation
  disk.set_fault_hook([&](const FileCall& call) -> std::optional<FileFault> {
    ++calls.at(static_cast<std::size_t>(call.operation));
    return std::nullopt;
  });
  for (int i = 0; i < 100; ++i) ASSERT_EQ(db.exec("INSERT INTO t(x) VALUES (1)"), SQLITE_OK);
  EXPECT_EQ(calls, (std::array{0, 200, 0, 0})) << "reads, writes, flushes, truncations";
}

TEST(PoolVfsTest, ManyPoolsLiveInOneProcess) {
  MemoryDisk disk_a;
  MemoryDisk disk_b;
  make_slots(disk_a);
  make_slots(disk_b);
  Store a(disk_a);
  Store b(disk_b);
  auto in_a = a.open();
  auto in_b = b.open();
  EXPECT_EQ(in_a.exec("CREATE TABLE only_a(x)"), SQLITE_OK);
  EXPECT_EQ(in_b.ask("SELECT count(*) FROM sqlite_schema"), "0");
  char* name = nullptr;
  ASSERT_EQ(sqlite3_file_control(in_a.raw(), "main", SQLITE_FCNTL_VFSNAME, &name), SQLITE_OK);
  EXPECT_STREQ(name, a.vfs.name());
  sqlite3_free(name);
}

TEST(PoolVfsTest, LargeStatementJournalsAndSortsNeedNoSlot) {
  MemoryDisk disk;
  make_slots(disk, 3);
  Store store(disk);
  auto db = store.open();
  db.ask("PRAGMA journal_mode=WAL");
  ASSERT_EQ(db.exec(kSchema), SQLITE_OK);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(db.exec(kManyRows), SQLITE_OK);
  // A multi-row statement that fails at its last row undoes what it did, from its journal.
  ASSERT_EQ(db.exec("CREATE TEMP TRIGGER boom BEFORE UPDATE ON t WHEN new.id = 20000 "
                    "BEGIN SELECT RAISE(ABORT, 'boom'); END"),
            SQLITE_OK);
  EXPECT_EQ(db.exec("BEGIN; UPDATE t SET x = x || x"), SQLITE_CONSTRAINT_TRIGGER);
  EXPECT_EQ(db.ask("SELECT max(length(x)) FROM t"), "200");
  EXPECT_EQ(db.ask("SELECT count(*) FROM (SELECT x FROM t ORDER BY x DESC)"), "20000");
  EXPECT_EQ(db.exec("COMMIT"), SQLITE_OK);
}

// ---- names and damage

TEST(PoolVfsTest, NamesAreStoredAsUrlPathnames) {
  MemoryDisk disk;
  make_slots(disk);
  Store store(disk);
  Database db("/sp ace é.db", store.vfs.name());
  EXPECT_EQ(db.ask("PRAGMA journal_mode=WAL"), "wal");
  EXPECT_EQ(db.exec("CREATE TABLE t(x)"), SQLITE_OK);
  EXPECT_NE(store.pool->find("/sp%20ace%20%C3%A9.db"), nullptr);
  EXPECT_NE(store.pool->find("/sp ace é.db-wal"), nullptr);
  Database again("/sp%20ace%20%C3%A9.db", store.vfs.name());
  EXPECT_EQ(again.ask("SELECT count(*) FROM t"), "0");
}

TEST(PoolVfsTest, NamesThatAreNoPathsDoNotOpen) {
  MemoryDisk disk;
  make_slots(disk);
  Store store(disk);
  for (const auto& name :
       {std::string("/a?b"), std::string("/../a"), std::string("/") + std::string(500, 'x')}) {
    Database db(name, store.vfs.name());
    EXPECT_EQ(db.code(), SQLITE_CANTOPEN) << name;
    ASSERT_TRUE(store.vfs.last_error()) << name;
    EXPECT_EQ(store.vfs.last_error()->code, ErrorCode::kInvalidArgument);
    store.vfs.clear_error();
  }
  Database longest("/" + std::string(489, 'x'), store.vfs.name());
  EXPECT_EQ(longest.exec("CREATE TABLE t(x); INSERT INTO t VALUES (1)"), SQLITE_OK);
}

TEST(PoolVfsTest, NoDatabaseOpensWhileASlotIsQuarantined) {
  MemoryDisk disk;
  make_slots(disk);
  {
    Store store(disk);
    auto db = store.open();
    db.ask("PRAGMA journal_mode=WAL");
    int persist = 1;
    sqlite3_file_control(db.raw(), "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
    ASSERT_EQ(db.exec("CREATE TABLE t(x); INSERT INTO t VALUES (1)"), SQLITE_OK);
  }
  for (const auto& name : disk.names()) {  // the WAL's
    Bytes content = disk.written(name);
    if (std::memcmp(content.data(), "/state.db-wal", 14) != 0) continue;
    content[3] ^= std::byte{1};
    disk.overwrite(name, content);
  }
  Store store(disk);
  EXPECT_EQ(store.open().code(), SQLITE_CORRUPT);
  ASSERT_TRUE(store.vfs.last_error());
  EXPECT_EQ(store.vfs.last_error()->code, ErrorCode::kCorrupt);
  ASSERT_TRUE(store.pool->remove("/state.db"));
  ASSERT_TRUE(store.pool->discard_quarantined());
  auto rebuilt = store.open();
  EXPECT_EQ(rebuilt.ask("SELECT count(*) FROM sqlite_schema"), "0");
}

TEST(PoolVfsTest, AFullPoolSaysSo) {
  MemoryDisk disk;
  make_slots(disk, 1);
  Store store(disk);
  auto db = store.open();
  EXPECT_EQ(db.exec("CREATE TABLE t(x)"), SQLITE_CANTOPEN) << "no slot for its journal";
  ASSERT_TRUE(store.vfs.last_error());
  EXPECT_EQ(store.vfs.last_error()->code, ErrorCode::kStorageUnavailable);
}

TEST(PoolVfsTest, ErrorsOfTheDiskAreToldPerOperation) {
  struct Case {
    FileOperation operation;
    ErrorCode error;
    int expected;
  };
  for (const auto& [operation, error, expected] :
       {Case{FileOperation::kWrite, ErrorCode::kStorageUnavailable, SQLITE_IOERR_WRITE},
        Case{FileOperation::kWrite, ErrorCode::kQuotaExceeded, SQLITE_FULL},
        Case{FileOperation::kRead, ErrorCode::kStorageUnavailable, SQLITE_IOERR_READ},
        Case{FileOperation::kFlush, ErrorCode::kStorageUnavailable, SQLITE_IOERR_FSYNC},
        Case{FileOperation::kFlush, ErrorCode::kQuotaExceeded, SQLITE_FULL}}) {
    MemoryDisk disk;
    make_slots(disk);
    Store store(disk);
    auto db = store.open();
    db.ask("PRAGMA journal_mode=WAL");
    db.exec("PRAGMA synchronous=FULL");
    ASSERT_EQ(db.exec(kSchema), SQLITE_OK);
    ASSERT_EQ(db.exec(kManyRows), SQLITE_OK);
    ASSERT_EQ(db.exec("PRAGMA cache_size=1"), SQLITE_OK);
    disk.set_fault_hook([&](const FileCall& call) -> std::optional<FileFault> {
      if (call.operation != operation) return std::nullopt;
      return FileFault{.code = error};
    });
    EXPECT_EQ(db.exec("UPDATE t SET x = 1"), expected);
    ASSERT_TRUE(store.vfs.last_error());
    EXPECT_EQ(store.vfs.last_error()->code, error);
    disk.set_fault_hook(nullptr);
    EXPECT_EQ(db.ask("SELECT count(*) FROM t WHERE x = 1"), "0") << "and it goes on";
    EXPECT_EQ(db.exec("UPDATE t SET x = 1"), SQLITE_OK);
    EXPECT_EQ(db.ask("PRAGMA integrity_check"), "ok");
  }
}

}  // namespace
}  // namespace tablog::storage
