#include "storage/utf8.h"

#include <cstddef>
#include <cstdint>

namespace tablog::storage {

// Source of the ranges: The Unicode Standard, table 3-7, "Well-Formed UTF-8 Byte Sequences".
bool is_utf8(std::string_view text) {
  std::size_t at = 0;
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  while (at < text.size()) {
    const std::uint8_t lead = byte(at);
    if (lead < 0x80) {
      ++at;
      continue;
    }
    if (lead < 0xc2 || lead > 0xf4) return false;
    const std::size_t bytes = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (text.size() - at < bytes) return false;
    const std::uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const std::uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (byte(at + 1) < low || byte(at + 1) > high) return false;
    for (std::size_t i = 2; i < bytes; ++i) {
      if ((byte(at + i) & 0xc0U) != 0x80U) return false;
    }
    at += bytes;
  }
  return true;
}

}  // namespace tablog::storage
