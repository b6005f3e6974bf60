#include "log/recovery.h"

#include <gmock/gmock.h>

#include <random>

#include "log/chain.h"
#include "tests/log/samples.h"

namespace tablog {
namespace {

// A segment in memory, written as LogFiles does.
struct Segment {
  SegmentHeader header{.store = samples::id<StoreId>(1),
                       .generation = {},
                       .sequence = 1,
                       .salt = 0x5A17,
                       .before = {},
                       .predecessor = {}};
  Bytes bytes = encode_segment_header(header);
  Index last{};
  ChainHash chain{};

  [[nodiscard]] FrameContext context(Index flushed_through) const {
    return {.salt = header.salt, .offset = bytes.size(), .flushed_through = flushed_through};
  }

  void entry(Index flushed_through) {
    last = next(last);
    const EncodedEntry encoded = samples::encoded(last);
    append_entry_frame(bytes, context(flushed_through), last, *encoded.bytes);
    chain = extend_chain(chain, *encoded.bytes);
  }

  void commit(Index first, Index flushed_through) {
    append_commit_frame(bytes, context(flushed_through),
                        {.first = first,
                         .last = last,
                         .term = {3},
                         .time_ms = 4,
                         .chain = chain,
                         .digest = samples::id<Digest>(5)});
  }

  void batch(std::size_t entries, Index flushed_through) {
    const Index first = next(last);
    for (std::size_t i = 0; i < entries; ++i) {
      entry(flushed_through);
    }
    commit(first, flushed_through);
  }

  [[nodiscard]] Result<SegmentEnd> end(Index proven = {},
                                       std::optional<ChainHash> proven_chain = {}) const {
    MemorySource source(bytes);
    return find_end(source, header, bytes.size(), {.index = proven, .chain = proven_chain});
  }
};

TEST(FindEndTest, EmptySegmentEndsBehindItsHeader) {
  Segment segment;
  segment.bytes.resize(10'000);
  const auto end = segment.end();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->offset, kSegmentHeaderBytes);
  EXPECT_EQ(end->log, LogPosition{});
  EXPECT_EQ(end->torn_bytes, 0U);
}

TEST(FindEndTest, WithAProvenChainTheWalkBeginsBehindItsCommit) {
  Segment segment;
  segment.batch(2, {0});
  const std::uint64_t first_batch = kSegmentHeaderBytes + 60;
  segment.batch(1, {2});
  const ChainHash proven = segment.chain;
  segment.batch(3, {3});
  const std::uint64_t size = segment.bytes.size();
  segment.bytes.resize(size + 700'000);
  ASSERT_EQ(segment.end(Index{3}, proven)->log, segment.end()->log);

  segment.bytes[first_batch] ^= std::byte{1};  // told when it is read, as in an older segment
  const auto end = segment.end(Index{3}, proven);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->offset, size);
  EXPECT_EQ(end->log.index, Index{6});
  EXPECT_EQ(end->proven, Index{3});
  EXPECT_EQ(segment.end(Index{3}).error().code, ErrorCode::kCorrupt);
}

TEST(FindEndTest, AnotherHistoryThanTheProvenOneIsWalkedFromTheFront) {
  Segment segment;
  segment.batch(2, {0});
  segment.batch(1, {2});
  const auto end = segment.end(Index{3}, samples::id<ChainHash>(9));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->log.chain, segment.chain) << "the caller compares the histories";
  segment.bytes[kSegmentHeaderBytes + 60] ^= std::byte{1};
  EXPECT_EQ(segment.end(Index{3}, samples::id<ChainHash>(9)).error().code, ErrorCode::kCorrupt);
}

TEST(FindEndTest, DamageBehindTheProvenCommitIsStillDamage) {
  Segment segment;
  segment.batch(2, {0});
  const ChainHash proven = segment.chain;
  const std::uint64_t second = segment.bytes.size();
  segment.batch(1, {2});
  segment.batch(1, {3});
  segment.bytes[second + 60] ^= std::byte{1};
  const auto end = segment.end(Index{2}, proven);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(end.error().index, Index{3});
}

TEST(FindEndTest, EndIsBehindTheLastCommit) {
  Segment segment;
  segment.batch(2, {0});
  segment.batch(1, {2});
  const std::uint64_t size = segment.bytes.size();
  segment.bytes.resize(size + 5'000);
  const auto end = segment.end(Index{3});
  ASSERT_TRUE(end);
  EXPECT_EQ(end->offset, size);
  EXPECT_EQ(end->log, (LogPosition{.index = {3},
                                   .chain = segment.chain,
                                   .term = {3},
                                   .time_ms = 4,
                                   .digest = samples::id<Digest>(5)}));
  EXPECT_EQ(end->proven, Index{3});
  EXPECT_EQ(end->torn_bytes, 0U);
}

TEST(FindEndTest, BatchWithoutItsCommitIsCutWhole) {
  Segment segment;
  segment.batch(2, {0});
  const std::uint64_t size = segment.bytes.size();
  segment.entry({2});
  segment.entry({2});
  const auto end = segment.end();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->offset, size);
  EXPECT_EQ(end->log.index, Index{2});
  EXPECT_GT(end->torn_bytes + kFrameAlignment, segment.bytes.size() - size) << "but for padding";
}

TEST(FindEndTest, BatchWithoutItsCommitIsDamageWhereItIsProven) {
  Segment segment;
  segment.batch(2, {0});
  segment.entry({2});
  segment.entry({2});
  const auto end = segment.end(Index{4});
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(end.error().index, Index{4}) << "its commit frame";
  EXPECT_EQ(end.error().offset, segment.bytes.size());
}

TEST(FindEndTest, CommitThatNamesAnotherFirstIsNotOne) {
  Segment segment;
  segment.batch(2, {0});
  segment.entry({2});
  segment.entry({2});
  segment.commit({4}, {2});
  EXPECT_EQ(segment.end()->log.index, Index{2});
}

// The search goes piece by piece: a proof is found wherever it stands across two pieces.
TEST(FindEndTest, ProofIsFoundAtEveryPlaceAroundAPieceOfTheSearch) {
  for (std::size_t back = 0; back <= 2 * kFrameHeaderBytes; back += kFrameAlignment) {
    Segment segment;
    segment.batch(1, {0});
    const std::uint64_t damaged = segment.bytes.size();
    segment.bytes.resize(damaged + Window::kChunkBytes - back);
    segment.entry({2});
    const auto end = segment.end();
    ASSERT_FALSE(end) << back;
    EXPECT_EQ(end.error().index, Index{2});
    EXPECT_EQ(end.error().offset, damaged);
  }
}

TEST(FindEndTest, UnalignedCopyOfAFrameIsNoProof) {
  Segment segment;
  segment.batch(1, {0});
  const std::uint64_t size = segment.bytes.size();
  Segment other = segment;
  other.bytes.resize(size + 400);
  other.entry({2});
  segment.bytes.resize(size + 404);
  segment.bytes.insert(segment.bytes.end(), other.bytes.begin() + static_cast<long>(size) + 400,
                       other.bytes.end());
  const auto end = segment.end();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->log.index, Index{1});
  EXPECT_GT(end->torn_bytes, 0U);
}

