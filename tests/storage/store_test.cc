// Store: after whatever happened to the process, the disk or one of the files, the state database
// is what the log says, or there is a typed error.
#include "storage/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "storage/memory_file.h"
#include "tests/storage/pool_samples.h"
#include "tests/storage/samples.h"
#include "tests/storage/store_kit.h"

namespace tablog::storage {
namespace {

using namespace samples;
using testing::HasSubstr;

using storage::Store;

class StoreTest : public testing::Test, protected StoreKit {
 protected:
  // A store with a schema and the to-dos 1 … `count`, one batch each.
  void fill(int count) {
    auto store = open();
    append(*store, {control(TermStart{client(1)}), control(schema())});
    for (int i = 1; i <= count; ++i) append(*store, {added(i, "todo " + std::to_string(i))});
    digest = store->state().digest();
  }

  // The names of the pool's slots that hold something.
  [[nodiscard]] std::vector<std::string> database_files() const {
    std::vector<std::string> names;
    for (const std::string& name : disk.names()) {
      if (name.starts_with("db/") && disk.written(name).size() > kPoolHeaderBytes)
        names.push_back(name);
    }
    return names;
  }

  void expect_whole(Store& store, int count) const {
    EXPECT_EQ(ask(store.state(), "SELECT count(*) AS n FROM todo"), "n=" + std::to_string(count));
    EXPECT_EQ(store.state().digest(), digest);
    EXPECT_EQ(store.state().applied(), store.log().head().index);
    EXPECT_EQ(store.state().chain(), store.log().head().chain);
    EXPECT_EQ(store.state().store(), store.log().head().store);
    expect_sound_digest(store.state());
  }

