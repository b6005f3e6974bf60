// Origin: what the tabs of one origin share.
#pragma once

#include <map>
#include <string>

#include "tests/simulator/channels.h"
#include "tests/simulator/checker.h"
#include "tests/simulator/disk.h"
#include "tests/simulator/locks.h"

namespace tablog::simulator {

inline constexpr const char* kLeadLock = "lead";
inline constexpr const char* kForkLock = "fork";
inline constexpr const char* kTabLocks = "tab:";

struct Origin {
  explicit Origin(World& the_world)
      : world(the_world),
        locks(the_world),
        channels(the_world),
        disk(the_world),
        checker(the_world) {}

  World& world;
  std::map<std::string, ClientId> leader_workers{};  // whose they are, by their names
  std::uint64_t generation{};                        // of the files
  Locks locks;
  Channels channels;
  Disk disk;
  Checker checker;
};

}  // namespace tablog::simulator
