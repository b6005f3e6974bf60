// Export: a whole log in one file. A header with a table of the segments, the base of a compacted
// log, the segments' bytes as they stand, a sealing footer, so that a cut file is noticed. Layout:
// docs/log_format.md#export. Pure but for the source it reads.
#pragma once

#include <vector>

#include "log/byte_source.h"
#include "log/segment.h"

namespace tablog {

struct ExportedSegment {
  std::uint64_t sequence{};
  std::uint64_t bytes{};  // header included; frames up to the last commit that counts
  bool operator==(const ExportedSegment&) const = default;
};

struct ExportHeader {
  StoreId store{};
  Generation generation{};
  Index first{};       // lowest index in it
  Index last{};        // highest; first - 1 in an empty log
  ChainHash before{};  // chain hash at first - 1
  ChainHash chain{};   // chain hash at last
  // Of a compacted log: the state that it begins with, a SQLite file, before the segments. It may
  // be of a later entry than first - 1.
  std::uint64_t base_bytes{};
  std::vector<ExportedSegment> segments{};
  bool operator==(const ExportHeader&) const = default;

  [[nodiscard]] std::uint64_t header_bytes() const;  // what encode_export_header() gives
  [[nodiscard]] std::uint64_t total_bytes() const;   // of the file
};

inline constexpr std::size_t kExportFooterBytes = 40;
inline constexpr std::size_t kExportSegmentsMax = 1U << 20U;

[[nodiscard]] Bytes encode_export_header(const ExportHeader& header);
[[nodiscard]] Bytes encode_export_footer(const ExportHeader& header);

// The header alone, of an export of `size` bytes, of which `source` has the beginning. As below.
[[nodiscard]] Result<ExportHeader> read_export_table(ByteSource& source, std::uint64_t size);
// The same where the file may have been cut behind the header: of as many bytes as that says.
[[nodiscard]] Result<ExportHeader> read_export_table(ByteSource& source);

// Header and footer of an export of `size` bytes; the segments are verified as they are read.
// kMalformed: not an export. kNewerFormat. kCorrupt: cut, or its header or footer is damaged.
[[nodiscard]] Result<ExportHeader> read_export_header(ByteSource& source, std::uint64_t size);

// True for what begins like an export.
[[nodiscard]] bool is_export(ByteView beginning);
// True for the last kExportFooterBytes of what ends like one.
[[nodiscard]] bool is_export_footer(ByteView end);

}  // namespace tablog
