#include "storage/determinism.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/storage/pool_samples.h"

namespace tablog::storage {
namespace {

using samples::Database;
using samples::Store;

constexpr Pinned kPinned{.time_ms = 1'700'000'000'123, .seed = 42};

// Everything in SQLite that asks for time or randomness, in statements, defaults and triggers.
constexpr auto kSchema =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, r DEFAULT (random()), b DEFAULT (hex(randomblob(20))), "
    "  now DEFAULT CURRENT_TIMESTAMP);"
    "CREATE TABLE log(x);"
    "CREATE TRIGGER tr AFTER INSERT ON t BEGIN "
    "  INSERT INTO log VALUES (random() || strftime('%Y-%m-%dT%H:%M:%f', 'now')); END;"
    "INSERT INTO t(id) VALUES (9223372036854775807)";  // from here on, rowids are random

std::string apply(Database& db, Pinned pinned) {
  const PinnedScope scope(pinned);
  EXPECT_EQ(db.exec("INSERT INTO t DEFAULT VALUES; INSERT INTO t(b) VALUES (datetime())"),
            SQLITE_OK);
  return db.ask("SELECT * FROM t WHERE id < 9223372036854775807 ORDER BY id") +
         db.ask("SELECT * FROM log ORDER BY rowid LIMIT -1 OFFSET 1");
}

TEST(DeterminismTest, AnEntryGivesTheSameRowsInEveryDatabase) {
  MemoryDisk disk;
  samples::make_slots(disk);
  Store store(disk);
  auto on_pool = store.open();
  Database in_memory(":memory:");
  on_pool.ask("PRAGMA journal_mode=WAL; PRAGMA cache_spill=OFF");
  ASSERT_EQ(on_pool.exec(kSchema), SQLITE_OK);
  ASSERT_EQ(in_memory.exec(kSchema), SQLITE_OK);
  EXPECT_EQ(on_pool.exec("BEGIN"), SQLITE_OK);  // on one side several entries are one transaction
  std::string last;
  for (std::uint64_t entry = 0; entry < 20; ++entry) {
    const Pinned pinned{.time_ms = kPinned.time_ms + static_cast<std::int64_t>(entry),
                        .seed = entry};
    const auto rows = apply(on_pool, pinned);
    EXPECT_EQ(rows, apply(in_memory, pinned));
    EXPECT_NE(rows, last);
    last = rows;
  }
  EXPECT_EQ(on_pool.exec("COMMIT"), SQLITE_OK);
}

TEST(DeterminismTest, TheValuesAreFixedForEver) {
  // A log says only the seed: these values must be the same in every later version.
  Database db(":memory:");
  const PinnedScope scope(kPinned);
  EXPECT_EQ(db.ask("SELECT CURRENT_TIMESTAMP, julianday('now') > 2460000"),
            "2023-11-14 22:13:20,1");
  EXPECT_EQ(db.ask("SELECT strftime('%f', 'now')"), "20.123");
  EXPECT_EQ(db.ask("SELECT random()"), "-1411959942295214911");
  EXPECT_EQ(db.ask("SELECT hex(randomblob(8))"), "3808E372A5AD1CB4");
}

TEST(DeterminismTest, PinningAgainStartsAgain) {
  Database db(":memory:");
  pin(kPinned);
  const auto first = db.ask("SELECT random(), random()");
  EXPECT_NE(db.ask("SELECT random(), random()"), first);
  pin(kPinned);
  EXPECT_EQ(db.ask("SELECT random(), random()"), first);
  pin({.time_ms = kPinned.time_ms, .seed = 43});
  EXPECT_NE(db.ask("SELECT random(), random()"), first);
  unpin();
}

TEST(DeterminismTest, QueriesHaveRealTimeAndRandomness) {
  Database db(":memory:");
  {
    const PinnedScope scope(kPinned);
  }
  const auto first = db.ask("SELECT random()");
  {
    const PinnedScope scope(kPinned);
  }
  EXPECT_NE(db.ask("SELECT random()"), first) << "not the rest of the entry's";
  EXPECT_EQ(db.ask("SELECT CURRENT_TIMESTAMP > '2024'"), "1");
}

TEST(DeterminismTest, TheHostMayBringItsOwnClockAndEntropy) {
  Database db(":memory:");
  set_clock([] { return std::int64_t{86'400'000}; });
  set_entropy([](std::span<std::byte> out) { std::ranges::fill(out, std::byte{7}); });
  const auto first = db.ask("SELECT random(), CURRENT_TIMESTAMP");
  EXPECT_TRUE(first.ends_with(",1970-01-02 00:00:00")) << first;
  set_entropy([](std::span<std::byte> out) { std::ranges::fill(out, std::byte{7}); });
  EXPECT_EQ(db.ask("SELECT random(), CURRENT_TIMESTAMP"), first);
  EXPECT_EQ(current_time_ms(), 86'400'000);
  pin(kPinned);
  EXPECT_EQ(current_time_ms(), kPinned.time_ms);
  unpin();
  set_clock(nullptr);
  set_entropy(nullptr);
  EXPECT_GT(current_time_ms(), kPinned.time_ms);
}

TEST(DeterminismTest, BytesComeFromTheSeedWhateverThePieces) {
  std::vector<std::byte> whole(24);
  std::vector<std::byte> pieces(24);
  pin(kPinned);
  fill_random(whole);
  pin(kPinned);
  fill_random(std::span(pieces).first(8));
  fill_random(std::span(pieces).subspan(8));
  unpin();
  EXPECT_EQ(whole, pieces);
}

}  // namespace
}  // namespace tablog::storage
