#include "tests/simulator/thread.h"

#include <utility>

namespace tablog::simulator {

void Thread::post(Task task) {
  if (!alive_) return;
  queue_.push_back(std::move(task));
  if (!std::exchange(busy_, true)) schedule();
}

void Thread::post_after(microseconds delay, Task task) {
  world_.after(delay, [self = shared_from_this(), task = std::move(task)]() mutable {
    self->post(std::move(task));
  });
}

void Thread::schedule() {
  world_.at(world_.now(), [self = shared_from_this()] { self->run_next(); });
}

void Thread::run_next() {
  if (!alive_) return;
  clock_ = world_.now();
  const Task task = std::move(queue_.front());
  queue_.pop_front();
  task();
  if (!alive_) return;
  world_.at(clock_, [self = shared_from_this()] { self->finish(); });
}

void Thread::finish() {
  if (!alive_) return;
  for (const Task& each : std::exchange(emitted_, {})) each();
  if (!alive_) return;
  if (queue_.empty()) {
    busy_ = false;
  } else {
    schedule();
  }
}

void Thread::kill() {
  alive_ = false;
  queue_.clear();
  emitted_.clear();
}

}  // namespace tablog::simulator