TEST(FindEndTest, SealIsTold) {
  Segment segment;
  segment.batch(1, {0});
  const std::uint64_t size = segment.bytes.size();
  const Seal seal{.sequence = 2, .salt = 9, .chain = segment.chain};
  append_seal_frame(segment.bytes, segment.context({1}), segment.last, seal);
  segment.bytes.resize(segment.bytes.size() + 1000);
  const auto end = segment.end();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->seal, seal);
  EXPECT_EQ(end->offset, size);
  EXPECT_EQ(end->torn_bytes, 0U);
}

TEST(FindEndTest, AnyBytesAreAnEndOrDamage) {
  Segment whole;
  whole.batch(3, {0});
  whole.batch(1, {3});
  whole.batch(2, {4});
  whole.bytes.resize(whole.bytes.size() + 500);
  std::mt19937 random(7);
  for (int round = 0; round < 5'000; ++round) {
    Segment segment = whole;
    for (auto i = 1 + random() % 6; i > 0; --i) {
      const std::size_t at =
          kSegmentHeaderBytes + random() % (segment.bytes.size() - kSegmentHeaderBytes);
      const std::size_t to = kSegmentHeaderBytes + random() % 200 * 8;
      if (random() % 4 == 0 && to + 64 <= segment.bytes.size() && at + 64 <= segment.bytes.size()) {
        std::copy_n(segment.bytes.begin() + static_cast<long>(at / 8 * 8), 64,
                    segment.bytes.begin() + static_cast<long>(to));
      } else {
        segment.bytes[at] = static_cast<std::byte>(random());
      }
    }
    if (random() % 5 == 0) {
      segment.bytes.resize(kSegmentHeaderBytes + random() % 2'000);
    }
    const auto end = segment.end();
    if (end) {
      ASSERT_LE(end->log.index, Index{6});
      ASSERT_LE(end->offset, segment.bytes.size());
    } else {
      ASSERT_EQ(end.error().code, ErrorCode::kCorrupt);
    }
  }
}

TEST(VerifyClosedTest, SegmentHasToEndWhereItsSuccessorBegins) {
  Segment segment;
  segment.batch(2, {0});
  segment.batch(2, {2});
  SegmentHeader successor{
      .store = segment.header.store,
      .generation = {},
      .sequence = 2,
      .salt = 9,
      .before = {.index = {4}, .chain = segment.chain},
      .predecessor =
          Predecessor{.sequence = 1, .salt = segment.header.salt, .end = segment.bytes.size()}};
  MemorySource source(segment.bytes);
  EXPECT_TRUE(verify_closed(source, segment.header, successor));

  SegmentHeader other_chain = successor;
  other_chain.before.chain = samples::id<ChainHash>(9);
  const auto mismatch = verify_closed(source, segment.header, other_chain);
  ASSERT_FALSE(mismatch);
  EXPECT_EQ(mismatch.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(mismatch.error().index, Index{5});
  EXPECT_EQ(mismatch.error().offset, segment.bytes.size());

  SegmentHeader other_end = successor;
  other_end.predecessor->end -= kCommitFrameBytes;
  EXPECT_EQ(verify_closed(source, segment.header, other_end).error().code, ErrorCode::kCorrupt)
      << "in the middle of a batch";
}

}  // namespace
}  // namespace tablog
