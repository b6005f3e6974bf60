// JsonLine: ndjson that comes from anywhere, a line at a time. How long a line is, how deep it goes
// and of how many values it is are bounded before any of it is kept.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "log/result.h"
#include "tools/output.h"

namespace tablog::tools {

// An entry of kEntryBytesMax whose text is all \u0000 takes six times as much.
inline constexpr std::size_t kLineBytesMax = 128U << 20U;
inline constexpr std::size_t kLineDepthMax = 8;
inline constexpr std::size_t kLineValuesMax = 1U << 20U;

class LineReader {
 public:
  explicit LineReader(std::istream& in) : in_(in), buffer_(kBufferBytes, '\0') {}

  // The next line, without its end; none: there are no more. Valid until the next call. kMalformed:
  // it is longer than kLineBytesMax. kStorageUnavailable.
  [[nodiscard]] Result<std::optional<std::string_view>> next();
  [[nodiscard]] std::uint64_t number() const { return number_; }  // of that line, from 1

 private:
  static constexpr std::size_t kBufferBytes = 256U << 10U;

  [[nodiscard]] bool fill();

  std::istream& in_;
  std::string buffer_;
  std::size_t begin_{};  // of what is left in the buffer
  std::size_t end_{};
  std::string line_;  // one that does not stand in the buffer as a whole
  std::uint64_t number_{};
};

// An object keeps the order of its members, and all of those of one name. kMalformed: not JSON,
// or beyond the bounds.
[[nodiscard]] Result<Json> parse_line(std::string_view text);

}  // namespace tablog::tools
