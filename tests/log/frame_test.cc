#include "log/frame.h"

#include <gmock/gmock.h>

#include "log/segment.h"
#include "tests/log/samples.h"

namespace tablog {
namespace {

constexpr FrameContext kContext{.salt = 0x5A17, .offset = 4096, .flushed_through = {6}};

Bytes entry_frame(ByteView body) {
  Bytes frame;
  append_entry_frame(frame, kContext, Index{7}, body);
  return frame;
}

TEST(FrameTest, EntryFrameIsAlignedAndComesBack) {
  for (std::size_t size = 0; size < 40; ++size) {
    const Bytes body(size, std::byte{0xAB});
    const Bytes frame = entry_frame(body);
    EXPECT_EQ(frame.size() % kFrameAlignment, 0U);
    EXPECT_EQ(frame.size(), frame_bytes(size));
    const auto header = decode_frame_header(frame, kContext.salt, kContext.offset);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->kind, FrameKind::kEntry);
    EXPECT_EQ(header->index, Index{7});
    EXPECT_EQ(header->flushed_through, Index{6});
    ASSERT_EQ(header->body_bytes, size);
    EXPECT_TRUE(verify_body(*header, ByteView(frame).subspan(kFrameHeaderBytes, size)));
  }
}

TEST(FrameTest, OtherSaltOrOtherPlaceIsNotAFrame) {
  const Bytes frame = entry_frame(samples::bytes("body"));
  EXPECT_FALSE(decode_frame_header(frame, kContext.salt + 1, kContext.offset));
  EXPECT_FALSE(decode_frame_header(frame, kContext.salt, kContext.offset + 8));
}

TEST(FrameTest, LessThanAHeaderIsTruncated) {
  const Bytes frame = entry_frame({});
  const auto header =
      decode_frame_header(ByteView(frame).first(kFrameHeaderBytes - 1), kContext.salt, 4096);
  EXPECT_EQ(header.error().code, ErrorCode::kTruncated);
}

TEST(FrameTest, EveryFlippedByteIsSeenByTheChecksumOfItsPart) {
  const Bytes body = samples::bytes("sixteen bytes ok");
  const Bytes frame = entry_frame(body);
  for (std::size_t at = 0; at < frame.size(); ++at) {
    Bytes flipped = frame;
    flipped[at] ^= std::byte{0x10};
    const auto header = decode_frame_header(flipped, kContext.salt, kContext.offset);
    ASSERT_EQ(header.has_value(), at >= kFrameHeaderBytes) << at;
    if (header) {
      EXPECT_FALSE(verify_body(*header, ByteView(flipped).subspan(kFrameHeaderBytes, body.size())));
    }
  }
}

TEST(FrameTest, CommitAndSealComeBackEqual) {
  const Commit commit{.first = {3},
                      .last = {7},
                      .term = {2},
                      .time_ms = -5,
                      .chain = samples::id<ChainHash>(1),
                      .digest = samples::id<Digest>(2)};
  const Seal seal{.sequence = 9, .salt = 10, .chain = samples::id<ChainHash>(3)};
  Bytes frames;
  append_commit_frame(frames, kContext, commit);
  FrameContext after = kContext;
  after.offset += frames.size();
  append_seal_frame(frames, after, Index{7}, seal);

  const auto first = decode_frame_header(frames, kContext.salt, kContext.offset);
  ASSERT_TRUE(first);
  EXPECT_EQ(decode_commit(*first, ByteView(frames).subspan(kFrameHeaderBytes, kCommitBodyBytes)),
            commit);
  const ByteView rest = ByteView(frames).subspan(kCommitFrameBytes);
  const auto second = decode_frame_header(rest, after.salt, after.offset);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->index, Index{7});
  EXPECT_EQ(decode_seal(*second, rest.subspan(kFrameHeaderBytes, kSealBodyBytes)), seal);
}

SegmentHeader segment_header() {
  return {.store = samples::id<StoreId>(1),
          .generation = {2},
          .sequence = 4,
          .salt = 5,
          .before = {.index = {6},
                     .chain = samples::id<ChainHash>(7),
                     .term = Term::of(Generation{2}, 1),
                     .time_ms = 8,
                     .digest = samples::id<Digest>(9)},
          .predecessor = Predecessor{.sequence = 3, .salt = 10, .end = 8192}};
}

TEST(SegmentHeaderTest, ComesBackEqual) {
  const Bytes bytes = encode_segment_header(segment_header());
  EXPECT_EQ(bytes.size(), kSegmentHeaderBytes);
  EXPECT_EQ(decode_segment_header(bytes), segment_header());

  const SegmentHeader first{.store = samples::id<StoreId>(1),
                            .generation = {},
                            .sequence = 1,
                            .salt = 5,
                            .before = {},
                            .predecessor = {}};
  EXPECT_EQ(decode_segment_header(encode_segment_header(first)), first);
}

TEST(SegmentHeaderTest, FlippedByteIsDamageOrWithoutMeaning) {
  const Bytes bytes = encode_segment_header(segment_header());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes flipped = bytes;
    flipped[at] ^= std::byte{0x01};
    const auto header = decode_segment_header(flipped);
    if (header) {
      EXPECT_EQ(*header, segment_header()) << at;
    } else {
      EXPECT_EQ(header.error().code, ErrorCode::kMalformed) << at;
    }
  }
}

TEST(SegmentHeaderTest, LessThanAHeaderIsTruncated) {
  const Bytes bytes = encode_segment_header(segment_header());
  EXPECT_EQ(decode_segment_header(ByteView(bytes).first(4095)).error().code, ErrorCode::kTruncated);
}

}  // namespace
}  // namespace tablog
