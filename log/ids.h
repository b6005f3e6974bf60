// Strong integer and identifier types shared by every part of the core.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>

namespace tablog {

// Integers that mean different things have different types.
template <class Tag>
struct Strong {
  std::uint64_t value{};
  constexpr auto operator<=>(const Strong&) const = default;
};

using Index = Strong<struct IndexTag>;            // 1, 2, 3, …; 0 means "before the first entry"
using Generation = Strong<struct GenerationTag>;  // of the store's files; 0 is the first
using RequestNumber = Strong<struct RequestNumberTag>;  // 1, 2, 3, … within a session; 0: none

// JavaScript's largest safe integer; a log gets nowhere near it, and counting on from it wraps
// nowhere.
inline constexpr Index kIndexMax{(std::uint64_t{1} << 53U) - 1};

[[nodiscard]] constexpr Index next(Index i) {
  return Index{i.value + 1};
}
[[nodiscard]] constexpr RequestNumber next(RequestNumber n) {
  return RequestNumber{n.value + 1};
}

// A leader's period of office. The high part is the generation, so a leader of a newer generation
// always outranks one of an older. JavaScript sees the whole value; 21 bits of generation and 32 of
// counter stay within a safe integer.
struct Term {
  std::uint64_t value{};
  constexpr auto operator<=>(const Term&) const = default;

  [[nodiscard]] static constexpr Term of(Generation generation, std::uint32_t counter) {
    return Term{generation.value << 32U | counter};
  }
  [[nodiscard]] constexpr Generation generation() const { return Generation{value >> 32U}; }
};

// 128 random bits, or 128 bits of hash. Ordered bytewise, as written.
template <class Tag>
struct Bits128 {
  std::array<std::byte, 16> bytes{};
  constexpr auto operator<=>(const Bits128&) const = default;
  [[nodiscard]] constexpr bool is_zero() const { return *this == Bits128{}; }
};

using StoreId = Bits128<struct StoreIdTag>;    // minted when a store's first segment is written
using ClientId = Bits128<struct ClientIdTag>;  // a tab's session; minted per page load
using ChainHash =
    Bits128<struct ChainHashTag>;          // XXH3-128 over the previous hash and the entry's bytes
using Digest = Bits128<struct DigestTag>;  // XXH3-128 over the per-table digests
using RowsHash = Bits128<struct RowsHashTag>;  // XXH3-128 over a query's encoded rows

// Lower-case hexadecimal, 32 characters, first byte first.
[[nodiscard]] std::string to_hex(const std::array<std::byte, 16>& bytes);

}  // namespace tablog
