// Thread: one thread of a tab: its page, or a worker. Tasks run one at a time and take time; what a
// task sends leaves when the task ends, as in a browser, where a worker's outputs are carried out
// after its step. A killed thread runs nothing any more, and what its last task had to send is
// lost. A thread that stands still (its process is stopped, its page frozen) keeps all: what comes
// meanwhile waits in its queue, and what its last task had to send leaves when it goes on.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulator/world.h"

namespace tablog::simulator {

class Thread : public std::enable_shared_from_this<Thread> {
 public:
  Thread(World& world, std::string name) : world_(world), name_(std::move(name)) {}

  void post(Task task);
  void post_at(microseconds when, Task task);
  void post_after(microseconds delay, Task task) { post_at(world_.now() + delay, std::move(task)); }

  // Within a task:
  [[nodiscard]] microseconds now() const { return clock_; }
  void spend(microseconds time) { clock_ += time; }
  void emit(Task task) { emitted_.push_back(std::move(task)); }

  void kill();
  [[nodiscard]] bool is_alive() const { return alive_; }
  void stand_still() { still_ = true; }
  void go_on();
  [[nodiscard]] const std::string& name() const { return name_; }
  void trace(std::string_view what) { world_.trace(name_, what); }

 private:
  using Stage = void (Thread::*)();
  void schedule(microseconds when, Stage stage);
  void run_next();
  void finish();

  World& world_;
  std::string name_;
  bool alive_{true};
  bool still_{};
  bool busy_{};
  Stage due_{};  // came due while it stood still
  microseconds clock_{};
  std::deque<Task> queue_;
  std::vector<Task> emitted_;
};

// One timer, as web/src/worker_host.ts has it: one that is due earlier is left to go off.
class Timer {
 public:
  void set(Thread& thread, microseconds at, Task due);

 private:
  std::optional<microseconds> at_;  // pending
  std::uint64_t number_{};
};

}  // namespace tablog::simulator
