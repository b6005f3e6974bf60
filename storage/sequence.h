// execute(): the leader's batch against the state database. Each item is tried in a savepoint of
// its own; what it may not do is its own rejection, and never its neighbours'. DESIGN section 4.3.
#pragma once

#include <span>

#include "log/batch.h"
#include "storage/state_core.h"

namespace tablog::storage {

// The seed of entry `index` in a batch with seed `seed`.
[[nodiscard]] std::uint64_t entry_seed(std::uint64_t seed, Index index);

// See StateDatabase::execute().
[[nodiscard]] Result<BatchResult> execute(StateCore& core, const BatchContext& context,
                                          std::span<const BatchItem> items);

}  // namespace tablog::storage
