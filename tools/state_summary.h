// StateSummary: what the state database beside a log says of itself, read without touching its
// files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/entry.h"
#include "storage/file.h"

namespace tablog::tools {

struct StateSummary {
  StoreId store{};
  Index applied{};    // proves that the log up to here had been flushed
  ChainHash chain{};  // through that entry
  Digest digest{};
  std::uint64_t bytes{};
  std::size_t sessions{};
  std::uint32_t schema_version{};  // 0: none yet
};

// Nothing: the pool has no state database yet. kCorrupt, kNewerFormat, kStorageUnavailable.
[[nodiscard]] Result<std::optional<StateSummary>> read_state(std::vector<storage::Slot> pool);

}  // namespace tablog::tools
