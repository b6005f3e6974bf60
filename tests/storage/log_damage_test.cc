// What is broken is corrected or told, with its place: nothing is ever lost in silence.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "log/frame.h"
#include "log/hash.h"
#include "log/little_endian.h"
#include "log/segment.h"
#include "storage/log_reader.h"
#include "tests/storage/log_kit.h"

namespace tablog::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A flushed log of one segment, `batches` of two entries each, and where each batch ends.
struct OneSegment {
  LogKit kit{};
  std::string slot{};
  std::vector<std::uint64_t> ends{};

  explicit OneSegment(std::size_t batches) {
    kit.options.segment_bytes = 1U << 20U;
    const auto log = kit.open();
    for (std::size_t i = 0; i < batches; ++i) {
      EXPECT_TRUE(append_flushed(*log, 2, "text " + std::to_string(i)));
      ends.push_back(log->segments()[0].bytes);
    }
    slot = log->segments()[0].slot;
  }

  void flip(std::uint64_t offset) {
    Bytes content = kit.disk.written(slot);
    content.at(offset) ^= std::byte{0x04};
    kit.disk.overwrite(slot, content);
  }
};

std::map<std::string, Bytes> contents(const MemoryDisk& disk) {
  std::map<std::string, Bytes> all;
  for (const std::string& name : disk.names()) {
    all[name] = disk.written(name);
  }
  return all;
}

TEST(LogDamageTest, FlipBeforeALaterFlushedFrameIsDamageWithItsPlace) {
  OneSegment log(4);
  const std::uint64_t offset = log.ends[1];  // the frame of entry 5
  log.flip(offset + kFrameHeaderBytes + 3);
  auto slots = log.kit.slots();
  slots.clear();
  const auto before = contents(log.kit.disk);
  const auto opened = log.kit.try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(opened.error().index, Index{5});
  EXPECT_EQ(opened.error().offset, offset);
  EXPECT_THAT(opened.error().message, HasSubstr("entry 5"));
  for (const auto& [name, content] : before) {
    EXPECT_EQ(log.kit.disk.written(name), content) << name << " was changed";
  }
}

TEST(LogDamageTest, FlipInTheLastBatchIsATornTailAndReported) {
  OneSegment log(4);
  log.flip(log.ends[2] + kFrameHeaderBytes + 3);
  const auto opened = log.kit.open();
  EXPECT_EQ(opened->head().index, Index{6});
  ASSERT_TRUE(opened->torn_tail());
  EXPECT_EQ(opened->torn_tail()->after, Index{6});
  EXPECT_EQ(opened->torn_tail()->slot, log.slot);
  EXPECT_EQ(opened->torn_tail()->offset, log.ends[2]);
  EXPECT_GT(opened->torn_tail()->bytes, 0U);
}

TEST(LogDamageTest, FlipInTheLastBatchIsDamageWhereTheStateProvesIt) {
  OneSegment log(4);
  log.flip(log.ends[2] + kFrameHeaderBytes + 3);
  const auto opened = log.kit.try_open(Index{8});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(opened.error().index, Index{7});
  EXPECT_EQ(opened.error().offset, log.ends[2]);
}

TEST(LogDamageTest, LogShorterThanTheStateIsDamage) {
  OneSegment log(2);
  const auto opened = log.kit.try_open(Index{5});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(opened.error().index, Index{5});
}

TEST(LogDamageTest, CutFileIsDamageWhereTheStateProvesIt) {
  OneSegment log(4);
  for (const std::uint64_t size : {log.ends[3] - 8, log.ends[2], log.ends[0] + 1}) {
    Bytes content = log.kit.disk.written(log.slot);
    content.resize(size);
    log.kit.disk.overwrite(log.slot, content);
    EXPECT_EQ(log.kit.try_open(Index{8}).error().code, ErrorCode::kCorrupt) << size;
  }
}

