// What the leader tells of itself in store.stats(): one JSON object of counters.
#pragma once

#include <string>

#include "node/node.h"
#include "storage/store.h"

namespace tablog::host {

// {"term":…,"entries":…,"log":{"bytes":…,"flushes":…,"segments":…},"state":{…},…}; sizes in bytes.
// "slots" are the files that the leader holds open, of the log and of the state's pool. "sessions"
// are the open ones; those of "state" include the tombstones of this term. "appendLatencyCounts":
// leader::LatencyCounts, of this term's requests.
[[nodiscard]] std::string stats_json(const storage::Store& store, const node::Node& node);

}  // namespace tablog::host
