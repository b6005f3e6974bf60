// The header of a pool slot: which SQLite file it holds. Byte table: docs/sahpool.md#slot. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "log/entry.h"

namespace tablog::storage {

inline constexpr std::uint64_t kPoolHeaderBytes = 4096;     // payload begins here
inline constexpr std::size_t kPoolPathBytesMax = 510;       // encoded as a URL pathname
inline constexpr std::size_t kPoolPathFieldBytes = 512;     // NUL-padded
inline constexpr std::size_t kPoolFlagsOffset = 512;        // u32, big-endian
inline constexpr std::size_t kPoolDigestOffset = 516;       // two u32, little-endian
inline constexpr std::size_t kPoolHeaderFieldsBytes = 524;  // the rest of the header is not written
static_assert(kPoolPathBytesMax + 2 == kPoolPathFieldBytes);
static_assert(kPoolFlagsOffset == kPoolPathFieldBytes && kPoolDigestOffset == kPoolFlagsOffset + 4);
static_assert(kPoolHeaderFieldsBytes == kPoolDigestOffset + 8 &&
              kPoolHeaderFieldsBytes <= kPoolHeaderBytes);

using PoolHeaderFields = std::array<std::byte, kPoolHeaderFieldsBytes>;

enum class SlotContent {
  kFree,
  kFile,
  kTransient,  // of a file that should not have outlived its connection: to be freed
  kDamaged,    // no writer leaves such a header behind
};

struct PoolHeader {
  SlotContent content{};
  std::string pathname{};  // of a kFile or kTransient
  std::uint32_t flags{};   // SQLite's open flags, as stored
};

// Any bytes are fine as input.
[[nodiscard]] PoolHeader decode_pool_header(const PoolHeaderFields& fields);

// `pathname` has 1 to kPoolPathBytesMax bytes, none of them NUL.
[[nodiscard]] PoolHeaderFields encode_pool_header(const std::string& pathname,
                                                  std::uint32_t open_flags);

}  // namespace tablog::storage
