// to_size: a size of a file or frame as a size in memory. On 32 bits (wasm) they differ; a caller
// that has not bounded its number first has a bug, and stops here.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace tablog {

[[nodiscard]] constexpr std::size_t to_size(std::uint64_t size) {
  assert(size <= std::numeric_limits<std::size_t>::max());
  return static_cast<std::size_t>(size);
}

}  // namespace tablog
