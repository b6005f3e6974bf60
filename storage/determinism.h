// Where SQLite's time and randomness come from. Pinned: from a log entry, so that 'now', random(),
// randomblob() and random rowids are the same wherever it is applied (DESIGN section 7). Not
// pinned: from the host. Every VFS of storage/ asks here. One state per process: SQLite runs on a
// single thread.
//
// Invariant: nothing else draws from SQLite's generator while it is pinned. A WAL draws its salts
// when it writes, so a connection on a pool has `PRAGMA cache_spill=OFF`, and commits after
// unpin().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tablog::storage {

struct Pinned {
  std::int64_t time_ms{};  // since 1970
  std::uint64_t seed{};
};

// Both reset SQLite's generator. pin() may follow pin(): the next entry.
void pin(Pinned pinned);
void unpin();

class PinnedScope {
 public:
  explicit PinnedScope(Pinned pinned) { pin(pinned); }
  ~PinnedScope() { unpin(); }
  PinnedScope(const PinnedScope&) = delete;
  PinnedScope& operator=(const PinnedScope&) = delete;
};

// The host's clock (ms since 1970) and entropy. Defaults: the system's; nullptr: back to them.
using Clock = std::int64_t (*)();
using Entropy = void (*)(std::span<std::byte> out);
void set_clock(Clock clock);
void set_entropy(Entropy entropy);

// For the VFSes.
[[nodiscard]] std::int64_t current_time_ms();
void fill_random(std::span<std::byte> out);

}  // namespace tablog::storage
