#include "storage/determinism.h"

#include <sqlite3.h>
#ifdef __EMSCRIPTEN__
#include <wasi/api.h>
#else
#include <unistd.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <optional>

namespace tablog::storage {
namespace {

// Not by std::chrono, whose clock may throw: in wasm that alone brings every text of strerror().
[[nodiscard]] std::int64_t system_time_ms() {
  std::timespec time{};
  if (std::timespec_get(&time, TIME_UTC) != TIME_UTC) std::abort();
  return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

void system_entropy(std::span<std::byte> out) {
  // Without randomness nothing that needs it can go on.
#ifdef __EMSCRIPTEN__  // its getentropy() has no import to call in a module without JavaScript
  if (__wasi_random_get(reinterpret_cast<std::uint8_t*>(out.data()), out.size()) != 0) std::abort();
#else
  constexpr std::size_t kPieceBytesMax = 256;  // of one getentropy()
  for (; !out.empty(); out = out.subspan(std::min(out.size(), kPieceBytesMax))) {
    if (getentropy(out.data(), std::min(out.size(), kPieceBytesMax)) != 0) std::abort();
  }
#endif
}

// Source of the constants: Vigna, splitmix64, public domain.
[[nodiscard]] std::uint64_t splitmix64(std::uint64_t& state) {
  std::uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30U) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27U) * 0x94d049bb133111eb;
  return z ^ z >> 31U;
}

struct State {
  std::optional<Pinned> pinned;
  std::uint64_t stream{};  // of the pinned seed
  Clock clock = &system_time_ms;
  Entropy entropy = &system_entropy;
};

State& state() {
  static State instance;
  return instance;
}

}  // namespace

void pin(Pinned pinned) {
  state().pinned = pinned;
  state().stream = pinned.seed;
  sqlite3_randomness(0, nullptr);
}

void unpin() {
  state().pinned.reset();
  sqlite3_randomness(0, nullptr);
}

void set_clock(Clock clock) {
  state().clock = clock != nullptr ? clock : &system_time_ms;
}

void set_entropy(Entropy entropy) {
  state().entropy = entropy != nullptr ? entropy : &system_entropy;
  if (!state().pinned) sqlite3_randomness(0, nullptr);
}

std::int64_t current_time_ms() {
  return state().pinned ? state().pinned->time_ms : state().clock();
}

void fill_random(std::span<std::byte> out) {
  if (!state().pinned) return state().entropy(out);
  while (!out.empty()) {  // little-endian words, whatever the platform
    std::uint64_t word = splitmix64(state().stream);
    const auto piece = out.first(out.size() < 8 ? out.size() : 8);
    for (auto& byte : piece) {
      byte = static_cast<std::byte>(word);
      word >>= 8U;
    }
    out = out.subspan(piece.size());
  }
}

}  // namespace tablog::storage
