// What a crash may leave of a disk, at every place at which it can come.
#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "storage/memory_file.h"

namespace tablog::storage {

// Calls `visit(call)` before each call that changes a file of `disk`, until its fault hook is set
// anew.
template <class Visit>
void before_each_change(MemoryDisk& disk, Visit visit) {
  disk.set_fault_hook([visit](const FileCall& call) mutable -> std::optional<FileFault> {
    if (call.operation != FileOperation::kRead) visit(call);
    return std::nullopt;
  });
}

// Calls `look(left, number)` with what a crash before each of those calls leaves, in each of the
// ways in turn.
template <class Look>
void crash_before_each_change(MemoryDisk& disk, Look look) {
  before_each_change(disk, [&disk, look, number = std::uint64_t{},
                            random = std::mt19937_64(1)](const FileCall&) mutable {
    constexpr Loss kLosses[] = {Loss::kNothing, Loss::kUnflushed, Loss::kTorn, Loss::kReordered};
    MemoryDisk left;
    disk.copy_to(left);
    left.crash({.loss = kLosses[number % 4], .random = [&] { return random(); }});
    look(left, ++number);
  });
}

}  // namespace tablog::storage
