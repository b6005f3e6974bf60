// The judge of a store after whatever happened to it: reads the log with LogReader, replays it into
// an empty database in memory, and compares with what the tab was told and what the leader has.
// Shares no code with recovery but the frames' format.
#pragma once

#include <gtest/gtest.h>

#include "tests/web/leader_kit.h"

namespace tablog::host {

// All of it: dense indexes, the hash chain, every answer kept, nothing twice, requests whole, the
// leader's state equal to a replay of the log from its first entry. `kit` leads.
[[nodiscard]] testing::AssertionResult audit(const storage::MemoryDisk& disk, LeaderKit& kit,
                                             const Model& model);

// The log's entries as LogReader finds them on `disk`.
[[nodiscard]] Result<std::vector<EncodedEntry>> read_log(const storage::MemoryDisk& disk);
// An empty database in memory that has applied all of them.
[[nodiscard]] Result<std::unique_ptr<storage::StateDatabase>> replayed(
    const std::vector<EncodedEntry>& entries);

}  // namespace tablog::host
