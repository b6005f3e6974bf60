#include "tests/simulator/simulation.h"

#include <algorithm>

namespace tablog::simulator {

using namespace std::chrono_literals;

namespace {

constexpr microseconds kToldMax = 3s;     // damage that stands in the way is told by then
constexpr microseconds kSettleMax = 60s;  // simulated, after everything is healed

}  // namespace

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
  for (const auto& tab : tabs_.living()) {
    tab->append_note();  // finds out what nobody has noticed yet
    tab->expect_current();
  }
  const microseconds healed = world_.now();
  while (!has_converged()) {
    const microseconds next = world_.now() + 10ms;
    while (world_.now() < next && world_.step()) {
    }
    for (const auto& tab : tabs_.living()) {
      if (tab->is_outdated() && tab->pending() == 0) reload(*tab);
    }
    if (world_.now() > healed + kToldMax) mend_what_was_told();
    if (world_.now() > healed + kSettleMax) world_.fail("does not come to rest:" + explain());
  }
  if (origin_.disk.is_damaged()) mend();  // nobody has come across it
}

// Nothing was changed: when the damage is undone, everything is there again.
void Simulation::mend_what_was_told() {
  if (!origin_.disk.is_damaged() || !origin_.checker.was_told_corrupt()) return;
  if (tabs_.running().size() < tabs_.living().size()) return;  // one is in the middle of reading it
  world_.count("damage told");
  mend();
}

void Simulation::mend() {
  world_.trace("world", "the damage is undone");
  origin_.disk.undo_damage();
  origin_.checker.mended();
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
