// Simulation: one run from a seed. Tabs come and go and append while the nemesis breaks what can
// break; then everything is healed, and what users may rely on must hold: every append resolves
// within a bound, all tabs converge, and the log replays to the same content.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulator/tab.h"

namespace tablog::simulator {

struct Outcome {
  std::uint64_t trace_hash{};
  std::uint64_t entries{};
  std::uint64_t acknowledged{};
  Term term;
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
  void settle();
  void check();

  void open_tab();
  void schedule_work(const std::shared_ptr<Tab>& tab);
  void schedule_nemesis();
  void strike();
  void change_weather();
  void arm_crash();
  void power_loss();
  [[nodiscard]] std::shared_ptr<Tab> any_tab();
  [[nodiscard]] std::shared_ptr<Tab> leading_tab();
  [[nodiscard]] std::vector<std::shared_ptr<Tab>> living() const;
  [[nodiscard]] bool has_converged();
  [[nodiscard]] std::string explain() const;  // who has not

  World world_;
  Origin origin_;
  std::vector<std::shared_ptr<Tab>> tabs_;  // the dead too: they may be in the middle of a step
  std::uint64_t opened_{};
  bool quiet_{};
  microseconds until_{};
  microseconds work_max_{};     // between two tasks of a tab
  microseconds nemesis_max_{};  // between two strikes
  bool loses_power_{};
  bool has_bad_weather_{};
  bool has_bad_disk_{};
};

}  // namespace tablog::simulator
