#include "storage/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/storage/pool_samples.h"

namespace tablog::storage {
namespace {

using samples::kJournal;
using samples::kMainDb;
using samples::kWal;
using samples::make_slots;
using samples::open_pool;
using testing::ElementsAre;
using testing::IsEmpty;

Bytes bytes_of(std::string_view text) {
  Bytes bytes(text.size());
  std::ranges::transform(text, bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
  return bytes;
}

// What a slot holds that the official build has written.
Bytes slot_of(const std::string& pathname, std::uint32_t flags, std::string_view payload) {
  Bytes content(kPoolHeaderBytes);
  std::ranges::copy(encode_pool_header(pathname, flags), content.begin());
  std::ranges::copy(bytes_of(payload), std::back_inserter(content));
  return content;
}

std::string read_all(File& file) {
  std::string text(static_cast<std::size_t>(file.size().value()), '\0');
  EXPECT_EQ(file.read(0, std::as_writable_bytes(std::span(text))), text.size());
  return text;
}

std::string content_of(Pool& pool, std::string_view path) {
  File* const file = pool.find(path);
  return file != nullptr ? read_all(*file) : "none";
}

void create(Pool& pool, std::string_view path, std::uint32_t flags, std::string_view payload) {
  const auto file = pool.create(path, flags);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE((*file)->write(0, bytes_of(payload)));
  ASSERT_TRUE((*file)->flush());
}

TEST(PoolTest, KeepsFilesAcrossOpenings) {
  MemoryDisk disk;
  make_slots(disk);
  {
    const auto pool = open_pool(disk);
    create(*pool, "/state.db", kMainDb, "database");
    create(*pool, "/state.db-wal", kWal, "wal");
  }
  disk.crash({.loss = Loss::kUnflushed});
  const auto pool = open_pool(disk);
  EXPECT_EQ(content_of(*pool, "/state.db"), "database");
  EXPECT_EQ(content_of(*pool, "/state.db-wal"), "wal");
  EXPECT_EQ(content_of(*pool, "/other.db"), "none");
}

TEST(PoolTest, WritesWhatTheOfficialBuildReads) {
  MemoryDisk disk;
  make_slots(disk, 1);
  create(*open_pool(disk), "/sp ace.db", kMainDb, "payload");
  EXPECT_EQ(disk.written("slot0"), slot_of("/sp%20ace.db", kMainDb, "payload"));
}

TEST(PoolTest, ReadsWhatTheOfficialBuildWrites) {
  MemoryDisk disk;
  disk.overwrite("slot0", slot_of("/sp%20ace.db", kMainDb, "payload"));
  disk.overwrite("slot1", Bytes(kPoolHeaderBytes));
  const auto pool = open_pool(disk);
  EXPECT_EQ(content_of(*pool, "/sp ace.db"), "payload");
  EXPECT_EQ(content_of(*pool, "/sp%20ace.db"), "payload");
  const auto entries = pool->entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].path, "/sp ace.db");
  EXPECT_EQ(entries[0].bytes, 7U);
  EXPECT_EQ(entries[1].path, "");
}

TEST(PoolTest, RemovingAFileBlanksItsSlot) {
  MemoryDisk disk;
  make_slots(disk, 1);
  {
    const auto pool = open_pool(disk);
    create(*pool, "/a", kJournal, "journal");
    ASSERT_TRUE(pool->remove("/a"));
    EXPECT_EQ(pool->find("/a"), nullptr);
    EXPECT_TRUE(pool->remove("/a")) << "removing nothing is fine";
  }
  EXPECT_EQ(disk.durable("slot0"), Bytes(kPoolHeaderBytes));
}

TEST(PoolTest, TransientFilesAreFreedWhenItOpens) {
  MemoryDisk disk;
  disk.overwrite("slot0", slot_of("/temp", kMainDb | 0x8, "x"));
  disk.overwrite("slot1", slot_of("/untyped", 0x6, "x"));
  const auto pool = open_pool(disk);
  EXPECT_THAT(pool->quarantined(), IsEmpty());
  EXPECT_EQ(pool->find("/temp"), nullptr);
  EXPECT_EQ(disk.durable("slot0"), Bytes(kPoolHeaderBytes));
  EXPECT_EQ(disk.durable("slot1"), Bytes(kPoolHeaderBytes));
}

TEST(PoolTest, NewSlotsGetABlankHeaderAtOnce) {
  // The official build takes the previous slot's path for that of an empty file.
  MemoryDisk disk;
  make_slots(disk, 1);
  const auto pool = open_pool(disk);
  pool->add_slot({"slot1", *disk.open("slot1")});
  EXPECT_EQ(disk.durable("slot0"), Bytes(kPoolHeaderBytes));
  EXPECT_EQ(disk.durable("slot1"), Bytes(kPoolHeaderBytes));
}

TEST(PoolTest, AFlippedByteInAUsedHeaderIsQuarantinedAndNothingLost) {
  const Bytes good = slot_of("/state.db", kMainDb, "precious");
  for (std::size_t at = 0; at < kPoolHeaderFieldsBytes; ++at) {
    for (const auto flip : {std::byte{0x01}, std::byte{0x80}, std::byte{0xff}, good[at]}) {
      if (flip == std::byte{}) continue;
      Bytes bad = good;
      bad[at] ^= flip;
      MemoryDisk disk;
      disk.overwrite("slot0", bad);
      const auto pool = open_pool(disk);
      ASSERT_THAT(pool->quarantined(), ElementsAre("slot0")) << at;
      EXPECT_EQ(pool->find("/state.db"), nullptr);
      EXPECT_EQ(disk.written("slot0"), bad);
      EXPECT_EQ(pool->slots_wanted(), 4U) << "a quarantined slot is not to be used";
    }
  }
}

TEST(PoolTest, ADamagedHeaderWithNothingBehindItIsATornCreation) {
  Bytes torn = slot_of("/state.db-wal", kWal, "");
  std::fill(torn.begin() + 512, torn.end(), std::byte{});
  MemoryDisk disk;
  disk.overwrite("slot0", torn);
  Bytes flags_only = slot_of("/state.db-wal", kWal, "");
  std::fill(flags_only.begin(), flags_only.begin() + 512, std::byte{});
  disk.overwrite("slot1", flags_only);
  const auto pool = open_pool(disk);
  EXPECT_THAT(pool->quarantined(), IsEmpty());
  EXPECT_EQ(disk.durable("slot0"), Bytes(kPoolHeaderBytes));
  EXPECT_EQ(disk.durable("slot1"), Bytes(kPoolHeaderBytes));
}

TEST(PoolTest, TwoSlotsOfOnePathAreBothKeptAndTold) {
  MemoryDisk disk;
  disk.overwrite("slot0", slot_of("/state.db", kMainDb, "one"));
  disk.overwrite("slot1", slot_of("/state.db", kMainDb, "two"));
  disk.overwrite("slot2", Bytes(kPoolHeaderBytes));
  const auto pool = open_pool(disk);
  EXPECT_THAT(pool->quarantined(), ElementsAre("slot0", "slot1"));
  EXPECT_TRUE(pool->conflicted("/state.db"));
  EXPECT_EQ(pool->find("/state.db"), nullptr);
  EXPECT_EQ(pool->create("/state.db", kMainDb).error().code, ErrorCode::kCorrupt);

  ASSERT_TRUE(pool->discard_quarantined());
  EXPECT_FALSE(pool->conflicted("/state.db"));
  EXPECT_TRUE(pool->create("/state.db", kMainDb));
}

TEST(PoolTest, OfTwoSlotsOfOnePathTheEmptyOneIsAFailedCreation) {
  MemoryDisk disk;
  disk.overwrite("slot0", slot_of("/state.db", kMainDb, ""));
  disk.overwrite("slot1", slot_of("/state.db", kMainDb, "two"));
  const auto pool = open_pool(disk);
  EXPECT_THAT(pool->quarantined(), IsEmpty());
  EXPECT_EQ(content_of(*pool, "/state.db"), "two");
  EXPECT_EQ(disk.durable("slot0"), Bytes(kPoolHeaderBytes));
}

TEST(PoolTest, NamesThatAreNoPathsAndFullPoolsAreTyped) {
  MemoryDisk disk;
  make_slots(disk, 1);
  const auto pool = open_pool(disk);
  EXPECT_EQ(pool->create("/../x", kMainDb).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(pool->create("/" + std::string(kPoolPathBytesMax, 'x'), kMainDb).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_TRUE(pool->create("/" + std::string(kPoolPathBytesMax - 1, 'x'), kMainDb));
  EXPECT_EQ(pool->create("/b", kMainDb).error().code, ErrorCode::kStorageUnavailable);
  EXPECT_EQ(pool->find("/../x"), nullptr);
}

TEST(PoolTest, WantsSlotsUntilADatabaseItsWalABallastAndASpareFit) {
  MemoryDisk disk;
  const auto pool = open_pool(disk);
  EXPECT_EQ(pool->slots_wanted(), 4U);
  for (int i = 0; pool->slots_wanted() > 0; ++i) {
    const auto name = "slot" + std::to_string(i);
    pool->add_slot({name, *disk.open(name)});
  }
  create(*pool, "/state.db", kMainDb, "x");
  create(*pool, "/state.db-wal", kWal, "x");
  ASSERT_TRUE(pool->reserve(1));
  EXPECT_EQ(pool->slots_wanted(), 0U);
  EXPECT_EQ(pool->slots(), 4U);
  ASSERT_TRUE(pool->create("/state.db-journal", kJournal));
  EXPECT_EQ(pool->slots_wanted(), 1U);
}

TEST(PoolTest, AReadOnlyDiskCanBeRead) {
  MemoryDisk disk;
  disk.overwrite("slot0", slot_of("/state.db", kMainDb, "x"));
  disk.overwrite("slot1", slot_of("/temp", 0x6, "x"));
  disk.overwrite("slot2", Bytes{});
  disk.set_fault_hook([](const FileCall& call) {
    return call.operation == FileOperation::kRead ? std::nullopt : std::optional(FileFault{});
  });
  const auto pool = open_pool(disk);
  EXPECT_EQ(content_of(*pool, "/state.db"), "x");
  EXPECT_FALSE(pool->create("/b", kMainDb));
}

TEST(PoolTest, ASlotThatCannotBeReadIsAnErrorOfOpen) {
  MemoryDisk disk;
  make_slots(disk, 2);
  disk.set_fault_hook([](const FileCall&) { return std::optional(FileFault{}); });
  EXPECT_EQ(Pool::open(*disk.open_slots("slot")).error().code, ErrorCode::kStorageUnavailable);
}

TEST(PoolTest, OpeningReadsEachHeaderOnce) {
  MemoryDisk disk;
  make_slots(disk, 32);
  {
    const auto pool = open_pool(disk);
  }
  int reads = 0;
  int others = 0;
  disk.set_fault_hook([&](const FileCall& call) -> std::optional<FileFault> {
    ++(call.operation == FileOperation::kRead ? reads : others);
    return std::nullopt;
  });
  const auto pool = open_pool(disk);
  EXPECT_EQ(reads, 32);
  EXPECT_EQ(others, 0);
}

// Creating and removing, cut off at every call and by every kind of power loss: the files that were
// flushed are there with their content, nothing is doubled or quarantined.
TEST(PoolTest, APowerLossAtAnyCallLeavesNoDamage) {
  for (const Loss loss : {Loss::kNothing, Loss::kUnflushed, Loss::kTorn, Loss::kReordered}) {
    bool done = false;
    for (int stop_at = 0; !done; ++stop_at) {
      MemoryDisk disk;
      make_slots(disk, 3);
      std::mt19937_64 random(static_cast<std::uint64_t>(stop_at) + 1);
      auto pool = open_pool(disk);
      create(*pool, "/kept", kMainDb, "kept");
      ASSERT_TRUE(pool->reserve(1 << 10));
      create(*pool, "/old", kJournal, std::string(9000, 'j'));
      int calls = 0;
      disk.set_fault_hook([&](const FileCall&) -> std::optional<FileFault> {
        if (calls++ != stop_at) return std::nullopt;
        disk.crash({.loss = loss, .sector_bytes = 512, .random = [&] { return random(); }});
        return FileFault{};
      });
      done = pool->remove("/old") && pool->create("/new", kWal) && pool->create("/third", kWal);
      disk.set_fault_hook(nullptr);
      pool.reset();
      pool = open_pool(disk);
      EXPECT_THAT(pool->quarantined(), IsEmpty()) << stop_at;
      EXPECT_EQ(content_of(*pool, "/kept"), "kept");
      if (pool->find("/new") != nullptr) {
        EXPECT_EQ(pool->find("/old"), nullptr);
        EXPECT_EQ(content_of(*pool, "/new"), "");
      }
    }
  }
}

TEST(PoolTest, AnyHeadersAndSizesAreFine) {
  std::mt19937_64 random(3);  // NOLINT(cert-msc51-cpp): a run that fails can be run again
  for (int round = 0; round < 500; ++round) {
    MemoryDisk disk;
    for (int i = 0; i < 4; ++i) {
      Bytes content = random() % 2 == 0 ? slot_of("/a" + std::to_string(random() % 3), kMainDb, "x")
                                        : Bytes(random() % 6000);
      for (std::uint64_t flips = random() % 3; flips > 0 && !content.empty(); --flips) {
        content[random() % std::min<std::size_t>(content.size(), 530)] =
            static_cast<std::byte>(random());
      }
      if (random() % 8 == 0)
        std::ranges::generate(content, [&] { return static_cast<std::byte>(random()); });
      disk.overwrite("slot" + std::to_string(i), content);
    }
    const auto pool = open_pool(disk);
    for (const auto& entry : pool->entries()) {
      EXPECT_TRUE(entry.path.empty() || pool->find(entry.path) != nullptr) << entry.path;
    }
    const auto created = pool->create("/new", kMainDb);
    EXPECT_TRUE(created || created.error().code == ErrorCode::kStorageUnavailable);
  }
}

}  // namespace
}  // namespace tablog::storage
