// A small store's history, made once: what a fuzzed snapshot, replica or leader begins with.
#pragma once

#include <memory>
#include <vector>

#include "storage/state_database.h"

namespace tablog::fuzz {

// A to-do list with a foreign key, an index, a trigger and a full-text table; stamped with this
// engine.
[[nodiscard]] Schema schema();

struct History {
  std::vector<EncodedEntry> entries;  // from 1 on
  std::vector<ChainHash> chains;      // chains[i]: through entry i
  std::vector<Digest> digests;        // digests[i]: of the state after entry i
  Bytes image;                        // of the state after the last entry
};
[[nodiscard]] const History& history();

// `entries` of the history applied.
[[nodiscard]] std::unique_ptr<storage::StateDatabase> database();

[[nodiscard]] BatchContext context();
[[nodiscard]] BatchItem item(EntryBody body);

}  // namespace tablog::fuzz
