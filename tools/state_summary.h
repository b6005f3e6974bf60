// PoolSummary: what the pool beside a log holds: the state database, and the base of a compacted
// log. Read without touching their files.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log/entry.h"
#include "log/session_table.h"
#include "storage/pool.h"

namespace tablog::tools {

struct StateSummary {
  StoreId store{};
  Index applied{};    // proves that the log up to here had been flushed
  ChainHash chain{};  // through that entry
  Digest digest{};
  std::uint64_t bytes{};
  std::size_t sessions{};
  SessionTable session_table{};
  std::uint32_t schema_version{};  // 0: none yet
};

struct PoolSummary {
  std::optional<StateSummary> state{};  // nothing: there is no state database yet
  Index base{};                         // of a compacted log; zero: it has none
  std::uint64_t base_bytes{};           // of the state there, a SQLite file
  std::shared_ptr<storage::Pool> pool{};
};

// kCorrupt, kNewerFormat, kStorageUnavailable.
[[nodiscard]] Result<PoolSummary> read_pool(std::vector<storage::Slot> slots);

// Through which entry the state is in the database itself, without its WAL: what a power loss
// leaves at least. Zero: nothing is. Errors as above; also where a browser is just changing it.
[[nodiscard]] Result<Index> flushed_through(std::vector<storage::Slot> slots);

}  // namespace tablog::tools
