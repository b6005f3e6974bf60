// Locks: exclusive Web Locks. First come, first served; a dead holder's are handed over some
// milliseconds later.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "tests/simulator/world.h"

namespace tablog::simulator {

class Locks {
 public:
  explicit Locks(World& world) : world_(world) {}

  void request(const std::string& name, const std::string& holder, Task granted);
  void release(const std::string& name, const std::string& holder);
  // All of a holder that has died, after `delay`; what it waits for, at once.
  void abandon(const std::string& holder, microseconds delay);

  [[nodiscard]] std::optional<std::string> holder(const std::string& name) const;
  [[nodiscard]] std::set<std::string> held(const std::string& prefix) const;

 private:
  struct Request {
    std::string holder;
    Task granted;
  };
  void grant_next(const std::string& name);

  World& world_;
  std::map<std::string, std::string> held_;
  std::map<std::string, std::deque<Request>> waiting_;
};

}  // namespace tablog::simulator
