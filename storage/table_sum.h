// TableSum: the digest of a set of rows, independent of their order: the sum modulo 2^128 of a
// 128-bit hash of each. Adding a row and taking it away again leaves no trace, so it can follow
// every change.
#pragma once

#include <compare>
#include <cstdint>

#include "log/ids.h"

namespace tablog::storage {

struct TableSum {
  std::uint64_t low{};
  std::uint64_t high{};
  auto operator<=>(const TableSum&) const = default;

  constexpr TableSum& operator+=(const TableSum& other) {
    low += other.low;
    high += other.high + (low < other.low ? 1U : 0U);
    return *this;
  }
  constexpr TableSum& operator-=(const TableSum& other) {
    high -= other.high + (low < other.low ? 1U : 0U);
    low -= other.low;
    return *this;
  }
};

// As 16 bytes, most significant first.
[[nodiscard]] constexpr Digest to_digest(const TableSum& sum) {
  Digest digest;
  for (unsigned i = 0; i < 8; ++i) {
    digest.bytes[i] = static_cast<std::byte>(sum.high >> (56U - 8U * i));
    digest.bytes[8 + i] = static_cast<std::byte>(sum.low >> (56U - 8U * i));
  }
  return digest;
}

[[nodiscard]] constexpr TableSum from_digest(const Digest& digest) {
  TableSum sum;
  for (unsigned i = 0; i < 8; ++i) {
    sum.high = sum.high << 8U | static_cast<std::uint64_t>(digest.bytes[i]);
    sum.low = sum.low << 8U | static_cast<std::uint64_t>(digest.bytes[8 + i]);
  }
  return sum;
}

}  // namespace tablog::storage
