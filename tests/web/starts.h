// Where a workload begins.
#pragma once

#include "tests/web/leader_kit.h"

namespace tablog::host {

void nothing(storage::MemoryDisk& disk, Model& model, const KitOptions& options);
// A leader with a few entries was killed.
void led(storage::MemoryDisk& disk, Model& model, const KitOptions& options);
// The same; then the power failed, and the last relaxed batch arrived in part.
void torn(storage::MemoryDisk& disk, Model& model, const KitOptions& options);
void without_database(storage::MemoryDisk& disk, Model& model, const KitOptions& options);
void with_a_damaged_database(storage::MemoryDisk& disk, Model& model, const KitOptions& options);
void on_a_full_disk(storage::MemoryDisk& disk, Model& model, const KitOptions& options);
// The disk was full when the power failed: only what was lost has left room.
void torn_on_a_full_disk(storage::MemoryDisk& disk, Model& model, const KitOptions& options);

// What the starts and the workloads append: a title of about `bytes`, and one request per id.
[[nodiscard]] std::string padded(std::int64_t id, std::size_t bytes);
void several(LeaderKit& kit, Durability durability, std::int64_t from, std::int64_t to,
             std::size_t bytes = 20);

}  // namespace tablog::host
