// Random: everything in a run that is not decided comes from here, and so from the seed.
#pragma once

#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tablog::simulator {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  // Source: Vigna, splitmix64, public domain.
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ z >> 30U) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ z >> 27U) * 0x94D049BB133111EBULL;
    return z ^ z >> 31U;
  }
  std::uint64_t below(std::uint64_t bound) {
    assert(bound > 0);
    return next() % bound;
  }
  std::uint64_t between(std::uint64_t least, std::uint64_t most) {
    return least + below(most - least + 1);
  }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  bool permille(std::uint64_t p) { return below(1000) < p; }
  std::chrono::microseconds between(std::chrono::microseconds least,
                                    std::chrono::microseconds most) {
    return least +
           std::chrono::microseconds(below(static_cast<std::uint64_t>((most - least).count()) + 1));
  }
  template <class T, std::size_t kCount>
  const T& pick(const T (&from)[kCount]) {
    return from[below(kCount)];
  }
  template <class Id>
  Id id() {
    Id id;
    for (std::byte& each : id.bytes) each = static_cast<std::byte>(next() >> 32U);
    return id;
  }

 private:
  std::uint64_t state_;
};

}  // namespace tablog::simulator
