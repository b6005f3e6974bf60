// What the fuzz targets share. A target is one file, NAME_fuzz.cc, with LLVMFuzzerTestOneInput:
// bytes in, and nothing but what check() asserts comes out. libFuzzer drives it in the preset
// `fuzz`; replay_test.cc feeds it its corpus in every other.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "log/entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace tablog::fuzz {

// A property that does not hold ends the process: that is what a fuzzer calls a finding.
inline void check(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

// The error is one that the header of what gave it documents.
inline void check_code(const Error& error, std::initializer_list<ErrorCode> documented) {
  if (std::ranges::find(documented, error.code) != documented.end()) return;
  std::fprintf(stderr, "code %d: %s\n", static_cast<int>(error.code), error.message.c_str());
  check(false, "an error is of a documented code");
}

[[nodiscard]] inline ByteView view_of(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

// Takes the fuzzer's bytes apart. Behind their end there are zeros, so that every input means
// something.
class Input {
 public:
  explicit Input(ByteView bytes) : rest_(bytes) {}

  template <class Number>
  Number number() {
    Number value{};
    const ByteView taken = bytes(sizeof value);
    std::memcpy(&value, taken.data(), taken.size());
    return value;
  }
  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint16_t u16() { return number<std::uint16_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  // At most `size` bytes.
  ByteView bytes(std::size_t size) {
    const ByteView taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  [[nodiscard]] ByteView rest() const { return rest_; }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  ByteView rest_;
};

}  // namespace tablog::fuzz
