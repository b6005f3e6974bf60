// replay(): a log's entries applied to a state database, all at once or a slice at a time.
#pragma once

#include <functional>
#include <optional>

#include "storage/log_files.h"
#include "storage/state_database.h"

namespace tablog::storage {

// Asked between two pieces of a long work; false: leave off here, to be called again.
using GoOn = std::function<bool()>;

// Told between two pieces of a long work: entries done, and in all.
using OnProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// Applies entries applied()+1 … `to` of `log` to `state`, committing at the ends of requests, and
// folding the WAL into the database where it has grown. An empty `go_on` says yes. Ends before an
// entry that starts the state anew, and gives it: only a state that rebuilds takes it.
[[nodiscard]] Result<std::optional<Entry>> replay(LogFiles& log, StateDatabase& state, Index to,
                                                  const GoOn& go_on = {});

}  // namespace tablog::storage
