#include "storage/log_files.h"

#include <gmock/gmock.h>

#include "log/chain.h"
#include "log/frame.h"
#include "log/segment.h"
#include "log/size.h"
#include "tests/storage/log_kit.h"

namespace tablog::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(LogFilesTest, EmptySlotsAreAnEmptyLog) {
  LogKit kit;
  const auto log = kit.open();
  EXPECT_EQ(log->head().index, Index{0});
  EXPECT_EQ(log->head().store, samples::id<StoreId>(0x40));
  EXPECT_TRUE(log->head().chain.is_zero());
  EXPECT_EQ(log->first(), Index{1});
  EXPECT_THAT(log->segments(), IsEmpty());
  EXPECT_FALSE(log->torn_tail());
}

TEST(LogFilesTest, NoLogWhereTheStateHasOneIsCorrupt) {
  LogKit kit;
  const auto log = kit.try_open(Index{3});
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, ErrorCode::kCorrupt);
}

TEST(LogFilesTest, EntriesComeBackAfterReopening) {
  LogKit kit;
  auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 1, "a"));
  ASSERT_TRUE(append_flushed(*log, 2, "b"));
  const LogHead head = log->head();
  log.reset();

  log = kit.open(Index{3});
  EXPECT_EQ(log->head().index, Index{3});
  EXPECT_EQ(log->head().durable, Index{3});
  EXPECT_EQ(log->head().chain, head.chain);
  EXPECT_EQ(log->head().term, head.term);
  EXPECT_EQ(log->head().time_ms, head.time_ms);
  EXPECT_EQ(log->head().digest, digest_of(Index{3}));
  EXPECT_EQ(log->head().store, head.store);
  EXPECT_THAT(texts(*log).value(), ElementsAre("a", "b", "b"));
}

TEST(LogFilesTest, HeadIsDurableOnlyAfterTheFlush) {
  LogKit kit;
  const auto log = kit.open();
  ASSERT_TRUE(append(*log, make_entries(Index{0}, 2, "a")));
  EXPECT_EQ(log->head().index, Index{2});
  EXPECT_EQ(log->head().durable, Index{0});
  ASSERT_TRUE(log->flush());
  EXPECT_EQ(log->head().durable, Index{2});
}

TEST(LogFilesTest, BatchIsOneWriteAndOneFlush) {
  LogKit kit;
  kit.options = {};  // as in a live store
  const auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 1, "begins the segment"));
  std::uint64_t writes = 0;
  kit.disk.set_fault_hook([&](const FileCall& call) -> std::optional<FileFault> {
    writes += call.operation == FileOperation::kWrite ? 1 : 0;
    return std::nullopt;
  });
  for (std::uint64_t batches = 1; batches <= 100; ++batches) {
    const std::uint64_t flushes = log->flushes();
    ASSERT_TRUE(append_flushed(*log, batches, "text"));
    EXPECT_EQ(log->flushes(), flushes + 1);
  }
  // 5,050 entries of about 180 bytes: 900 KB in steps of 256 KiB ahead.
  EXPECT_LE(writes, 100U + 5U);
}

TEST(LogFilesTest, FlushWithNothingWrittenIsNone) {
  LogKit kit;
  const auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 1, "a"));
  const std::uint64_t flushes = log->flushes();
  ASSERT_TRUE(log->flush());
  EXPECT_EQ(log->flushes(), flushes);
}

TEST(LogFilesTest, FullSegmentIsSealedAndTheNextGoesOn) {
  LogKit kit;
  auto log = kit.open();
  std::vector<std::string> expected;
  for (int i = 0; i < 200; ++i) {
    expected.push_back("entry " + std::to_string(i));
    ASSERT_TRUE(append_flushed(*log, 1, expected.back()));
    if (log->slots_wanted() > 0) {
      auto file = kit.disk.open("log-more" + std::to_string(i));
      log->add_slot({"log-more" + std::to_string(i), std::move(*file)});
    }
  }
  const auto segments = log->segments();
  ASSERT_GT(segments.size(), 5U);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    EXPECT_EQ(segments[i].sequence, i + 1);
    EXPECT_EQ(segments[i].sealed, i + 1 < segments.size());
    EXPECT_EQ(segments[i].last,
              i + 1 < segments.size() ? Index{segments[i + 1].base.value - 1} : log->head().index);
  }
  EXPECT_EQ(texts(*log).value(), expected);
  log.reset();
  log = kit.open(Index{200});
  EXPECT_EQ(log->head().index, Index{200});
  EXPECT_EQ(texts(*log).value(), expected);
  EXPECT_EQ(texts(*log, 1).value(), expected);
}

TEST(LogFilesTest, WithoutASpareSlotTheSegmentGoesOnGrowing) {
  LogKit kit;
  std::vector<Slot> one;
  one.push_back({"only", std::move(*kit.disk.open("only"))});
  const auto log =
      LogFiles::open(std::move(one), {}, samples::id<StoreId>(1), {}, 1, kit.options).value();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(append_flushed(*log, 1, "text"));
  }
  EXPECT_THAT(log->segments(), SizeIs(1));
  EXPECT_EQ(log->slots_wanted(), 2U);
  EXPECT_EQ(log->slots(), 1U);
  EXPECT_THAT(texts(*log).value(), SizeIs(200));
}