// An unflushed batch may lose any sector: frames that stand behind the hole prove nothing.
TEST(LogDamageTest, HoleInAnUnflushedBatchIsATornTail) {
  LogKit kit;
  auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 2, "kept"));
  const std::uint64_t end = log->segments()[0].bytes;
  ASSERT_TRUE(append(*log, make_entries(Index{2}, 40, std::string(300, 'x'))));
  const std::string slot = log->segments()[0].slot;
  log.reset();
  Bytes content = kit.disk.written(slot);
  const std::uint64_t hole = (end / 4096 + 1) * 4096;
  std::fill_n(content.begin() + static_cast<long>(hole), 4096, std::byte{0});
  kit.disk.overwrite(slot, content);

  log = kit.open(Index{2});
  ASSERT_TRUE(log->torn_tail());
  EXPECT_EQ(log->torn_tail()->offset, end);
  EXPECT_THAT(texts(*log).value(), ElementsAre("kept", "kept"));
  EXPECT_EQ(log->segments().size(), 2U) << "the torn segment is never written again";
  ASSERT_TRUE(append_flushed(*log, 1, "new"));
  log.reset();
  log = kit.open(Index{3});
  EXPECT_FALSE(log->torn_tail());
  EXPECT_THAT(texts(*log).value(), ElementsAre("kept", "kept", "new"));
}

// A shorter batch over a cut one leaves the old frames, with the same salt, behind it.
TEST(LogDamageTest, StrayFramesBehindAShorterBatchAreNoEntriesAndNoProof) {
  LogKit kit;
  auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 1, "first"));
  const std::string slot = log->segments()[0].slot;
  log.reset();
  const Bytes start = kit.disk.written(slot);

  log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 5, "long batch"));
  log.reset();
  Bytes longer = kit.disk.written(slot);

  kit.disk.overwrite(slot, start);
  log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 1, "short"));
  const std::uint64_t end = log->segments()[0].bytes;
  log.reset();
  const Bytes shorter = kit.disk.written(slot);
  std::copy_n(shorter.begin(), end, longer.begin());
  kit.disk.overwrite(slot, longer);

  log = kit.open(Index{2});
  EXPECT_EQ(log->head().index, Index{2});
  EXPECT_THAT(texts(*log).value(), ElementsAre("first", "short"));
  ASSERT_TRUE(log->torn_tail());
  ASSERT_TRUE(append_flushed(*log, 1, "third"));
  EXPECT_EQ(kit.disk.written(slot), longer) << "written again";
  log.reset();
  log = kit.open(Index{3});
  EXPECT_THAT(texts(*log).value(), ElementsAre("first", "short", "third"));
}

TEST(LogDamageTest, FramesOfAnotherSaltAreNotFrames) {
  OneSegment log(3);
  OneSegment other(6);
  Bytes content = log.kit.disk.written(log.slot);
  const Bytes stale = other.kit.disk.written(other.slot);
  SegmentHeader header = *decode_segment_header(stale);
  header.salt ^= 1;  // as of the slot's earlier use
  const auto begin = static_cast<long>(log.ends[2]);
  Bytes reframed;
  for (std::uint64_t i = 7; i <= 12; ++i) {
    append_entry_frame(
        reframed,
        {.salt = header.salt, .offset = log.ends[2] + reframed.size(), .flushed_through = {i}},
        Index{i}, *samples::encoded(Index{i}).bytes);
  }
  std::ranges::copy(reframed, content.begin() + begin);
  log.kit.disk.overwrite(log.slot, content);
  const auto opened = log.kit.open(Index{6});
  EXPECT_EQ(opened->head().index, Index{6});
  EXPECT_TRUE(opened->torn_tail()) << "not zeros: never written again";
}

