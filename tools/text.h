// Text: how values look to a person. Everything from a log is untrusted: what could steer a
// terminal is written as an escape.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "log/entry.h"

namespace tablog::tools {

// The same text on one line, without control characters (\n, \t, \x1b, … instead) and with U+FFFD
// for what is not UTF-8; cut with "…" where it has more than `characters_max` characters.
[[nodiscard]] std::string printable(std::string_view text, std::size_t characters_max);

// Characters that a terminal shows for `text`, which is printable.
[[nodiscard]] std::size_t width_of(std::string_view text);

// As an SQL literal: 1, 2.5, 'text', x'00ff', NULL; long ones cut.
[[nodiscard]] std::string literal(const Value& value);

// 2026-11-23T13:04:05.123Z; what no calendar has is given in milliseconds.
[[nodiscard]] std::string time_text(std::int64_t time_ms);

// 90000 -> "90 s", 3600000 -> "1 h": the largest unit that divides it.
[[nodiscard]] std::string duration_text(std::int64_t duration_ms);

// 1 234 567 -> "1.2 MB": powers of 1000.
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);

// 20000 -> "20,000".
[[nodiscard]] std::string count_text(std::uint64_t count);

// count_text with its noun: "1 entry", "20,000 entries".
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view one, std::string_view many);

// "4" or "4 to 9".
[[nodiscard]] std::string range_text(Index first, Index last);

// A term as a person counts: "7", or "2.7" in generation 2.
[[nodiscard]] std::string term_text(Term term);

// The first 8 hexadecimal digits: enough to tell tabs apart.
template <class Tag>
[[nodiscard]] std::string short_id(const Bits128<Tag>& id) {
  return to_hex(id.bytes).substr(0, 8);
}

[[nodiscard]] std::string hex64(std::uint64_t value);
[[nodiscard]] std::string hex_text(ByteView bytes);

// Double quotes, since a path is a person's own words: "a b".
[[nodiscard]] std::string path_text(std::string_view path);

}  // namespace tablog::tools