TEST(LogFilesTest, SlotWithSomethingInItIsNotTaken) {
  LogKit kit;
  const auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 1, "a"));
  const std::size_t wanted = log->slots_wanted();
  kit.disk.overwrite("other", samples::bytes("somebody's"));
  log->add_slot({"other", std::move(*kit.disk.open("other"))});
  EXPECT_EQ(log->slots_wanted(), wanted);
  EXPECT_EQ(kit.disk.written("other"), samples::bytes("somebody's"));
}

TEST(LogFilesTest, ReadGivesWholeBatchesWithinItsLimit) {
  LogKit kit;
  const auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 2, "a"));
  ASSERT_TRUE(append_flushed(*log, 2, "b"));
  ASSERT_TRUE(append_flushed(*log, 2, "c"));
  const std::uint64_t entry = make_entries({}, 1, "a")[0].bytes->size();

  EXPECT_THAT(log->read({1}, {6}, 5 * entry)->entries, SizeIs(4)) << "two batches and no half";
  EXPECT_THAT(log->read({1}, {6}, 1)->entries, SizeIs(1)) << "at least one entry";
  EXPECT_THAT(log->read({2}, {6}, 2 * entry)->entries, SizeIs(1)) << "the rest of its batch";
  EXPECT_THAT(log->read({2}, {5}, 100 * entry)->entries, SizeIs(4)) << "from and to as asked";
  EXPECT_THAT(log->read({6}, {99}, 100 * entry)->entries, SizeIs(1)) << "cut at the head";
}

TEST(LogFilesTest, ReadTellsTheChainBeforeItsFirstEntry) {
  LogKit kit;
  const auto log = kit.open();
  std::vector<ChainHash> chains = {ChainHash{}};
  for (int i = 0; i < 60; ++i) {
    const auto entries = make_entries(log->head().index, 2, "text");
    for (const EncodedEntry& entry : entries) {
      chains.push_back(extend_chain(chains.back(), *entry.bytes));
    }
    ASSERT_TRUE(append(*log, entries));
  }
  ASSERT_GT(log->segments().size(), 1U);
  for (std::size_t i = 0; i < chains.size(); ++i) {
    EXPECT_EQ(log->chain_at(Index{i}), chains[i]) << i;
    if (i > 0) {
      EXPECT_EQ(log->read(Index{i}, Index{i}, 1)->previous_chain, chains[i - 1]) << i;
    }
  }
}

TEST(LogFilesTest, ReadOutsideTheLogIsAnInvalidArgument) {
  LogKit kit;
  const auto log = kit.open();
  EXPECT_EQ(log->read({1}, {1}, 1).error().code, ErrorCode::kInvalidArgument);
  ASSERT_TRUE(append_flushed(*log, 1, "a"));
  EXPECT_EQ(log->read({0}, {1}, 1).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(log->read({2}, {2}, 1).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(log->chain_at({2}).error().code, ErrorCode::kInvalidArgument);
}

TEST(LogFilesTest, LargeBatchIsReadInPieces) {
  LogKit kit;
  kit.options = {};
  const auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 20'000, "one of many"));
  std::size_t pieces = 0;
  for (Index last; last < log->head().index; ++pieces) {
    const auto batch = log->read(next(last), log->head().index, 64U << 10U);
    ASSERT_TRUE(batch);
    last.value += batch->entries.size();
  }
  EXPECT_GT(pieces, 20U);
}

TEST(LogFilesTest, FullDiskIsToldByReserveAndChangesNothing) {
  LogKit kit;
  const auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 1, "a"));
  ASSERT_TRUE(append(*log, make_entries(Index{1}, 1, "relaxed")));
  kit.disk.set_quota(kit.disk.bytes());
  const auto reserved = log->reserve(1U << 20U);
  ASSERT_FALSE(reserved);
  EXPECT_EQ(reserved.error().code, ErrorCode::kQuotaExceeded);

  // The leader's own entries still find room, and what fits goes on.
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(log->append(make_entries(log->head().index, 1, "control"), {}));
    ASSERT_TRUE(log->flush());
  }
  kit.disk.set_quota(std::nullopt);
  EXPECT_TRUE(log->reserve(1U << 20U));
  EXPECT_THAT(texts(*log).value(), SizeIs(52));
}

TEST(LogFilesTest, FullDiskDoesNotKeepATornLogFromOpening) {
  LogKit kit;
  auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 1, "a"));
  const std::string slot = log->segments()[0].slot;
  const std::uint64_t end = log->segments()[0].bytes;
  log.reset();
  Bytes content = kit.disk.written(slot);
  content[end + 100] = std::byte{1};
  kit.disk.overwrite(slot, content);
  kit.disk.set_quota(kit.disk.bytes());  // the spare slot has had its room from the start
  log = kit.open();
  ASSERT_TRUE(log->torn_tail());
  EXPECT_TRUE(log->append(make_entries(Index{1}, 1, "term start"), {}));
}

