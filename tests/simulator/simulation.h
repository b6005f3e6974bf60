// Simulation: one run from a seed. Tabs come and go and append while the nemesis breaks what can
// break; then everything is healed, and what users may rely on must hold: every append resolves
// within a bound, all tabs converge, and the log replays to the same content.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tests/simulator/ending.h"
#include "tests/simulator/nemesis.h"

namespace tablog::simulator {

struct Outcome {
  std::uint64_t trace_hash{};
  std::uint64_t entries{};
  std::uint64_t acknowledged{};
  Term term;
  std::map<std::string, std::uint64_t> faults;  // that happened
  std::optional<Failure> failure;
};

class Simulation {
 public:
  Simulation(std::uint64_t seed, Trace trace);
  ~Simulation() { world_.clear(); }
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;
  [[nodiscard]] Outcome run();

 private:
  void play();

  void open_tab();
  void reload(Tab& tab);
  void schedule_work(const std::shared_ptr<Tab>& tab);

  World world_;
  Origin origin_;
  Tabs tabs_;
  Faults faults_;
  Nemesis nemesis_;
  bool quiet_{};
  microseconds until_;
  microseconds newer_from_;
  microseconds work_max_;  // between two tasks of a tab
};

}  // namespace tablog::simulator
