#include "log/segment.h"

#include "log/hash.h"
#include "log/little_endian.h"

namespace tablog {

namespace {

constexpr std::uint64_t kMagic = 0x676553676F4C4254;  // "TBLogSeg"
constexpr std::size_t kFieldsBytes = 168;  // the checksum is over these, and follows them
constexpr std::uint32_t kHasPredecessor = 1U << 0U;
constexpr std::uint32_t kHasDigest = 1U << 1U;

}  // namespace

Bytes encode_segment_header(const SegmentHeader& header) {
  Bytes bytes(kSegmentHeaderBytes);
  const Predecessor predecessor = header.predecessor.value_or(Predecessor{});
  store(bytes, 0, kMagic);
  store(bytes, 8, kFormatVersion);
  store(bytes, 12,
        (header.predecessor ? kHasPredecessor : 0U) | (header.before.digest ? kHasDigest : 0U));
  store(bytes, 16, header.store);
  store(bytes, 32, header.generation.value);
  store(bytes, 40, header.sequence);
  store(bytes, 48, header.salt);
  store(bytes, 56, header.before.index.value);
  store(bytes, 64, header.before.chain);
  store(bytes, 80, header.before.term.value);
  store(bytes, 88, header.before.time_ms);
  store(bytes, 96, header.before.digest.value_or(Digest{}));
  store(bytes, 112, predecessor.sequence);
  store(bytes, 120, predecessor.salt);
  store(bytes, 128, predecessor.end);
  store(bytes, kFieldsBytes, hash64(ByteView(bytes).first(kFieldsBytes)));
  return bytes;
}

Result<SegmentHeader> decode_segment_header(ByteView bytes) {
  if (bytes.size() < kSegmentHeaderBytes) {
    return fail(ErrorCode::kTruncated, "less than a segment's header");
  }
  if (load<std::uint64_t>(bytes, 0) != kMagic ||
      load<std::uint64_t>(bytes, kFieldsBytes) != hash64(bytes.first(kFieldsBytes))) {
    return fail(ErrorCode::kMalformed, "not a segment's header, or a damaged one");
  }
  if (const auto version = load<std::uint32_t>(bytes, 8); version > kFormatVersion) {
    return fail(ErrorCode::kNewerFormat, "the log is in format version " + std::to_string(version) +
                                             "; this build reads up to " +
                                             std::to_string(kFormatVersion) + ". Reload.");
  }
  const auto flags = load<std::uint32_t>(bytes, 12);
  SegmentHeader header{.store = load_id<StoreId>(bytes, 16),
                       .generation = {load<std::uint64_t>(bytes, 32)},
                       .sequence = load<std::uint64_t>(bytes, 40),
                       .salt = load<std::uint64_t>(bytes, 48),
                       .before = {.index = {load<std::uint64_t>(bytes, 56)},
                                  .chain = load_id<ChainHash>(bytes, 64),
                                  .term = {load<std::uint64_t>(bytes, 80)},
                                  .time_ms = load<std::int64_t>(bytes, 88),
                                  .digest = {}},
                       .predecessor = {}};
  if ((flags & kHasDigest) != 0) {
    header.before.digest = load_id<Digest>(bytes, 96);
  }
  if ((flags & kHasPredecessor) != 0) {
    header.predecessor = Predecessor{.sequence = load<std::uint64_t>(bytes, 112),
                                     .salt = load<std::uint64_t>(bytes, 120),
                                     .end = load<std::uint64_t>(bytes, 128)};
  }
  const bool consistent =
      header.sequence >= 1 && header.before.index <= kIndexMax &&
      (flags & ~(kHasPredecessor | kHasDigest)) == 0 &&
      header.predecessor.has_value() == (header.sequence > 1) &&
      (!header.predecessor ||
       (header.predecessor->sequence == header.sequence - 1 &&
        header.predecessor->end >= kSegmentHeaderBytes && header.predecessor->end % 8 == 0));
  if (!consistent) {
    return fail(ErrorCode::kMalformed, "a segment's header contradicts itself");
  }
  return header;
}

Result<SegmentHeader> read_segment_header(ByteSource& source) {
  Bytes bytes(kSegmentHeaderBytes);
  const auto got = source.read(0, bytes);
  return got ? decode_segment_header(ByteView(bytes).first(*got)) : fail(got.error());
}

bool is_no_segment(const Error& error) {
  return error.code == ErrorCode::kTruncated || error.code == ErrorCode::kMalformed;
}

bool is_segment(ByteView beginning) {
  return beginning.size() >= 8 && load<std::uint64_t>(beginning, 0) == kMagic;
}

}  // namespace tablog