// Somebody appends a copy of the log's own file as a blob: its frames stand at other places.
TEST(LogDamageTest, CopyOfTheLogInsideAnEntryProvesNothing) {
  OneSegment log(3);
  const Bytes copy = log.kit.disk.written(log.slot);
  auto opened = log.kit.open();
  Entry entry = samples::entry(Index{7});
  std::get<Event>(entry.body).args[1].value = copy;
  const std::vector<EncodedEntry> entries = {*encode(std::move(entry))};
  ASSERT_TRUE(append(*opened, entries));
  opened.reset();
  log.flip(log.ends[2] + 8);  // the header of that entry's frame
  opened = log.kit.open();
  EXPECT_EQ(opened->head().index, Index{6});
  EXPECT_TRUE(opened->torn_tail());
}

// ---- segments

struct ThreeSegments {
  LogKit kit{};
  std::vector<SegmentInfo> segments{};
  Index head{};

  ThreeSegments() {
    auto log = kit.open();
    std::vector<std::string> names;
    for (int i = 0; log->segments().size() < 3; ++i) {
      EXPECT_TRUE(append_flushed(*log, 1, std::string(1500, static_cast<char>('a' + i))));
      if (log->slots_wanted() > 0) {
        const std::string name = "log-more" + std::to_string(i);
        log->add_slot({name, std::move(*kit.disk.open(name))});
      }
    }
    segments = log->segments();
    head = log->head().index;
  }
};

TEST(LogDamageTest, MissingSegmentIsCorrupt) {
  for (std::size_t missing = 0; missing < 3; ++missing) {
    ThreeSegments log;
    log.kit.disk.remove(log.segments[missing].slot);
    const auto opened = log.kit.try_open();
    ASSERT_FALSE(opened) << missing;
    EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(opened.error().message, HasSubstr("is missing"));
  }
}

TEST(LogDamageTest, TwoSegmentsOfOneNumberAreCorrupt) {
  ThreeSegments log;
  log.kit.disk.overwrite("log-copy", log.kit.disk.written(log.segments[1].slot));
  const auto opened = log.kit.try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(opened.error().message, HasSubstr("two segments"));
}

TEST(LogDamageTest, SegmentOfAnotherStoreIsCorrupt) {
  ThreeSegments log;
  Bytes content = log.kit.disk.written(log.segments[1].slot);
  SegmentHeader header = *decode_segment_header(content);
  header.store = samples::id<StoreId>(0x77);
  std::ranges::copy(encode_segment_header(header), content.begin());
  log.kit.disk.overwrite(log.segments[1].slot, content);
  EXPECT_EQ(log.kit.try_open().error().code, ErrorCode::kCorrupt);
}

TEST(LogDamageTest, LostSegmentHeaderIsCorruptAndNotAnEmptyLog) {
  OneSegment log(2);
  Bytes content = log.kit.disk.written(log.slot);
  std::fill_n(content.begin(), kSegmentHeaderBytes, std::byte{0});
  log.kit.disk.overwrite(log.slot, content);
  EXPECT_EQ(log.kit.try_open().error().code, ErrorCode::kCorrupt);
}

TEST(LogDamageTest, NewerFormatIsToldApart) {
  OneSegment log(2);
  Bytes content = log.kit.disk.written(log.slot);
  store(content, 8, kFormatVersion + 1);
  store(content, 168, hash64(ByteView(content).first(168)));
  log.kit.disk.overwrite(log.slot, content);
  EXPECT_EQ(log.kit.try_open().error().code, ErrorCode::kNewerFormat);
}

TEST(LogDamageTest, DamageInAnOlderSegmentIsToldWhenItIsRead) {
  ThreeSegments log;
  Bytes content = log.kit.disk.written(log.segments[0].slot);
  content[log.segments[0].bytes - 500] ^= std::byte{1};
  log.kit.disk.overwrite(log.segments[0].slot, content);
  const auto opened = log.kit.open(log.head);  // takes no longer for a longer log
  const auto read = opened->read(Index{1}, Index{1}, 1);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(read.error().index, log.segments[0].last);
  EXPECT_TRUE(read.error().offset);
  EXPECT_TRUE(opened->read(log.segments[1].base, log.head, 1U << 20U)) << "the rest is readable";
}

}  // namespace
}  // namespace tablog::storage
