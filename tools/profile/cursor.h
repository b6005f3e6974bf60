// Cursor: takes little-endian numbers and byte strings off the front of untrusted bytes. What is
// not there gives zeros and empty strings, and ok() is false from then on: one check at the end.
#pragma once

#include <cstdint>
#include <string_view>

#include "log/entry.h"

namespace tablog::tools {

[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
  return bytes.empty()
             ? std::string_view()
             : std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }

  std::string_view take(std::uint64_t bytes) {
    if (bytes > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  // Of 1 to 8 bytes.
  std::uint64_t fixed(unsigned bytes) {
    std::uint64_t value = 0;
    unsigned shift = 0;
    for (const char byte : take(bytes)) {
      value |= std::uint64_t{static_cast<unsigned char>(byte)} << shift;
      shift += 8;
    }
    return value;
  }

  // Seven bits a byte, the lowest first; at most ten bytes.
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint64_t byte = fixed(1);
      value |= (byte & 0x7FU) << shift;
      if ((byte & 0x80U) == 0) return ok_ ? value : 0;
    }
    ok_ = false;
    return 0;
  }

 private:
  std::string_view rest_;
  bool ok_{true};
};

}  // namespace tablog::tools
