#include "log/frame.h"

#include "log/hash.h"
#include "log/little_endian.h"
#include "log/size.h"

namespace tablog {

namespace {

constexpr std::size_t kFrameSaltOffset = 24;
constexpr std::size_t kHeaderHashOffset = 40;  // of everything before it

std::uint64_t header_hash(ByteView header, std::uint64_t salt, std::uint64_t offset) {
  return hash64(header.first(kHeaderHashOffset), salt ^ offset);
}

// A frame's room in `out`, zeroed: the header first, then body and padding.
std::span<std::byte> grow(Bytes& out, std::size_t body_bytes) {
  const std::size_t begin = out.size();
  out.resize(begin + to_size(frame_bytes(body_bytes)));
  return std::span(out).subspan(begin);
}

// The body stands in `frame` already.
void finish(std::span<std::byte> frame, const FrameContext& context, FrameKind kind, Index index,
            std::size_t body_bytes) {
  store(frame, 0, static_cast<std::uint32_t>(kind));
  store(frame, 4, static_cast<std::uint32_t>(body_bytes));
  store(frame, 8, index.value);
  store(frame, 16, context.flushed_through.value);
  store(frame, kFrameSaltOffset, context.salt);
  store(frame, 32, hash64(frame.subspan(kFrameHeaderBytes, body_bytes)));
  store(frame, kHeaderHashOffset, header_hash(frame, context.salt, context.offset));
}

bool plausible(FrameKind kind, std::size_t body_bytes) {
  switch (kind) {
    case FrameKind::kEntry:
      return body_bytes <= kEntryBytesMax;
    case FrameKind::kCommit:
      return body_bytes == kCommitBodyBytes;
    case FrameKind::kSeal:
      return body_bytes == kSealBodyBytes;
  }
  return false;
}

}  // namespace

void append_entry_frame(Bytes& out, const FrameContext& context, Index index, ByteView entry) {
  assert(entry.size() <= kEntryBytesMax);
  const auto frame = grow(out, entry.size());
  std::ranges::copy(entry, frame.begin() + kFrameHeaderBytes);
  finish(frame, context, FrameKind::kEntry, index, entry.size());
}

void append_commit_frame(Bytes& out, const FrameContext& context, const Commit& commit) {
  const auto frame = grow(out, kCommitBodyBytes);
  const auto body = frame.subspan(kFrameHeaderBytes);
  store(body, 0, commit.first.value);
  store(body, 8, commit.last.value);
  store(body, 16, commit.term.value);
  store(body, 24, commit.time_ms);
  store(body, 32, commit.chain);
  store(body, 48, commit.digest);
  finish(frame, context, FrameKind::kCommit, commit.last, kCommitBodyBytes);
}

void append_seal_frame(Bytes& out, const FrameContext& context, Index last, const Seal& seal) {
  const auto frame = grow(out, kSealBodyBytes);
  const auto body = frame.subspan(kFrameHeaderBytes);
  store(body, 0, seal.sequence);
  store(body, 8, seal.salt);
  store(body, 16, seal.chain);
  finish(frame, context, FrameKind::kSeal, last, kSealBodyBytes);
}

std::uint64_t frame_salt(ByteView bytes) {
  return load<std::uint64_t>(bytes, kFrameSaltOffset);
}

bool may_be_frame(ByteView bytes, std::uint64_t salt) {
  return bytes.size() >= kFrameHeaderBytes && frame_salt(bytes) == salt;
}

Result<FrameHeader> decode_frame_header(ByteView bytes, std::uint64_t salt, std::uint64_t offset) {
  if (bytes.size() < kFrameHeaderBytes) {
    return fail(ErrorCode::kTruncated, "less than a frame's header");
  }
  if (!may_be_frame(bytes, salt)) {
    return fail(ErrorCode::kMalformed, {});
  }
  const FrameHeader header{.kind = static_cast<FrameKind>(load<std::uint32_t>(bytes, 0)),
                           .body_bytes = load<std::uint32_t>(bytes, 4),
                           .index = {load<std::uint64_t>(bytes, 8)},
                           .flushed_through = {load<std::uint64_t>(bytes, 16)},
                           .salt = salt,
                           .body_hash = load<std::uint64_t>(bytes, 32)};
  if (!plausible(header.kind, header.body_bytes)) {
    return fail(ErrorCode::kMalformed, {});
  }
  if (load<std::uint64_t>(bytes, kHeaderHashOffset) != header_hash(bytes, salt, offset)) {
    return fail(ErrorCode::kMalformed, "the checksum of a frame's header differs");
  }
  return header;
}

Result<void> verify_body(const FrameHeader& header, ByteView body) {
  assert(body.size() == header.body_bytes);
  if (hash64(body) != header.body_hash) {
    return fail(ErrorCode::kMalformed, "the checksum of a frame's body differs");
  }
  return {};
}

Result<Commit> decode_commit(const FrameHeader& header, ByteView body) {
  assert(header.kind == FrameKind::kCommit);
  if (const auto verified = verify_body(header, body); !verified) {
    return fail(verified.error());
  }
  const Commit commit{.first = {load<std::uint64_t>(body, 0)},
                      .last = {load<std::uint64_t>(body, 8)},
                      .term = {load<std::uint64_t>(body, 16)},
                      .time_ms = load<std::int64_t>(body, 24),
                      .chain = load_id<ChainHash>(body, 32),
                      .digest = load_id<Digest>(body, 48)};
  if (commit.first > commit.last || commit.last != header.index) {
    return fail(ErrorCode::kMalformed, "a commit frame contradicts itself");
  }
  return commit;
}

Result<Seal> decode_seal(const FrameHeader& header, ByteView body) {
  assert(header.kind == FrameKind::kSeal);
  if (const auto verified = verify_body(header, body); !verified) {
    return fail(verified.error());
  }
  return Seal{.sequence = load<std::uint64_t>(body, 0),
              .salt = load<std::uint64_t>(body, 8),
              .chain = load_id<ChainHash>(body, 16)};
}

}  // namespace tablog
