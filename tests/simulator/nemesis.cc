#include "tests/simulator/nemesis.h"

#include <utility>

#include "storage/store.h"

namespace tablog::simulator {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kTabsMax = 5;
constexpr const char* kThief = "a thief";

}  // namespace

Faults draw_faults(Random& random) {
  Faults faults{.power_loss = random.one_in(2),
                .weather = !random.one_in(3),
                .bad_disk = random.one_in(2),
                .pauses = random.one_in(2),
                .theft = random.one_in(3),
                .sleep = random.one_in(3),
                .lost_names = random.one_in(2),
                .rot = random.one_in(4),
                .clearing = random.one_in(6),
                .two_builds = random.one_in(4)};
  // A second fault would take the proof away that tells rot from a torn tail.
  if (faults.rot) faults.power_loss = faults.bad_disk = false;
  return faults;
}

Nemesis::Nemesis(Origin& origin, Tabs& tabs, const Faults& faults, Task open_tab)
    : origin_(origin),
      world_(origin.world),
      tabs_(tabs),
      faults_(faults),
      open_tab_(std::move(open_tab)),
      interval_max_(world_.random().between(100ms, 1500ms)) {
  // Half of them strike the tab that leads.
  const auto add = [&](bool allowed, std::size_t weight, const std::function<void(Tab&)>& strike) {
    if (!allowed) return;
    strikes_.insert(strikes_.end(), weight, [this, strike] {
      const auto leading = tabs_.leading();
      const auto tab = world_.random().one_in(2) && leading ? leading : tabs_.any();
      if (tab && tab->is_alive()) strike(*tab);
    });
  };
  add(true, 2, [this](Tab& tab) {
    world_.count("tab killed");
    tab.kill();
  });
  add(true, 1, [](Tab& tab) {
    if (tab.is_running() && tab.pending() == 0) tab.close();
  });
  add(true, 1, [](Tab& tab) {
    if (tab.is_running()) tab.restart_leader();
  });
  add(true, 1, [](Tab& tab) {
    if (tab.is_running()) tab.restart_replica();
  });
  add(true, 2, [this](Tab&) { arm_crash(); });
  add(true, 1, [this](Tab&) {
    world_.set_wall_offset(std::chrono::milliseconds(world_.random().below(20000)) - 10s);
  });
  add(faults.bad_disk, 1, [this](Tab&) { damage_disk(); });
  add(faults.bad_disk, 1, [this](Tab&) { fill_disk(); });
  add(faults.weather, 1, [this](Tab&) { change_weather(); });
  add(faults.pauses, 3, [this](Tab& tab) { pause(tab); });
  add(faults.pauses, 1, [this](Tab&) { arm_stop(); });
  add(faults.theft, 2, [this](Tab&) { steal_lock(); });
  add(faults.sleep, 1, [this](Tab&) { sleep(); });
  add(faults.clearing, 1, [this](Tab&) { clear_site_data(); });
  add(faults.rot, 2, [this](Tab&) { flip_bit(); });
  add(faults.power_loss, 1, [this](Tab&) {
    if (world_.random().one_in(3)) lose_power();
  });
}

void Nemesis::start() {
  schedule();
}

void Nemesis::schedule() {
  world_.after(world_.random().between(10ms, interval_max_), [this] {
    if (quiet_) return;
    strike();
    schedule();
  });
}

void Nemesis::strike() {
  const std::size_t living = tabs_.living().size();
  if (living == 0 || (living < kTabsMax && world_.random().one_in(4))) return open_tab_();
  strikes_[world_.random().below(strikes_.size())]();
}

void Nemesis::damage_disk() {
  static constexpr Damage kDamages[] = {Damage::kFailedWrite, Damage::kShortWrite,
                                        Damage::kFailedFlush, Damage::kSlowFlush};
  origin_.disk.arm(world_.random().pick(kDamages), world_.random().below(60));
}

