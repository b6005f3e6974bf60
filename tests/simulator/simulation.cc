#include "tests/simulator/simulation.h"

#include <algorithm>

namespace tablog::simulator {

using namespace std::chrono_literals;

namespace {

constexpr microseconds kSettleMax = 60s;  // simulated, after everything is healed

}  // namespace

Simulation::Simulation(std::uint64_t seed, Trace trace)
    : world_(seed, trace),
      origin_(world_),
      tabs_(origin_),
      faults_(draw_faults(world_.random())),
      nemesis_(origin_, tabs_, faults_, [this] { open_tab(); }),
      until_(world_.now() + world_.random().between(2s, 8s)),
      work_max_(world_.random().between(20ms, 150ms)) {}

Outcome Simulation::run() {
  Outcome outcome;
  try {
    play();
    settle();
    check();
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
  schedule_work(tabs_.open({.mode = mode}));
}

void Simulation::schedule_work(const std::shared_ptr<Tab>& tab) {
  world_.after(world_.random().between(1ms, work_max_), [this, tab] {
    if (quiet_ || !tab->is_alive()) return;
    if (!tab->is_running()) return schedule_work(tab);
    const std::uint64_t choice = world_.random().below(20);
    if (choice < 12) tab->append_some();
    if (choice >= 12 && choice < 16) tab->ask_session();
    if (choice >= 16 && choice < 18) tab->ask_latest();
    if (choice == 18) tab->withdraw_one();
    schedule_work(tab);
  });
}

// ---- the end -----------------------------------------------------------------------------------

bool Simulation::has_converged() {
  bool converged = tabs_.leading() != nullptr;
  for (const auto& tab : tabs_.living()) converged = tab->is_current() && converged;
  return converged;
}

std::string Simulation::explain() const {
  std::string words;
  for (const auto& tab : tabs_.living()) {
    const replica::Status status = tab->replica().replica().status();
    words += ' ' + tab->name() + ": pending=" + std::to_string(tab->pending()) +
             " applied=" + std::to_string(status.applied.value) +
             " head=" + std::to_string(status.head.value) +
             " term=" + std::to_string(status.term.value) +
             (tab->leader().is_leading() ? " leads;" : ";");
  }
  return words;
}

void Simulation::settle() {
  world_.trace("world", "is healed");
  quiet_ = true;
  nemesis_.stop();
  origin_.disk.heal();
  origin_.channels.set_weather({});
  for (const auto& tab : tabs_.living()) tab->go_on();
  while (tabs_.living().size() < 2) open_tab();
  for (const auto& tab : tabs_.living()) tab->expect_current();
  const microseconds deadline = world_.now() + kSettleMax;
  while (!has_converged()) {
    const microseconds next = world_.now() + 10ms;
    while (world_.now() < next && world_.step()) {
    }
    if (world_.now() > deadline) world_.fail("does not come to rest:" + explain());
  }
}

void Simulation::check() {
  storage::MemoryDisk files;
  origin_.disk.copy_to(files);
  const Digest replayed = origin_.checker.check_log(files);
  for (const auto& tab : tabs_.living()) {
    if (tab->mode() != replica::Mode::kMemory) continue;
    if (tab->replica().digest() != replayed)
      world_.fail(tab->name() + " has other content than the log");
  }
  const auto leader = tabs_.leading();
  if (leader->leader().digest() != replayed) {
    world_.fail(leader->name() + "'s database has other content than the log");
  }
  world_.trace("world", "is consistent: " + to_hex(replayed.bytes));
}

}  // namespace tablog::simulator
