#include "tools/text.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <type_traits>

#include "storage/utf8.h"

namespace tablog::tools {

namespace {

constexpr std::size_t kLiteralCharactersMax = 60;
constexpr std::size_t kLiteralBlobBytesMax = 16;
constexpr std::string_view kReplacement = "\uFFFD";

// Bytes of the UTF-8 sequence that begins `text`; 0: it does not begin with one.
std::size_t sequence_bytes(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (length > text.size() || !storage::is_utf8(text.substr(0, length))) {
    return 0;
  }
  return length;
}

void append_hex(std::string& out, unsigned value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += kDigits[value >> 4U & 0xFU];
  out += kDigits[value & 0xFU];
}

// C0, DEL and C1 controls; the latter are two bytes in UTF-8.
// What turns the text around it, or ends the line, on a terminal that knows it: LRM and RLM, line
// and paragraph separators, embeddings and overrides, isolates. All of them begin with E2 80 or E2
// 81.
bool is_direction(std::string_view sequence) {
  if (sequence.size() != 3 || sequence[0] != '\xE2') return false;
  const auto last = static_cast<unsigned char>(sequence[2]);
  return sequence[1] == '\x80' ? last == 0x8E || last == 0x8F || (last >= 0xA8 && last <= 0xAE)
                               : sequence[1] == '\x81' && last >= 0xA6 && last <= 0xA9;
}

bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence.front());
  if (sequence.size() == 1) {
    return first < 0x20 || first == 0x7F;
  }
  return sequence.size() == 2 && first == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;
}

// U+20xx, of which this is xx.
unsigned code_point_low(std::string_view direction) {
  const auto middle = static_cast<unsigned char>(direction[1]) & 0x3FU;
  const auto last = static_cast<unsigned char>(direction[2]) & 0x3FU;
  return (middle << 6U | last) & 0xFFU;
}

void append_escape(std::string& out, std::string_view control) {
  switch (control.back()) {
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(control.back()));
  }
}

std::string literal_text(const std::string& text) {
  std::string shown = printable(text, kLiteralCharactersMax);
  for (std::size_t at = 0; (at = shown.find('\'', at)) != std::string::npos; at += 2) {
    shown.insert(at, 1, '\'');
  }
  return "'" + shown + "'";
}

std::string literal_blob(const Bytes& bytes) {
  std::string text = "x'";
  for (std::size_t i = 0; i < std::min(bytes.size(), kLiteralBlobBytesMax); ++i) {
    append_hex(text, std::to_integer<unsigned>(bytes[i]));
  }
  if (bytes.size() > kLiteralBlobBytesMax) {
    text += "…' (" + bytes_text(bytes.size()) + ")";
    return text;
  }
  return text + "'";
}

std::string literal_float(double value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
  std::string text(digits.begin(), end);
  const bool integral = text.find_first_not_of("-0123456789") == std::string::npos;
  return integral ? text + ".0" : text;
}

}  // namespace

std::string printable(std::string_view text, std::size_t characters_max) {
  std::string out;
  std::size_t characters = 0;
  while (!text.empty()) {
    if (characters++ == characters_max) {
      return out + "…";
    }
    const std::size_t length = sequence_bytes(text);
    const std::string_view sequence = text.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0) {
      out += kReplacement;
    } else if (is_direction(sequence)) {
      out += "\\u20";
      append_hex(out, code_point_low(sequence));
    } else if (is_control(sequence)) {
      append_escape(out, sequence);
    } else {
      out += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  return out;
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (const char byte : text) {
    width += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U ? 1 : 0;  // not a continuation
  }
  return width;
}

std::string literal(const Value& value) {
  return std::visit(
      [](const auto& held) -> std::string {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return "NULL";
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          return std::to_string(held);
        } else if constexpr (std::is_same_v<T, double>) {
          return literal_float(held);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return literal_text(held);
        } else {
          return literal_blob(held);
        }
      },
      value);
}

std::string time_text(std::int64_t time_ms) {
  using namespace std::chrono;
  constexpr std::int64_t kYear0 = -62'167'219'200'000;
  constexpr std::int64_t kYear10000 = 253'402'300'800'000;
  if (time_ms < kYear0 || time_ms >= kYear10000) {
    return std::to_string(time_ms) + " ms";
  }
  const sys_time<milliseconds> time{milliseconds(time_ms)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss<milliseconds> clock(time - day);
  std::array<char, 96> text{};  // room for what the compiler thinks an int may be
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
}

std::string duration_text(std::int64_t duration_ms) {
  struct Unit {
    std::int64_t ms;
    const char* name;
  };
  constexpr std::array<Unit, 4> kUnits{
      {{86'400'000, " d"}, {3'600'000, " h"}, {60'000, " min"}, {1000, " s"}}};
  for (const Unit& unit : kUnits) {
    if (duration_ms != 0 && duration_ms % unit.ms == 0) {
      return std::to_string(duration_ms / unit.ms) + unit.name;
    }
  }
  return std::to_string(duration_ms) + " ms";
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1000) {
    return std::to_string(bytes) + " B";
  }
  constexpr std::array<const char*, 5> kUnits{"kB", "MB", "GB", "TB", "PB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s", value, kUnits.at(unit));
  return text.data();
}

std::string count_text(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3; at -= 3) {
    text.insert(at - 3, 1, ',');
  }
  return text;
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return count_text(count) + " " + std::string(count == 1 ? one : many);
}

std::string range_text(Index first, Index last) {
  const std::string begin = std::to_string(first.value);
  return first == last ? begin : begin + " to " + std::to_string(last.value);
}

std::string term_text(Term term) {
  const std::string counter = std::to_string(term.value & 0xFFFFFFFFU);
  const Generation generation = term.generation();
  return generation == Generation{} ? counter : std::to_string(generation.value) + "." + counter;
}

std::string hex_text(ByteView bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) append_hex(text, std::to_integer<unsigned>(byte));
  return text;
}

std::string hex64(std::uint64_t value) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
  return text.data();
}

std::string path_text(std::string_view path) {
  return "\"" + printable(path, 4096) + "\"";
}

}  // namespace tablog::tools
