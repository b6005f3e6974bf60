// Thread: one worker's thread. Tasks run one at a time and take time; what a task sends leaves when
// the task ends, as in a browser, where a worker's outputs are carried out after its step. A killed
// thread runs nothing any more, and what its last task had to send is lost.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulator/world.h"

namespace tablog::simulator {

class Thread : public std::enable_shared_from_this<Thread> {
 public:
  Thread(World& world, std::string name) : world_(world), name_(std::move(name)) {}

  void post(Task task);
  void post_after(microseconds delay, Task task);

  // Within a task:
  [[nodiscard]] microseconds now() const { return clock_; }
  void spend(microseconds time) { clock_ += time; }
  void emit(Task task) { emitted_.push_back(std::move(task)); }

  void kill();
  [[nodiscard]] bool is_alive() const { return alive_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  void trace(std::string_view what) { world_.trace(name_, what); }

 private:
  void schedule();
  void run_next();
  void finish();

  World& world_;
  std::string name_;
  bool alive_{true};
  bool busy_{};
  microseconds clock_{};
  std::deque<Task> queue_;
  std::vector<Task> emitted_;
};

}  // namespace tablog::simulator
