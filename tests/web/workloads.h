// What a store goes through in the crash and fault tests: small, each about something else.
#pragma once

#include <span>

#include "tests/web/leader_kit.h"

namespace tablog::host {

struct Workload {
  const char* name;
  // Brings the disk to where the workload begins; nothing happens to it meanwhile.
  void (*prepare)(storage::MemoryDisk& disk, Model& model, const KitOptions& options);
  // With a leader that is not started yet. Goes on whatever fails.
  void (*run)(LeaderKit& kit, Model& model);
  KitOptions options{};
};

[[nodiscard]] std::span<const Workload> workloads();

}  // namespace tablog::host
