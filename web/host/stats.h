// What the leader tells of itself in store.stats(): one JSON object of counters.
#pragma once

#include <string>

#include "node/node.h"
#include "storage/store.h"

namespace tablog::host {

// {"term":…,"entries":…,"log":{"bytes":…,"flushes":…,"segments":…},"state":{…},…}; sizes in bytes.
[[nodiscard]] std::string stats_json(const storage::Store& store, const node::Node& node);

}  // namespace tablog::host
