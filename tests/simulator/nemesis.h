// Nemesis: breaks what can break, at random moments, as far as the run's faults allow.
#pragma once

#include <functional>
#include <vector>

#include "tests/simulator/tabs.h"

namespace tablog::simulator {

// What may go wrong in a run, beyond tabs and workers that die.
struct Faults {
  bool power_loss{};
  bool weather{};     // of the channels
  bool bad_disk{};    // calls that fail, and a full disk
  bool pauses{};      // stopped, frozen, cached
  bool theft{};       // of the lead's lock
  bool sleep{};       // of the machine: both clocks jump
  bool lost_names{};  // of files that are new when the power goes
  bool rot{};         // one bit of the log
  bool clearing{};    // of site data
  bool two_builds{};  // tabs of a newer build come later
};
[[nodiscard]] Faults draw_faults(Random& random);

class Nemesis {
 public:
  // `open_tab`: what a user does from time to time.
  Nemesis(Origin& origin, Tabs& tabs, const Faults& faults, Task open_tab);

  void start();
  void stop() { quiet_ = true; }  // and mends what is broken

 private:
  void schedule();
  void strike();
  void change_weather();
  void fill_disk();
  void damage_disk();
  // Between two calls on the files: in the middle of a batch, a checkpoint, a recovery.
  void arm_crash();
  void arm_stop();
  void pause(Tab& tab);
  void steal_lock();
  void sleep();
  void lose_power();
  void lose_names();
  void clear_site_data();
  void flip_bit();

  Origin& origin_;
  World& world_;
  Tabs& tabs_;
  Faults faults_;
  Task open_tab_;
  microseconds interval_max_;
  std::vector<Task> strikes_;  // one of them each time
  bool quiet_{};
  bool flipped_{};  // one in a run: two could hide each other's proof
};

}  // namespace tablog::simulator
