// Frame: a checksummed, 8-byte aligned envelope around one entry, one commit or one seal.
// Layout: docs/log_format.md#frame. Pure: bytes in, bytes out.
#pragma once

#include <cstdint>

#include "log/entry.h"

namespace tablog {

inline constexpr std::size_t kFrameAlignment = 8;
inline constexpr std::size_t kFrameHeaderBytes = 48;
inline constexpr std::size_t kCommitBodyBytes = 64;
inline constexpr std::size_t kSealBodyBytes = 32;
static_assert(kFrameHeaderBytes % kFrameAlignment == 0);
static_assert(kCommitBodyBytes % kFrameAlignment == 0 && kSealBodyBytes % kFrameAlignment == 0);

inline constexpr std::size_t kCommitFrameBytes = kFrameHeaderBytes + kCommitBodyBytes;
inline constexpr std::size_t kSealFrameBytes = kFrameHeaderBytes + kSealBodyBytes;

// The first four bytes of a frame: "TLe0", "TLc0", "TLs0".
enum class FrameKind : std::uint32_t {
  kEntry = 0x30654C54,
  kCommit = 0x30634C54,
  kSeal = 0x30734C54,
};

struct FrameHeader {
  FrameKind kind{};
  std::uint32_t body_bytes{};
  Index index{};  // entry: its own; commit and seal: of the last entry before
  Index
      flushed_through{};  // known to be durable when this frame was written: the proof in recovery
  std::uint64_t salt{};   // of the segment
  std::uint64_t body_hash{};
  bool operator==(const FrameHeader&) const = default;
};

// Closes a batch: entries first..last are in the log if and only if their commit frame is.
struct Commit {
  Index first{};
  Index last{};
  Term term{};             // of the last entry
  std::int64_t time_ms{};  // of the last entry
  ChainHash chain{};       // through the last entry
  Digest digest{};         // of the state after it
  bool operator==(const Commit&) const = default;
};

// The last frame of a full segment: which segment goes on.
struct Seal {
  std::uint64_t sequence{};  // of the successor
  std::uint64_t salt{};
  ChainHash chain{};  // through the last entry
  bool operator==(const Seal&) const = default;
};

// Bytes a frame takes in the file: header, body, zeros up to the alignment.
[[nodiscard]] constexpr std::uint64_t frame_bytes(std::uint64_t body_bytes) {
  return kFrameHeaderBytes + (body_bytes + kFrameAlignment - 1) / kFrameAlignment * kFrameAlignment;
}

// Where and among what a frame is written. `offset` is from the start of the segment's file: it is
// part of the header's checksum, so that a frame found elsewhere (in the body of an entry that
// holds a copy of a log) is not one.
struct FrameContext {
  std::uint64_t salt{};
  std::uint64_t offset{};
  Index flushed_through{};
};

// Each appends one frame to `out`. `context.offset` is where the frame will stand.
void append_entry_frame(Bytes& out, const FrameContext& context, Index index, ByteView entry);
void append_commit_frame(Bytes& out, const FrameContext& context, const Commit& commit);
void append_seal_frame(Bytes& out, const FrameContext& context, Index last, const Seal& seal);

// The salt that stands in a frame's header, whether that verifies or not. `bytes` has at least
// kFrameHeaderBytes.
[[nodiscard]] std::uint64_t frame_salt(ByteView bytes);

// Whether a frame of a segment with `salt` may begin `bytes`: what a search asks at every eighth
// byte, nearly always in vain, before it decodes there.
[[nodiscard]] bool may_be_frame(ByteView bytes, std::uint64_t salt);

// The header at the start of `bytes`, which stand at `offset` of a segment with `salt`.
// kTruncated: fewer than kFrameHeaderBytes. kMalformed: not a frame of this segment, or damaged.
[[nodiscard]] Result<FrameHeader> decode_frame_header(ByteView bytes, std::uint64_t salt,
                                                      std::uint64_t offset);

// `body` is exactly header.body_bytes long. kMalformed when it is not what was written.
[[nodiscard]] Result<void> verify_body(const FrameHeader& header, ByteView body);
[[nodiscard]] Result<Commit> decode_commit(const FrameHeader& header, ByteView body);
[[nodiscard]] Result<Seal> decode_seal(const FrameHeader& header, ByteView body);

}  // namespace tablog
