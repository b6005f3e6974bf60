// Segment: one file of the log. A header of a page, then frames. What a slot is, its header says:
// there are no names that mean anything, and no manifest.
// Layout: docs/log_format.md#segment. Pure: bytes in, bytes out.
#pragma once

#include <cstdint>
#include <optional>

#include "log/byte_source.h"
#include "log/entry.h"

namespace tablog {

// Of what is written. 0, of before it was frozen, has the same layout.
inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::size_t kSegmentHeaderBytes = 4096;  // reserved; frames begin here

// Where the log stood when a segment was begun: what an append needs to know, so that recovery
// reads no segment but the last.
struct LogPosition {
  Index index{};  // last entry before the segment
  ChainHash chain{};
  Term term{};  // of that entry; zero in an empty log
  std::int64_t time_ms{};
  std::optional<Digest> digest{};  // of the state after it, where a commit frame names one
  bool operator==(const LogPosition&) const = default;
};

// Which part of the predecessor counts. Authoritative: what stands behind `end` is not in the log.
struct Predecessor {
  std::uint64_t sequence{};
  std::uint64_t salt{};
  std::uint64_t
      end{};  // bytes from the start of its file: behind its last commit frame that counts
  bool operator==(const Predecessor&) const = default;
};

struct SegmentHeader {
  StoreId store{};
  Generation generation{};
  std::uint64_t sequence{};  // 1, 2, 3, … without gaps
  std::uint64_t salt{};      // new for each segment, also where a slot is used again
  LogPosition before{};      // its base is before.index + 1; all up to before.index is flushed
  std::optional<Predecessor> predecessor{};  // none: the first segment
  bool operator==(const SegmentHeader&) const = default;

  [[nodiscard]] Index base() const { return next(before.index); }
};

// Exactly kSegmentHeaderBytes.
[[nodiscard]] Bytes encode_segment_header(const SegmentHeader& header);

// kTruncated: fewer than kSegmentHeaderBytes. kMalformed: not a header, or damaged.
// kNewerFormat: whole, and of a newer version: its magic, version and checksum stay where they are.
[[nodiscard]] Result<SegmentHeader> decode_segment_header(ByteView bytes);
// The header of the segment that `source` begins with. As above; other errors are the source's.
[[nodiscard]] Result<SegmentHeader> read_segment_header(ByteSource& source);
// Whether `error` of these means that no segment begins there, rather than that nobody can tell.
[[nodiscard]] bool is_no_segment(const Error& error);

// True for what begins like a segment.
[[nodiscard]] bool is_segment(ByteView beginning);

}  // namespace tablog
