// What the leader's host does beyond carrying decisions out. Crashes and faults: crash_test.cc,
// fault_test.cc.
#include "web/host/leader_host.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/web/leader_kit.h"
#include "tests/web/log_audit.h"
#include "tests/web/starts.h"

namespace tablog::host {
namespace {

using storage::Loss;
using storage::MemoryDisk;

// Every slot of the log is a segment, and the last one is torn.
void tear_until_no_slot_is_left(MemoryDisk& disk, Model& model, const KitOptions& options) {
  for (int i = 0; i < 3; ++i) {
    std::string slot;
    {
      LeaderKit kit(disk, model, options);
      kit.start();
      kit.append(Durability::kFull, one(i, "todo " + std::to_string(i)));
      slot = kit.store()->log().segments().back().slot;
    }
    disk.crash({.loss = Loss::kNothing});
    for (const std::string& name : disk.names()) {  // created, and lost before it was used
      if (name.starts_with("log/") && name > "log/1003" && name != slot) disk.remove(name);
    }
    Bytes content = disk.written(slot);
    content.back() = std::byte{1};
    disk.overwrite(slot, content);
  }
}

// A killed leader's store, its database all in its file.
void fill(MemoryDisk& disk, Model& model) {
  {
    LeaderKit kit(disk, model, {});
    kit.start();
    for (int i = 901; i <= 960; ++i)
      kit.append(Durability::kFull, one(i, "todo " + std::to_string(i) + std::string(200, 'x')));
    kit.checkpoint();
  }
  disk.crash({.loss = Loss::kNothing});
}

// Calls `change(content, at)` where `word` stands in a file of the directory.
template <class Change>
void rot(MemoryDisk& disk, const char* directory, const std::string& word, Change change) {
  const auto text = std::as_bytes(std::span(word));
  for (const std::string& name : disk.names()) {
    if (!name.starts_with(directory)) continue;
    Bytes content = disk.written(name);
    for (auto at = content.begin();; ++at) {
      at = std::search(at, content.end(), text.begin(), text.end());
      if (at == content.end()) break;
      change(content, at);
    }
    disk.overwrite(name, std::move(content));
  }
}

TEST(LeaderHostTest, ADatabaseThatADisputeFindsWrongIsMadeAnew) {
  MemoryDisk disk;
  Model model;
  fill(disk, model);
  rot(disk, "pool/", "todo 90", [](Bytes&, auto at) { *at = std::byte{'T'}; });
  LeaderKit kit(disk, model, {});
  kit.start();
  ASSERT_TRUE(kit.leads()) << "not every row is read at opening";
  ASSERT_FALSE(audit(disk, kit, model));
  kit.dispute(kit.store()->log().head().index);
  ASSERT_EQ(model.errors.size(), 1U);
  EXPECT_EQ(model.errors[0].code, ErrorCode::kCorrupt);
  ASSERT_TRUE(kit.leads()) << "the lock was granted again";
  EXPECT_TRUE(audit(disk, kit, model));
}

// What the state database proves is not read at opening: a tab that needs it finds the damage.
TEST(LeaderHostTest, ATabThatCatchesUpIsToldOfDamageInTheLog) {
  MemoryDisk disk;
  Model model;
  fill(disk, model);
  rot(disk, "log/", "todo 901", [](Bytes&, auto at) { *at = std::byte{'T'}; });
  LeaderKit kit(disk, model, {});
  kit.start();
  ASSERT_TRUE(kit.leads());
  const auto range = kit.range(Index{1});
  ASSERT_TRUE(range);
  EXPECT_EQ(range->call, 0U);
  const auto* error = std::get_if<Error>(&range->result);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->code, ErrorCode::kCorrupt);
  EXPECT_TRUE(error->index && error->offset);
}

TEST(LeaderHostTest, ADatabaseThatAQueryFindsDamagedIsMadeAnew) {
  MemoryDisk disk;
  Model model;
  fill(disk, model);
  rot(disk, "pool/", "todo 930", [](Bytes& content, auto at) {  // the page is none any more
    const auto page = (at - content.begin()) / 4096 * 4096;
    content[static_cast<std::size_t>(page)] = std::byte{0};
  });
  LeaderKit kit(disk, model, {});
  kit.start();
  ASSERT_TRUE(kit.leads()) << "not every page is read at opening";
  const auto rows = kit.query("SELECT sum(length(title)) FROM todo NOT INDEXED");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::kCorrupt) << rows.error().message;
  ASSERT_TRUE(kit.leads());
  EXPECT_TRUE(kit.query("SELECT sum(length(title)) FROM todo NOT INDEXED"));
  EXPECT_TRUE(audit(disk, kit, model));
}

