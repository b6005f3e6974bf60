// A log that begins later than with entry 1: its base, what is freed, and what a crash leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/log_reader.h"
#include "tests/storage/crashes.h"
#include "tests/storage/store_kit.h"

namespace tablog::storage {
namespace {

using namespace samples;

constexpr auto kAlways = [] { return true; };
constexpr auto kNever = [] { return false; };

// Entries 1 to 301: the schema, and as many to-dos, over several segments.
class CompactionTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kTodos = 300;

  CompactionTest() : store_(kit_.open()) {
    kit_.append(*store_, {control(schema())});
    for (std::uint64_t i = 1; i <= kTodos; ++i) add(static_cast<std::int64_t>(i));
  }

  void add(std::int64_t id) {
    if (store_->log().slots_wanted() > 0) {
      kit_.more_log_slots();
      const std::string name = std::to_string(kit_.slots - 1);
      store_->add_log_slot({.name = name, .file = kit_.disk.open("log/" + name).value()});
    }
    kit_.append(*store_, {added(id, "to do " + std::to_string(id) + std::string(100, 'x'))});
  }

  // What comes of it: the first entry that can be read.
  Result<Index> compact(const CompactRequest& wanted, const GoOn& go_on = kNever) {
    const Result<Index> through = store_->compactable(wanted);
    if (!through) return fail(through.error());
    if (*through == Index{}) return store_->log().first();
    if (auto begun = store_->begin_compaction(*through); !begun) return fail(begun.error());
    for (;;) {
      const auto stage = store_->advance_compaction(go_on);
      if (!stage) return fail(stage.error());
      if (*stage == NextBase::Stage::kBlocked) return store_->log().first();
      if (*stage == NextBase::Stage::kReady) break;
    }
    if (auto finished = store_->finish_compaction(); !finished) return fail(finished.error());
    return store_->log().first();
  }

  static std::string count(StateDatabase& state) {
    return ask(state, "SELECT count(*) AS n, max(id) AS id FROM todo");
  }
  // Removes the state database, as damage would.
  void lose_state() {
    Store::close_without_state(std::move(store_));
    store_ = kit_.open();
  }