  Digest digest;
};

TEST_F(StoreTest, AFreshStoreIsEmpty) {
  auto store = open(9);
  EXPECT_EQ(store->log().head().index, Index{});
  EXPECT_EQ(store->state().applied(), Index{});
  EXPECT_FALSE(store->recovery().rebuilt);
  append(*store, {control(TermStart{client(1)})});
  EXPECT_EQ(store->log().head().store, store->state().store());
}

TEST_F(StoreTest, AnInterruptedCreationKeepsTheIdThatTheLogHas) {
  (void)open(1);  // its first segment was begun: that was all
  disk.crash({.loss = Loss::kNothing});
  {
    auto store = open(2);
    append(*store, {control(TermStart{client(1)})});
    EXPECT_EQ(store->state().store(), store->log().head().store);
  }
  EXPECT_TRUE(open(3));
}

TEST_F(StoreTest, AKilledLeadersStoreIsAtTheHeadAtOnce) {
  fill(5);
  disk.crash({.loss = Loss::kNothing});
  auto store = open();
  EXPECT_EQ(store->recovery().replayed_from, Index{7});
  expect_whole(*store, 5);
}

TEST_F(StoreTest, WhatWasFlushedButNotCommittedIsReplayed) {
  {
    auto store = open();
    append(*store, {control(TermStart{client(1)}), control(schema()), added(1, "todo 1")});
    const BatchResult result = run(
        store->state(), {added(2, "todo 2"), exec("UPDATE todo SET done = abs(random() % 100)")});
    ASSERT_TRUE(store->log().append(entries(result), result.digest));
    ASSERT_TRUE(store->log().flush());
    digest = result.digest;
    disk.crash({.loss = Loss::kNothing});
  }
  auto store = open();
  EXPECT_EQ(store->recovery().replayed_from, Index{3});
  expect_whole(*store, 2);
}

TEST_F(StoreTest, APowerLossReplaysFromTheCheckpoint) {
  {
    auto store = open();
    append(*store, {control(TermStart{client(1)}), control(schema()), added(1, "a")});
    const auto at = store->checkpoint();
    ASSERT_TRUE(at);
    EXPECT_EQ(*at, Index{3});
    append(*store, {control(CheckpointMark{*at})});
    append(*store, {added(2, "b")});
    digest = store->state().digest();
  }
  disk.crash({.loss = Loss::kUnflushed});
  auto store = open();
  EXPECT_EQ(store->recovery().replayed_from, Index{3});
  EXPECT_EQ(store->checkpoint_index(), Index{3});
  expect_whole(*store, 2);
}

TEST_F(StoreTest, ALostDatabaseIsReplayedFromTheFirstEntry) {
  fill(5);
  for (const std::string& name : disk.names()) {
    if (name.starts_with("db/")) disk.overwrite(name, {});
  }
  auto store = open();
  EXPECT_EQ(store->recovery().replayed_from, Index{});
  expect_whole(*store, 5);
}

TEST_F(StoreTest, ADamagedDatabaseIsMadeAnewAndTold) {
  fill(5);
  {
    auto store = open();
    ASSERT_TRUE(store->checkpoint());
  }
  for (const std::string& name : database_files()) {
    Bytes content = disk.written(name);
    for (std::size_t at = kPoolHeaderBytes + 100; at < content.size(); at += 50)
      content[at] ^= std::byte{0x5a};
    disk.overwrite(name, content);
  }
  auto store = open();
  ASSERT_TRUE(store);
  EXPECT_TRUE(store->recovery().rebuilt);
  expect_whole(*store, 5);
  append(*store, {added(6, "six")});
  store.reset();
  EXPECT_FALSE(open()->recovery().rebuilt);
}

TEST_F(StoreTest, ADatabaseWithAnotherDigestThanTheLogsIsMadeAnewAndTold) {
  fill(5);
  {
    const auto pool = Pool::open(disk.open_slots("db/").value()).value();
    const PoolVfs vfs(*pool);
    Database raw(kStatePath, vfs.name());
    EXPECT_EQ(raw.exec("UPDATE tablog_state SET value = zeroblob(16) WHERE kind = 1"), SQLITE_OK);
  }
  auto store = open();
  ASSERT_TRUE(store);
  EXPECT_THAT(store->recovery().rebuilt.value_or(""), HasSubstr("digest"));
  expect_whole(*store, 5);
}

// A leader whose rows were wrong wrote a wrong digest, and stepped down. The entries are right.
TEST_F(StoreTest, WhereTheDigestInTheLogIsWrongTheLogsEntriesStand) {
  fill(5);
  {
    auto store = open();
    const BatchResult result = run(store->state(), {added(6, "todo 6")});
    digest = result.digest;
    ASSERT_TRUE(store->log().append(entries(result), Digest{}));
    ASSERT_TRUE(store->log().flush());
  }
  auto store = open();
  ASSERT_TRUE(store);
  EXPECT_THAT(store->recovery().rebuilt.value_or(""), HasSubstr("digest"));
  expect_whole(*store, 6);
}

TEST_F(StoreTest, ADatabaseAheadOfTheLogIsCorrupt) {
  fill(5);
  {
    auto store = open();
    (void)run(store->state(), {added(6, "never logged")});
    ASSERT_TRUE(store->state().commit());
  }
  const auto store = try_open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kCorrupt);
}

TEST_F(StoreTest, ALogThatLostWhatTheDatabaseHasIsCorruptAndNeverRebuilt) {
  fill(3);
  {
    auto store = open();
    ASSERT_TRUE(store->checkpoint());
  }
  for (const std::string& name : disk.names()) {
    if (name.starts_with("log/")) disk.overwrite(name, {});
  }
  const auto store = try_open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kCorrupt);
}

// Two histories of one store from the third entry on, as when a copy of its files was put back.
TEST_F(StoreTest, ADatabaseOfAnotherHistoryIsCorrupt) {
  fill(3);
  MemoryDisk before;
  for (const std::string& name : disk.names()) before.overwrite(name, disk.written(name));
  {
    auto store = open();
    append(*store, {added(90, "one history")});
  }
  MemoryDisk after;
  for (const std::string& name : disk.names()) {
    if (name.starts_with("db/")) after.overwrite(name, disk.written(name));
    disk.overwrite(
        name, name.starts_with("log/") || name.starts_with("db/") ? before.written(name) : Bytes{});
  }
  {
    auto store = open();
    append(*store, {added(90, "and another"), added(91, "which is longer")});
  }
  for (const std::string& name : after.names()) disk.overwrite(name, after.written(name));
  const auto store = try_open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(store.error().message, HasSubstr("other entries"));
}

