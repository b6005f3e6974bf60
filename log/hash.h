// Hash: XXH3 as the format uses it. Canonical byte order (big-endian) for what is stored as bytes,
// plain integers for what is stored as a field.
#pragma once

#include <xxhash.h>

#include <cstring>
#include <initializer_list>

#include "log/entry.h"

namespace tablog {

[[nodiscard]] inline std::uint64_t hash64(ByteView bytes, std::uint64_t seed = 0) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

// Of the concatenation of `parts`.
template <class Hash>
[[nodiscard]] Hash hash128(std::initializer_list<ByteView> parts) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_128bits_reset(&state);
  for (const ByteView part : parts) {
    XXH3_128bits_update(&state, part.data(), part.size());
  }
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state));
  Hash hash;
  static_assert(sizeof(canonical.digest) == sizeof(hash.bytes));
  std::memcpy(hash.bytes.data(), canonical.digest, sizeof(canonical.digest));
  return hash;
}

}  // namespace tablog
