// Locks: exclusive Web Locks. First come, first served; a dead holder's are handed over some
// milliseconds later. A lock can be stolen, and its holder hears of that late. Who asks which locks
// are held evicts the pages that hold some in the back/forward cache.
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

  // `lost`: the AbortError of a holder whose lock was stolen.
  void request(const std::string& name, const std::string& holder, Task granted, Task lost = {});
  void release(const std::string& name, const std::string& holder);
  // All of a holder that has died, after `delay`; what it waits for, at once.
  void abandon(const std::string& holder, microseconds delay);
  // At once; the holder hears of it `late`, and `lost` is the thief's. The queue waits for the
  // thief to release it.
  void steal(const std::string& name, const std::string& thief, microseconds late, Task lost = {});
  void stop_waiting(const std::string& name, const std::string& holder);

  [[nodiscard]] std::optional<std::string> holder(const std::string& name) const;
  [[nodiscard]] std::set<std::string> held(const std::string& prefix) const;

  // A page in the back/forward cache keeps its locks until somebody looks: then `evict` runs.
  void cache(const std::string& page, Task evict) { cached_[page] = std::move(evict); }
  void uncache(const std::string& page) { cached_.erase(page); }
  void look();

 private:
  struct Request {
    std::string holder;
    Task granted;
    Task lost;
  };
  void grant_next(const std::string& name);

  World& world_;
  std::map<std::string, Request> held_;
  std::map<std::string, std::deque<Request>> waiting_;
  std::map<std::string, Task> cached_;
};

}  // namespace tablog::simulator
