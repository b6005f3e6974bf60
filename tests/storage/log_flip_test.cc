// Every byte of a log flipped: corrected, or told with its place. The one exception is documented
// (docs/log_format.md#downsides): the last flushed batch, of which nothing else knows, is a torn
// tail, which is told too. Nothing is ever lost in silence.
//
// `./dev test` takes every fifth byte of the frames, TABLOG_FULL=1 all.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>

#include "log/frame.h"
#include "log/segment.h"
#include "tests/storage/log_kit.h"

namespace tablog::storage {
namespace {

constexpr std::uint64_t kHeaderBytesUsed = 176;  // docs/log_format.md#segment

// Opens and reads all. A log that opens has to have all, or say where it was cut.
void expect_told(LogKit& kit, const std::vector<std::string>& expected, Index proven) {
  const std::size_t flushed_surely = proven == Index{} ? expected.size() - 1 : expected.size();
  auto log = kit.try_open(proven);
  if (!log) {
    ASSERT_EQ(log.error().code, ErrorCode::kCorrupt) << log.error().message;
    ASSERT_TRUE(log.error().index && log.error().offset) << log.error().message;
    return;
  }
  const auto found = texts(**log);
  if (!found) {
    ASSERT_EQ(found.error().code, ErrorCode::kCorrupt) << found.error().message;
    ASSERT_TRUE(found.error().index && found.error().offset) << found.error().message;
    return;
  }
  ASSERT_TRUE(std::ranges::equal(*found, std::span(expected).first(found->size())));
  if (found->size() < expected.size()) {
    ASSERT_TRUE((*log)->torn_tail());
    ASSERT_EQ((*log)->torn_tail()->after, Index{found->size()});
    ASSERT_GE(found->size(), flushed_surely);
  }
}

TEST(LogFlipTest, EveryByteOfThreeSegmentsIsToldOrWithoutMeaning) {
  const std::uint64_t stride = std::getenv("TABLOG_FULL") != nullptr ? 1 : 5;
  LogKit kit;
  std::vector<std::string> expected;
  kit.options.segment_bytes = 5000;
  auto log = kit.open();
  for (int i = 0; log->segments().size() < 3 || log->segments()[2].bytes < 4900; ++i) {
    expected.push_back(std::string(40, static_cast<char>('a' + i)));
    ASSERT_TRUE(append_flushed(*log, 1, expected.back()));
    if (log->slots_wanted() > 0) {
      const std::string name = "log-more" + std::to_string(i);
      log->add_slot({name, std::move(*kit.disk.open(name))});
    }
  }
  const auto segments = log->segments();
  ASSERT_EQ(segments.size(), 3U);
  log.reset();

  std::uint64_t flips = 0;
  for (const SegmentInfo& segment : segments) {
    const Bytes whole = kit.disk.written(segment.slot);
    const std::uint64_t used = segment.bytes + kSealFrameBytes;
    const auto step = [&](std::uint64_t at) -> std::uint64_t {  // few of those without meaning
      if (at < kHeaderBytesUsed) return 1;
      if (at >= kSegmentHeaderBytes && at < used) return stride;
      return at < used ? 64 : 997;
    };
    for (std::uint64_t at = 0; at < whole.size(); at += step(at)) {
      for (const Index proven : {Index{}, Index{expected.size()}}) {
        // The copies live on disks of their own: recovery writes.
        LogKit copy;
        copy.options = kit.options;
        copy.opened = 1;  // fresh slots beside those of the copy
        for (const SegmentInfo& other : segments) {
          copy.disk.overwrite(other.slot, kit.disk.written(other.slot));
        }
        Bytes flipped = whole;
        flipped[at] ^= std::byte{0x20};
        copy.disk.overwrite(segment.slot, std::move(flipped));
        SCOPED_TRACE(segment.slot + " byte " + std::to_string(at));
        ASSERT_NO_FATAL_FAILURE(expect_told(copy, expected, proven));
        ++flips;
      }
    }
  }
  RecordProperty("flips", std::to_string(flips));
}

}  // namespace
}  // namespace tablog::storage
