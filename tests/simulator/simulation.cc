#include "tests/simulator/simulation.h"

#include <algorithm>

namespace tablog::simulator {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kTabsMax = 5;
constexpr microseconds kSettleMax = 60s;  // simulated, after everything is healed

}  // namespace

Simulation::Simulation(std::uint64_t seed, Trace trace) : world_(seed, trace), origin_(world_) {
  Random& random = world_.random();
  until_ = world_.now() + random.between(2s, 8s);
  work_max_ = random.between(20ms, 150ms);
  nemesis_max_ = random.between(100ms, 1500ms);
  loses_power_ = random.one_in(2);
  has_bad_weather_ = !random.one_in(3);
  has_bad_disk_ = random.one_in(2);
}

Outcome Simulation::run() {
  Outcome outcome;
  try {
    play();
    settle();
    check();
  } catch (const Failure& failure) {
    outcome.failure = failure;
  }
  if (const auto tab = leading_tab()) {
    outcome.entries = tab->leader().host().node().leader()->head().value;
    outcome.term = tab->leader().host().node().term();
  }
  outcome.acknowledged = origin_.checker.acknowledged();
  outcome.trace_hash = world_.trace_hash();
  return outcome;
}

void Simulation::play() {
  for (std::uint64_t i = world_.random().between(std::uint64_t{2}, 4); i > 0; --i) open_tab();
  schedule_nemesis();
  while (world_.now() < until_ && world_.step()) {
  }
}

std::vector<std::shared_ptr<Tab>> Simulation::living() const {
  std::vector<std::shared_ptr<Tab>> alive;
  std::ranges::copy_if(tabs_, std::back_inserter(alive),
                       [](const auto& tab) { return tab->is_alive(); });
  return alive;
}

std::shared_ptr<Tab> Simulation::any_tab() {
  const auto alive = living();
  return alive.empty() ? nullptr : alive[world_.random().below(alive.size())];
}

std::shared_ptr<Tab> Simulation::leading_tab() {
  for (const auto& tab : living()) {
    if (tab->leader().is_leading()) return tab;
  }
  return nullptr;
}

void Simulation::open_tab() {
  const auto mode = world_.random().one_in(4) ? replica::Mode::kNone : replica::Mode::kMemory;
  tabs_.push_back(std::make_shared<Tab>(origin_, 'T' + std::to_string(++opened_), mode));
  schedule_work(tabs_.back());
}

void Simulation::schedule_work(const std::shared_ptr<Tab>& tab) {
  world_.after(world_.random().between(1ms, work_max_), [this, tab] {
    if (quiet_ || !tab->is_alive()) return;
    const std::uint64_t choice = world_.random().below(20);
    if (choice < 12) tab->append_some();
    if (choice >= 12 && choice < 16) tab->ask_session();
    if (choice >= 16 && choice < 18) tab->ask_latest();
    if (choice == 18) tab->withdraw_one();
    schedule_work(tab);
  });
}

// ---- what goes wrong ---------------------------------------------------------------------------

void Simulation::schedule_nemesis() {
  world_.after(world_.random().between(10ms, nemesis_max_), [this] {
    if (quiet_) return;
    strike();
    schedule_nemesis();
  });
}

void Simulation::strike() {
  Random& random = world_.random();
  const auto tab = random.one_in(2) ? leading_tab() : any_tab();
  if (living().size() < kTabsMax && (tab == nullptr || random.one_in(4))) return open_tab();
  if (tab == nullptr) return;
  switch (random.below(12)) {
    case 0:
    case 1:
      return tab->kill();
    case 2:
      if (tab->pending() == 0) tab->close();
      return;
    case 3:
      return tab->restart_leader();
    case 4:
      return tab->restart_replica();
    case 5:
    case 6:
      return arm_crash();
    case 7:
      if (has_bad_disk_) {
        static constexpr Damage kDamages[] = {Damage::kFailedWrite, Damage::kShortWrite,
                                              Damage::kFailedFlush, Damage::kSlowFlush};
        origin_.disk.arm(random.pick(kDamages), random.below(60));
      }
      return;
    case 8:
      if (has_bad_disk_) {
        world_.trace("disk", "is nearly full");
        origin_.disk.set_room(random.below(100'000));
        world_.after(random.between(100ms, 1s), [this] { origin_.disk.set_room(std::nullopt); });
      }
      return;
    case 9:
      return world_.set_wall_offset(std::chrono::milliseconds(random.below(20000)) - 10s);
    case 10:
      return change_weather();
    default:
      if (loses_power_ && random.one_in(3)) power_loss();
  }
}

void Simulation::change_weather() {
  if (!has_bad_weather_) return;
  Random& random = world_.random();
  origin_.channels.set_weather({.loss_permille = random.below(250),
                                .duplicate_permille = random.below(250),
                                .reorder_permille = random.below(250),
                                .delay_max = random.between(300us, 20ms)});
  world_.after(random.between(100ms, 1500ms), [this] { origin_.channels.set_weather({}); });
}

// The leader dies between two calls on its files: in the middle of a batch, a checkpoint, a
// recovery.
void Simulation::arm_crash() {
  const bool power = loses_power_ && world_.random().one_in(3);
  origin_.disk.arm_crash(world_.random().below(80), [this, power] {
    if (power) return power_loss();
    for (const auto& tab : living()) {
      if (!tab->leader().has_files()) continue;
      world_.trace(tab->name(), "dies within a step");
      return tab->kill();
    }
  });
}

void Simulation::power_loss() {
  world_.trace("world", "loses power");
  for (const auto& tab : living()) tab->kill();
  origin_.disk.power_loss();
  storage::MemoryDisk files;
  origin_.disk.copy_to(files);
  origin_.checker.power_lost(files);
  for (std::uint64_t i = world_.random().between(std::uint64_t{1}, 3); i > 0; --i) {
    world_.after(world_.random().between(5ms, 50ms), [this] { open_tab(); });
  }
}

// ---- the end -----------------------------------------------------------------------------------

bool Simulation::has_converged() {
  bool converged = leading_tab() != nullptr;
  for (const auto& tab : living()) converged = tab->is_current() && converged;
  return converged;
}

std::string Simulation::explain() const {
  std::string words;
  for (const auto& tab : living()) {
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
  origin_.disk.heal();
  origin_.channels.set_weather({});
  while (living().size() < 2) open_tab();
  for (const auto& tab : living()) tab->expect_current();
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
  for (const auto& tab : living()) {
    if (tab->mode() != replica::Mode::kMemory) continue;
    if (tab->replica().digest() != replayed)
      world_.fail(tab->name() + " has other content than the log");
  }
  const auto leader = leading_tab();
  if (leader->leader().digest() != replayed) {
    world_.fail(leader->name() + "'s database has other content than the log");
  }
  world_.trace("world", "is consistent: " + to_hex(replayed.bytes));
}

}  // namespace tablog::simulator
