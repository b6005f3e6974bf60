#include "tests/simulator/simulation.h"

#include <algorithm>

namespace tablog::simulator {

using namespace std::chrono_literals;

Simulation::Simulation(std::uint64_t seed, Trace trace)
    : world_(seed, trace),
      origin_(world_),
      tabs_(origin_),
      faults_(draw_faults(world_.random())),
      nemesis_(origin_, tabs_, faults_, [this] { open_tab(); }),
      until_(world_.now() + world_.random().between(2s, 8s)),
      newer_from_(world_.now() + world_.random().between(500ms, 4s)),
      work_max_(world_.random().between(20ms, 150ms)) {}

Outcome Simulation::run() {
  Outcome outcome;
  try {
    play();
    quiet_ = true;
    nemesis_.stop();
    while (tabs_.living().size() < 2) open_tab();
    Ending ending(origin_, tabs_, [this](Tab& tab) { reload(tab); });
    ending.settle();
    ending.check();
  } catch (const Failure& failure) {
    outcome.failure = failure;
  }
  if (const auto tab = tabs_.leading()) {
    outcome.entries = tab->leader().host().node().leader()->head().value;
    outcome.term = tab->leader().host().node().term();
  }
  outcome.faults = world_.faults();
  outcome.acknowledged = origin_.checker.acknowledged();
  outcome.trace_hash = world_.trace_hash();
  return outcome;
}

void Simulation::play() {
  for (std::uint64_t i = world_.random().between(std::uint64_t{2}, 4); i > 0; --i) open_tab();
  nemesis_.start();
  while (world_.now() < until_ && world_.step()) {
  }
}

void Simulation::open_tab() {
  const auto mode = world_.random().one_in(4) ? replica::Mode::kNone : replica::Mode::kMemory;
  const bool newer = faults_.two_builds && world_.now() > newer_from_ && !world_.random().one_in(4);
  if (newer) world_.count("tab of the newer build");
  schedule_work(tabs_.open({.mode = mode, .version = newer ? 2U : 1U}));
}

// What the app's user does when it asks for it.
void Simulation::reload(Tab& tab) {
  world_.count("tab reloaded, too old");
  tab.kill();
  schedule_work(tabs_.open({.mode = tab.mode(), .version = 2}));
}

void Simulation::schedule_work(const std::shared_ptr<Tab>& tab) {
  world_.after(world_.random().between(1ms, work_max_), [this, tab] {
    if (quiet_ || !tab->is_alive()) return;
    if (!tab->is_running()) return schedule_work(tab);
    if (tab->is_outdated() && tab->pending() == 0) return reload(*tab);
    const std::uint64_t choice = world_.random().below(20);
    if (choice < 12) tab->append_some();
    if (choice >= 12 && choice < 16) tab->ask_session();
    if (choice >= 16 && choice < 18) tab->ask_latest();
    if (choice == 18) tab->withdraw_one();
    if (choice == 19) tab->read_log();
    schedule_work(tab);
  });
}

}  // namespace tablog::simulator
