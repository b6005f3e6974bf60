// SalvageScan: what is left of a segment, found by its frames alone. Every eighth byte may begin
// one; its header's checksum says whether it does (docs/log_format.md#frame). What is found is told
// in spans: entries that follow one another without a gap, in the log and in the file.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log/byte_source.h"
#include "log/frame.h"
#include "log/segment.h"

namespace tablog::tools {

// A piece of a file that is, or was, a segment.
struct SalvagePart {
  std::string name{};                     // the slot's; of an export "segment 3"
  std::shared_ptr<ByteSource> source{};   // from the segment's first byte on
  std::uint64_t bytes{};                  // of it
  std::uint64_t file_offset{};            // of an export: where it begins
  std::optional<SegmentHeader> header{};  // none: it does not verify
  std::optional<std::uint64_t> end{};     // that its successor names; behind it nothing counts
};

struct Span {
  std::size_t part{};
  std::uint64_t begin{};  // of the first frame
  std::uint64_t end{};    // behind the last
  std::uint64_t salt{};
  Index first{};  // entries
  Index last{};
  // Whole batches, and the hash chain holds from `before` to `after`: these entries were the log's.
  // Else each is whole by its own checksum, and that is all.
  bool chained{};
  bool superseded{};  // behind the part's end
  LogPosition before{};
  LogPosition after{};
};

struct Range {
  std::uint64_t offset{};
  std::uint64_t bytes{};
};

struct PartScan {
  static constexpr std::size_t kRangesMax = 100;

  std::uint64_t frames{};
  std::uint64_t entries{};
  std::uint64_t batches{};
  Index first{};  // of its entries; zero: none
  Index last{};
  Index flushed_through{};  // the highest that one of its frames names
  std::optional<Seal> seal{};
  std::vector<std::uint64_t> salts{};  // of its frames
  // Neither whole frames nor zeros; the first kRangesMax.
  std::vector<Range> unreadable{};
  std::uint64_t unreadable_ranges{};
  std::uint64_t unreadable_bytes{};
};

// Places of which the hash chain is known, from headers and from what was scanned before.
using KnownPositions = std::multimap<Index, LogPosition>;

// The index of the first entry that can be found; none: there is none.
[[nodiscard]] Result<std::optional<Index>> first_entry_of(const SalvagePart& part);

// Appends what is found to `spans`, and where it ends to `known`.
[[nodiscard]] Result<PartScan> scan_part(const SalvagePart& part, std::size_t number,
                                         KnownPositions& known, std::vector<Span>& spans);

// A frame that verifies, body included.
struct FoundFrame {
  FrameHeader header{};
  ByteView body{};  // valid until the window is asked again
  std::optional<Entry> entry{};
  std::optional<Commit> commit{};
  std::optional<Seal> seal{};
};

// The frame at `offset` of the segment. `salt`: of the segment, none: the one that stands there.
// None: there is none.
[[nodiscard]] Result<std::optional<FoundFrame>> frame_at(Window& window, std::uint64_t offset,
                                                         std::optional<std::uint64_t> salt);

}  // namespace tablog::tools
