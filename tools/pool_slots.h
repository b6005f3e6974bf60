// PoolSlots: the slots of any opfs-sahpool as they stand, damaged ones too. Nothing is opened as a
// pool, which would tidy. Format: docs/sahpool.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/file.h"
#include "storage/pool_header.h"

namespace tablog::tools {

struct PoolSlot {
  storage::Slot slot{};
  storage::PoolHeader header{};
  std::string raw_path{};  // what stands where the path is, however the digest is
  std::uint32_t raw_flags{};
  std::uint64_t bytes{};  // behind the header
  bool conflicts{};       // another slot has the same path, and both have content
};

inline constexpr std::uint32_t kPoolDigestV2 = 0x80;  // of raw_flags

// "file", "free", "transient", "torn" (a header that was never finished: nothing is behind it),
// "quarantined", "conflicting".
[[nodiscard]] std::string_view state_of(const PoolSlot& slot);
// For a person. Of a damaged header, what it may have been.
[[nodiscard]] std::string path_of(const PoolSlot& slot);
// SQLite's open flags: "main-db", "wal", …
[[nodiscard]] std::vector<std::string> flag_words(std::uint32_t flags);

// The directory of slots: `path`, or where a store, a generation or the official build have theirs.
// kInvalidArgument: there is none.
[[nodiscard]] Result<std::string> find_pool(const std::string& path);

[[nodiscard]] Result<std::vector<PoolSlot>> read_pool_slots(const std::string& directory);

}  // namespace tablog::tools