TEST(LogFilesTest, RoomForTheSegmentAfterATornOneSurvivesThePowerLossThatToreIt) {
  LogKit kit;
  auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 1, "a"));
  ASSERT_TRUE(append(*log, make_entries(Index{1}, 1, std::string(2000, 'b'))));
  const std::string slot = log->segments()[0].slot;
  Bytes torn = kit.disk.written(slot);
  torn[log->segments()[0].bytes - 100] ^= std::byte{1};
  log.reset();
  kit.disk.crash({.loss = Loss::kUnflushed});
  kit.disk.overwrite(slot, torn);
  static_cast<void>(kit.slots());
  kit.disk.set_quota(kit.disk.bytes());  // others have taken what was free
  log = kit.open();
  ASSERT_TRUE(log->torn_tail());
  EXPECT_TRUE(log->append(make_entries(Index{1}, 1, "term start"), {}));
}

TEST(LogFilesTest, TornLogWithoutASpareSlotIsReadUntilThereIsOne) {
  LogKit kit;
  auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 1, "a"));
  const SegmentInfo segment = log->segments()[0];
  log.reset();
  Bytes content = kit.disk.written(segment.slot);
  content[to_size(segment.bytes) + 100] = std::byte{1};
  kit.disk.overwrite(segment.slot, content);

  std::vector<Slot> one;
  one.push_back({segment.slot, std::move(*kit.disk.open(segment.slot))});
  log = LogFiles::open(std::move(one), {.index = Index{1}}, {}, {}, 2, kit.options).value();
  EXPECT_TRUE(log->torn_tail());
  EXPECT_THAT(texts(*log).value(), ElementsAre("a"));
  EXPECT_EQ(append_flushed(*log, 1, "b").error().code, ErrorCode::kStorageUnavailable);
  EXPECT_EQ(log->slots_wanted(), 2U);
  log->add_slot({"added", std::move(*kit.disk.open("added"))});
  ASSERT_TRUE(append_flushed(*log, 1, "b"));
  EXPECT_EQ(kit.disk.written(segment.slot), content);
  EXPECT_THAT(texts(*log).value(), ElementsAre("a", "b"));
}

TEST(LogFilesTest, AfterAFailedWriteNothingGoesOn) {
  LogKit kit;
  auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 1, "a"));
  kit.disk.set_fault_hook([](const FileCall& call) -> std::optional<FileFault> {
    if (call.operation == FileOperation::kWrite) {
      return FileFault{.bytes_done = call.bytes / 2};
    }
    return std::nullopt;
  });
  EXPECT_EQ(append_flushed(*log, 3, "b").error().code, ErrorCode::kStorageUnavailable);
  kit.disk.set_fault_hook({});
  EXPECT_FALSE(append_flushed(*log, 3, "b"));
  EXPECT_FALSE(log->flush());
  EXPECT_FALSE(log->reserve(1));
  EXPECT_EQ(log->head().index, Index{1});
  log.reset();
  log = kit.open();
  ASSERT_TRUE(log->torn_tail());
  EXPECT_EQ(log->torn_tail()->after, Index{1});
  EXPECT_THAT(texts(*log).value(), ElementsAre("a"));
}

TEST(LogFilesTest, AfterAFailedFlushNothingGoesOn) {
  LogKit kit;
  auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 1, "a"));
  kit.disk.set_fault_hook([](const FileCall& call) -> std::optional<FileFault> {
    if (call.operation == FileOperation::kFlush) return FileFault{};
    return std::nullopt;
  });
  EXPECT_EQ(append_flushed(*log, 1, "b").error().code, ErrorCode::kStorageUnavailable);
  kit.disk.set_fault_hook({});
  EXPECT_FALSE(log->flush()) << "it would succeed, and flush nothing";
  EXPECT_FALSE(append_flushed(*log, 1, "c"));
  EXPECT_EQ(log->head().durable, Index{1});
}

// What an earlier writer left in a slot, or behind a cut, must not look like this one's frames.
TEST(LogFilesTest, SaltsDifferEachTimeALogIsOpened) {
  std::set<std::uint64_t> salts;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    LogKit kit;
    kit.opened = seed;
    auto log = kit.open();
    ASSERT_TRUE(append_flushed(*log, 1, "a"));
    const std::string slot = log->segments().back().slot;
    log.reset();
    const Bytes content = kit.disk.written(slot);
    salts.insert(decode_segment_header(content).value().salt);
  }
  EXPECT_EQ(salts.size(), 3U);
}

TEST(LogFilesTest, OlderGenerationDoesNotOpenANewerLog) {
  LogKit kit;
  auto log = LogFiles::open(kit.slots(), {}, samples::id<StoreId>(1), Generation{2}, 1).value();
  ASSERT_TRUE(append_flushed(*log, 1, "a"));
  log.reset();
  const auto older = LogFiles::open(kit.slots(), {}, samples::id<StoreId>(1), Generation{1}, 2);
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().code, ErrorCode::kStorageUnavailable);
}

}  // namespace
}  // namespace tablog::storage