constexpr KitOptions kSmallSegments{.log = {.segment_bytes = 5000, .preallocate_bytes = 4096}};

// Segments are begun until there are so many; the names of the first files are durable, and those
// of the others are lost with the power.
void lose_new_names(MemoryDisk& disk, Model& model, std::size_t segments) {
  {
    LeaderKit kit(disk, model, kSmallSegments);
    kit.start();
    disk.sync_names();
    for (int i = 1; kit.store()->log().segments().size() < segments; ++i)
      kit.append(Durability::kFull, one(i, std::to_string(i) + std::string(900, 'x')));
  }
  const std::size_t before = disk.names().size();
  disk.crash({.loss = Loss::kUnflushed, .names = storage::NewNames::kLost});
  ASSERT_LT(disk.names().size(), before);
}

TEST(LeaderHostTest, TheWriteAheadLogIsBoundedHoweverShortTheTermsAre) {
  MemoryDisk disk;
  Model model;
  const leader::Options options;
  std::uint64_t most = 0;
  for (int term = 0; term < 20; ++term) {
    LeaderKit kit(disk, model, {});
    kit.start();
    for (int i = 10 * term + 1; i <= 10 * term + 10; ++i) {
      several(kit, Durability::kFull, i, i, 32U << 10U);
      ASSERT_NE(model.asked.back().accepted(), nullptr);
      most = std::max(most, kit.store()->state().wal_bytes());
    }
    disk.crash({.loss = Loss::kNothing});  // before it can close its database
  }
  EXPECT_GT(most, options.checkpoint_wal_bytes / 2) << "or this tests nothing";
  EXPECT_LE(most, options.checkpoint_wal_bytes + (256U << 10U)) << "and one batch";
}

TEST(LeaderHostTest, ALostNameOfASlotThatWasNotUsedYetIsNoLoss) {
  MemoryDisk disk;
  Model model;
  ASSERT_NO_FATAL_FAILURE(lose_new_names(disk, model, 2));
  LeaderKit kit(disk, model, kSmallSegments);
  kit.start();
  ASSERT_TRUE(kit.leads()) << model.errors.front().message;
  EXPECT_TRUE(audit(disk, kit, model));
}

TEST(LeaderHostTest, ALostNameOfASegmentIsToldAndNeverAShorterLog) {
  MemoryDisk disk;
  Model model;
  ASSERT_NO_FATAL_FAILURE(lose_new_names(disk, model, 5));
  LeaderKit kit(disk, model, kSmallSegments);
  kit.start();
  EXPECT_FALSE(kit.leads());
  ASSERT_FALSE(model.errors.empty());
  EXPECT_EQ(model.errors[0].code, ErrorCode::kCorrupt);
  EXPECT_TRUE(model.errors[0].index && model.errors[0].offset);
}

// The simulator's seed 1: replicas would drop all that it says, for its term is an old one.
TEST(LeaderHostTest, AStoreThatTheSameWorkerBeginsAnewIsAnotherStore) {
  MemoryDisk disk;
  Model model;
  LeaderKit kit(disk, model, {});
  kit.start();
  const StoreId first = kit.store()->log().head().store;
  disk.crash({.loss = Loss::kNothing});  // site data is deleted
  for (const std::string& name : disk.names()) disk.remove(name);
  kit.append(Durability::kFull, one(1, "todo 1"));
  ASSERT_TRUE(kit.leads());
  EXPECT_NE(kit.store()->log().head().store, first);
}

TEST(LeaderHostTest, ATornLogWithoutASpareSlotGetsOneAndIsLed) {
  MemoryDisk disk;
  Model model;
  const KitOptions options;
  tear_until_no_slot_is_left(disk, model, options);
  LeaderKit kit(disk, model, options);
  kit.start();
  EXPECT_TRUE(model.errors.empty()) << model.errors.front().message;
  ASSERT_TRUE(kit.leads());
  kit.append(Durability::kFull, one(100, "after it all"));
  EXPECT_TRUE(audit(disk, kit, model));
}

}  // namespace
}  // namespace tablog::host