void Nemesis::fill_disk() {
  world_.trace("disk", "is nearly full");
  world_.count("full disk");
  origin_.disk.set_room(world_.random().below(100'000));
  world_.after(world_.random().between(100ms, 1s), [this] { origin_.disk.set_room(std::nullopt); });
}

void Nemesis::change_weather() {
  Random& random = world_.random();
  world_.count("bad weather");
  origin_.channels.set_weather({.loss_permille = random.below(250),
                                .duplicate_permille = random.below(250),
                                .reorder_permille = random.below(250),
                                .delay_max = random.between(300us, 20ms)});
  world_.after(random.between(100ms, 1500ms), [this] { origin_.channels.set_weather({}); });
}

void Nemesis::arm_crash() {
  const bool power = faults_.power_loss && world_.random().one_in(3);
  origin_.disk.arm_crash(world_.random().below(80), [this, power] {
    if (power) return lose_power();
    const auto tab = tabs_.with_files();
    if (!tab) return;
    world_.trace(tab->name(), "dies within a step");
    world_.count("tab killed within a step");
    tab->kill();
  });
}

void Nemesis::arm_stop() {
  const auto time = world_.random().between(10ms, 6s);
  origin_.disk.arm_crash(world_.random().below(80), [this, time] {
    if (const auto tab = tabs_.with_files()) {
      world_.count("process stopped within a step");
      tab->stop_for(time);
    }
  });
}

void Nemesis::pause(Tab& tab) {
  static constexpr std::pair<Pause, const char*> kPauses[] = {
      {Pause::kStopped, "process stopped"},
      {Pause::kFrozen, "page frozen"},
      {Pause::kCached, "page cached"},
      {Pause::kCachedLeading, "page cached with its leader worker"}};
  const auto& [how, name] = world_.random().pick(kPauses);
  world_.count(name);
  tab.pause(how);
  Random& random = world_.random();
  const auto time = random.one_in(3) ? random.between(1s, 8s) : random.between(1ms, 1s);
  world_.after(time, [this, page = tab.shared_from_this(), pause = tab.pauses()] {
    if (!quiet_ && page->pauses() == pause) page->go_on();
  });
}

void Nemesis::steal_lock() {
  Random& random = world_.random();
  world_.trace("world", "the lead's lock is stolen");
  world_.count("lock stolen");
  origin_.locks.steal(kLeadLock, kThief, random.between(0us, 3s));
  world_.after(random.between(0us, 2s), [this] { origin_.locks.release(kLeadLock, kThief); });
}

void Nemesis::sleep() {
  Random& random = world_.random();
  const microseconds slept = random.one_in(2) ? random.between(500ms, 3s) : random.between(3s, 1h);
  world_.trace("world", "has slept for " + std::to_string(slept.count() / 1000) + " ms");
  world_.count("machine asleep");
  world_.sleep(slept);
}

void Nemesis::lose_power() {
  if (origin_.disk.is_damaged()) return;  // what is lost already is not told yet
  world_.count("power lost");
  world_.trace("world", "loses power");
  for (const auto& tab : tabs_.living()) tab->kill();
  if (faults_.lost_names && world_.random().one_in(3)) {
    lose_names();
  } else {
    origin_.disk.power_loss();
    storage::MemoryDisk files;
    origin_.disk.copy_to(files);
    origin_.checker.power_lost(files);
  }
  for (std::uint64_t i = world_.random().between(std::uint64_t{1}, 3); i > 0; --i) {
    world_.after(world_.random().between(5ms, 50ms), open_tab_);
  }
}

// What was in a file without a name is gone, however often it was flushed. Where the log shows it,
// it is told, and what lies there is not touched; where nothing is left that could, the store is a
// new one.
void Nemesis::lose_names() {
  world_.count("names lost");
  origin_.disk.power_loss(storage::NewNames::kLost);
  storage::MemoryDisk files;
  origin_.disk.copy_to(files);
  if (!origin_.disk.has_lost_log()) {
    origin_.disk.forget_lost();
    return origin_.checker.power_lost(files);
  }
  storage::StoreFiles opened{.log = *files.open_slots("log/"), .pool = *files.open_slots("pool/")};
  const auto add = [&](std::vector<storage::Slot>& slots, const std::string& name) {
    for (int i = 0; i < 6; ++i) {  // as the host does
      const std::string slot = name + std::to_string(i);
      slots.push_back({.name = slot, .file = *files.open(slot)});
    }
  };
  add(opened.log, "log/spare");
  add(opened.pool, "pool/spare");
  const auto store = storage::Store::open(
      std::move(opened), {.fresh = {}, .generation = Generation{origin_.generation}});
  if (store && (*store)->log().head().index == Index{}) {
    world_.count("all files lost");
    origin_.disk.forget_lost();
    return origin_.checker.cleared();
  }
  if (!store) return origin_.checker.damaged();  // judged when it is mended
  storage::MemoryDisk left;
  origin_.disk.copy_to(left);
  origin_.checker.power_lost(left);
}

void Nemesis::clear_site_data() {
  world_.count("site data cleared");
  world_.trace("world", "the site's data is cleared");
  origin_.disk.clear();
  origin_.checker.cleared();
}

void Nemesis::flip_bit() {
  if (flipped_ || !origin_.disk.flip_log_bit()) return;
  flipped_ = true;
  world_.count("bit flipped");
  origin_.checker.damaged();
}

}  // namespace tablog::simulator