TEST_F(StoreTest, AnotherStoresDatabaseIsCorrupt) {
  fill(3);
  MemoryDisk other;
  for (const std::string& name : disk.names()) {
    if (name.starts_with("db/")) other.overwrite(name, disk.written(name));
    disk.overwrite(name, {});
  }
  {
    auto store = open(2);
    append(*store, {control(TermStart{client(1)}), control(schema())});
    for (int i = 1; i <= 5; ++i) append(*store, {added(i, "other " + std::to_string(i))});
  }
  for (const std::string& name : other.names()) disk.overwrite(name, other.written(name));
  const auto store = try_open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(store.error().message, HasSubstr("another store"));
}

TEST_F(StoreTest, AFullDiskCanBeOpenedLedAndRead) {
  fill(3);
  disk.set_quota(disk.bytes());
  auto store = open();
  ASSERT_TRUE(store);
  expect_whole(*store, 3);
  const auto reserved = store->reserve(8 << 20);
  ASSERT_FALSE(reserved);
  EXPECT_EQ(reserved.error().code, ErrorCode::kQuotaExceeded);
}

TEST_F(StoreTest, ReplayOfManyEntriesOverManySegmentsGivesTheSame) {
  fill(0);
  {
    auto store = open();
    for (int i = 0; i < 60; ++i) {
      std::vector<BatchItem> items;
      for (int k = 0; k < 20; ++k)
        items.push_back(exec("INSERT INTO todo(title) VALUES (hex(randomblob(30)))"));
      append(*store, items);
      while (store->log_slots_wanted() > 0) {
        const std::string name = "log/" + std::to_string(slots++);
        store->add_log_slot(Slot{.name = name, .file = std::move(disk.open(name).value())});
      }
    }
    digest = store->state().digest();
    EXPECT_GT(store->log().segments().size(), 3U);
  }
  for (const std::string& name : disk.names()) {
    if (name.starts_with("db/")) disk.overwrite(name, {});
  }
  auto store = open();
  expect_whole(*store, 1200);
}

// At every place where the disk may stop, with what it may lose: the database follows the log, and
// what was flushed is there.
class StoreCrashTest : public StoreTest, public testing::WithParamInterface<std::uint64_t> {
 protected:
  // Appends until something fails; the last index whose flush returned.
  std::uint64_t append_until_failure() {
    std::uint64_t flushed = 0;
    auto store = try_open();
    for (std::int64_t i = 0; store && i < 12; ++i) {
      if (!(*store)->reserve(64 << 10)) break;
      const std::vector items{i == 0 ? control(schema()) : added(i, "t" + std::to_string(i))};
      const auto result = (*store)->state().execute(context(), items);
      if (!result || !(*store)->log().append(entries(*result), result->digest)) break;
      if (!(*store)->log().flush()) break;
      flushed = (*store)->log().head().index.value;
      if (!(*store)->commit_state()) break;
      if (i % 4 == 3 && !(*store)->checkpoint()) break;
    }
    return flushed;
  }
};

TEST_P(StoreCrashTest, WhatWasFlushedIsThere) {
  std::uint64_t calls = 0;
  disk.set_fault_hook([&](const FileCall&) -> std::optional<FileFault> {
    if (++calls < GetParam()) return std::nullopt;
    return FileFault{.code = ErrorCode::kStorageUnavailable};
  });
  const std::uint64_t flushed = append_until_failure();
  disk.set_fault_hook({});
  std::mt19937_64 random(GetParam());
  disk.crash({.loss = GetParam() % 2 == 0 ? Loss::kReordered : Loss::kTorn,
              .random = [&] { return random(); }});
  more_log_slots();
  auto store = open();
  ASSERT_TRUE(store);
  EXPECT_GE(store->log().head().index.value, flushed);
  EXPECT_EQ(store->state().applied(), store->log().head().index);
  EXPECT_EQ(store->state().chain(), store->log().head().chain);
  expect_sound_digest(store->state());
  const std::int64_t id = 100;
  EXPECT_FALSE(
      append(*store, {store->state().schema() ? added(id, "after") : control(schema())}).empty());
}

INSTANTIATE_TEST_SUITE_P(Calls, StoreCrashTest, testing::Range<std::uint64_t>(1, 260, 3));

}  // namespace
}  // namespace tablog::storage
