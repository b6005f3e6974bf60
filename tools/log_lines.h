// LogLines: a whole log as lines of JSON, from which the same log can be made again: the same
// entries bit by bit, so the same chain hash. Format: tools/README.md#export-and-import. What is
// read is untrusted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "log/frame.h"
#include "log/segment.h"
#include "tools/output.h"

namespace tablog::tools {

inline constexpr std::string_view kLinesFormat = "tablog-log";
inline constexpr std::uint32_t kLinesVersion = 1;
inline constexpr std::size_t kBasePieceBytes = 48U << 10U;  // of the base, in one line

struct HeaderLine {
  StoreId store{};
  Generation generation{};
  LogPosition before{};        // the first entry
  std::uint64_t base_bytes{};  // of a compacted log: pieces of them follow
  bool operator==(const HeaderLine&) const = default;
};

struct BaseLine {
  Bytes piece{};
  bool operator==(const BaseLine&) const = default;
};

struct EntryLine {
  Entry entry{};
  Bytes encoded{};  // as it stands in the log
};

// Behind the entries of a batch. Term and time are those of the last of them.
struct CommitLine {
  Index first{};
  Index last{};
  ChainHash chain{};
  Digest digest{};
  bool operator==(const CommitLine&) const = default;
};

// The last one: without it the export is cut.
struct EndLine {
  std::uint64_t entries{};
  Index last{};
  ChainHash chain{};
  bool operator==(const EndLine&) const = default;
};

using Line = std::variant<HeaderLine, BaseLine, EntryLine, CommitLine, EndLine>;

// ---- writing

[[nodiscard]] Json json_of_line(const HeaderLine& line);
[[nodiscard]] Json json_of_line(const BaseLine& line);
[[nodiscard]] Json json_of_line(const CommitLine& line);
[[nodiscard]] Json json_of_line(const EndLine& line);
// `encoded` is what `entry` was decoded from. It is part of the line only where the entry alone
// would not give these bytes again.
[[nodiscard]] Json json_of_line(const Entry& entry, ByteView encoded);

// With its end.
[[nodiscard]] std::string line_text(const Json& line);

// ---- reading

// kMalformed: what is wrong, with the field that it is wrong in. kNewerFormat.
[[nodiscard]] Result<Line> read_line(std::string_view text);

}  // namespace tablog::tools