  StoreKit kit_;
  std::unique_ptr<Store> store_;
};

TEST_F(CompactionTest, FreesWholeSegmentsAndReadsNothingBeforeItsFirstEntry) {
  const std::size_t segments = store_->log().segments().size();
  ASSERT_GT(segments, 3U);
  const Digest digest = store_->state().digest();
  EXPECT_EQ(compact({.retain_from = Index{200}}), Index{200});
  EXPECT_LT(store_->log().segments().size(), segments);
  const auto before = store_->log().read(Index{199}, Index{300}, 1 << 20);
  ASSERT_FALSE(before);
  EXPECT_EQ(before.error().code, ErrorCode::kCompacted);
  EXPECT_EQ(before.error().index, Index{200});
  EXPECT_TRUE(store_->log().read(Index{200}, Index{300}, 1 << 20));
  EXPECT_EQ(store_->base(), Index{199});

  store_.reset();
  store_ = kit_.open();
  EXPECT_EQ(store_->log().first(), Index{200});
  EXPECT_EQ(store_->state().digest(), digest);
  add(1000);  // in what was freed, sooner or later
  for (std::int64_t id = 2000; id < 2300; ++id) add(id);
  store_.reset();
  store_ = kit_.open();
  EXPECT_EQ(count(store_->state()), "n=601 id=2299");
}

TEST_F(CompactionTest, TheStateIsMadeFromTheBaseWhereItIsLost) {
  const Digest digest = store_->state().digest();
  ASSERT_EQ(compact({.retain_from = Index{200}}), Index{200});
  lose_state();
  EXPECT_EQ(store_->recovery().replayed_from, Index{199});
  EXPECT_EQ(store_->state().digest(), digest);
  EXPECT_EQ(count(store_->state()), "n=300 id=300");
  expect_sound_digest(store_->state());
}

TEST_F(CompactionTest, OneAfterTheOtherEachFromTheBaseBefore) {
  ASSERT_EQ(compact({.retain_from = Index{100}}), Index{100});
  ASSERT_EQ(compact({.retain_from = Index{250}}), Index{250});
  EXPECT_EQ(compact({.retain_from = Index{50}}), Index{250});  // nothing comes back
  lose_state();
  EXPECT_EQ(count(store_->state()), "n=300 id=300");
  EXPECT_EQ(find_base(store_->pool()), Index{249});
}

TEST_F(CompactionTest, ARequestStaysWhole) {
  kit_.append(*store_,
              {together({added(901, "a"), added(902, "b"), added(903, "c")}), added(904, "d")});
  const Index last = store_->log().head().index;
  EXPECT_EQ(compact({.retain_from = Index{last.value - 1}}), Index{last.value - 3});
  EXPECT_EQ(compact({.retain_from = last}), last);
  EXPECT_EQ(compact({.retain_from = Index{last.value + 7}}), next(last));
  lose_state();
  EXPECT_EQ(count(store_->state()), "n=304 id=904");
}

TEST_F(CompactionTest, BytesAndTimeAreToTheSegment) {
  const auto segments = store_->log().segments();
  const std::uint64_t last_two = segments.back().bytes + segments[segments.size() - 2].bytes;
  EXPECT_EQ(compact({.since_ms = 1}), Index{1});
  EXPECT_EQ(compact({.keep_bytes = 1U << 30U}), Index{1});
  EXPECT_EQ(compact({.keep_bytes = last_two}), segments[segments.size() - 2].base);
  EXPECT_EQ(compact({.since_ms = 1'800'000'000'000}), segments.back().base);
  EXPECT_EQ(compact({.retain_from = Index{301}, .keep_bytes = 1}), segments.back().base);
}

// Three of these make a segment, whose end is then a place that its index knows.
TEST_F(CompactionTest, TheEndOfASegmentIsNoDamage) {
  store_.reset();
  kit_.segment_bytes = 70'000;
  store_ = kit_.open();
  for (std::int64_t id = 2000; id < 2012; ++id) {
    ASSERT_TRUE(store_->reserve(64 << 10));
    add(id);
    kit_.append(*store_, {added(id + 1000, std::to_string(id) + std::string(30'000, 'x'))});
  }
  for (const SegmentInfo& segment : store_->log().segments()) {
    const auto compacted = compact({.retain_from = next(segment.last)});
    ASSERT_TRUE(compacted) << compacted.error().message;
    EXPECT_EQ(*compacted, next(segment.last));
  }
}

TEST_F(CompactionTest, WhatIsWrongInTheLogFreesNothing) {
  const std::string slot = store_->log().segments().front().slot;
  kit_.disk.flip(slot.starts_with("log/") ? slot : "log/" + slot, 5000, std::byte{1});
  const auto compacted = compact({.retain_from = Index{200}});
  ASSERT_FALSE(compacted);
  EXPECT_EQ(compacted.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(store_->log().first(), Index{1});
  EXPECT_EQ(store_->base(), Index{});
}

TEST_F(CompactionTest, WhatTheLogsOwnDigestDoesNotSayIsNoBase) {
  BatchResult result = run(store_->state(), {added(901, "a")});
  result.digest.bytes[3] ^= std::byte{1};  // as a leader that had gone wrong would write it
  ASSERT_TRUE(store_->log().append(entries(result), result.digest));
  ASSERT_TRUE(store_->log().flush() && store_->commit_state());
  const auto compacted = compact({.retain_from = next(store_->log().head().index)});
  ASSERT_FALSE(compacted);
  EXPECT_EQ(compacted.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(store_->log().first(), Index{1});
}

TEST_F(CompactionTest, AStateThatWasMadeAnewKeepsWhatItWasMadeFrom) {
  Schema second = schema(2);
  second.flags = kSchemaRebuilds;
  ASSERT_TRUE(store_->begin_anew(second));
  ASSERT_EQ(store_->advance_anew(kAlways), true);
  store_->swap_state();
  const BatchResult result = run(store_->state(), {control(second)});
  ASSERT_TRUE(store_->log().append(entries(result), result.digest));
  ASSERT_TRUE(store_->log().flush() && store_->commit_state());
  EXPECT_EQ(compact({.retain_from = Index{200}}), Index{1});
  EXPECT_EQ(compact({.retain_from = next(store_->log().head().index)}), Index{303});
  lose_state();
  EXPECT_EQ(count(store_->state()), "n=300 id=300");
}

TEST_F(CompactionTest, ARebuildNeedsToldToGoOnWithoutWhatIsGone) {
  ASSERT_EQ(compact({.retain_from = Index{200}}), Index{200});
  const SessionTable sessions = store_->state().sessions();
  Schema second = schema(2);
  second.flags = kSchemaRebuilds;
  const auto refused = store_->begin_anew(second);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCompacted);
  second.flags |= kSchemaSkipsCompacted;
  ASSERT_TRUE(store_->begin_anew(second));
  ASSERT_EQ(store_->advance_anew(kAlways), true);
  store_->swap_state();
  const BatchResult result = run(store_->state(), {control(second)});
  ASSERT_TRUE(store_->log().append(entries(result), result.digest));
  ASSERT_TRUE(store_->log().flush());
  EXPECT_EQ(store_->state().sessions(), sessions);
  const Digest digest = store_->state().digest();
  store_.reset();  // before the commit: the next opening makes it anew
  store_ = kit_.open();
  EXPECT_EQ(store_->state().digest(), digest);
  EXPECT_EQ(store_->state().sessions(), sessions);
  EXPECT_EQ(count(store_->state()), "n=102 id=300");
}

TEST_F(CompactionTest, AnExportBringsItsBaseAlong) {
  ASSERT_EQ(compact({.retain_from = Index{200}}), Index{200});
  Bytes bytes;
  {
    const auto log = store_->log().begin_export(store_->base_file());
    ASSERT_TRUE(log);
    bytes = (*log)->read(0, (*log)->size_bytes()).value();
  }
  MemoryDisk disk;
  disk.overwrite("export", bytes);
  const auto reader = LogReader::from_export(disk.open("export").value());
  ASSERT_TRUE(reader) << reader.error().message;
  auto state = StateDatabase::from_image((*reader)->base().value());
  ASSERT_TRUE(state);
  EXPECT_EQ((*state)->applied(), Index{199});
  EXPECT_LE((*reader)->first(), Index{200});
  EXPECT_EQ((*reader)->last(), Index{301});
}

// Every call that changes a file is one at which the machine may stop, in each of the ways it may.
TEST_F(CompactionTest, ACrashAtAnyCallLeavesTheLogAsItWasOrCompacted) {
  ASSERT_EQ(compact({.retain_from = Index{60}}), Index{60});
  std::map<std::uint64_t, int> firsts;
  const StoreOptions options{.fresh = {}, .generation = {}, .salt_seed = 99};
  const auto look = [&](MemoryDisk& disk, std::uint64_t call) {
    auto opened = StoreKit::open(disk, options);
    ASSERT_TRUE(opened) << call << ": " << opened.error().message;
    ++firsts[(*opened)->log().first().value];
    EXPECT_EQ(count((*opened)->state()), "n=300 id=300") << call;
    Store::close_without_state(std::move(*opened));
    opened = StoreKit::open(disk, options);
    ASSERT_TRUE(opened) << call << ": " << opened.error().message;
    EXPECT_EQ(count((*opened)->state()), "n=300 id=300") << call;
    expect_sound_digest((*opened)->state());
  };
  crash_before_each_change(kit_.disk, look);
  ASSERT_EQ(compact({.retain_from = Index{250}}, kAlways), Index{250});
  kit_.disk.set_fault_hook(nullptr);
  EXPECT_EQ(firsts.size(), 2U);
  EXPECT_GT(firsts[60], 20);
  EXPECT_GT(firsts[250], 5);
}

}  // namespace
}  // namespace tablog::storage
