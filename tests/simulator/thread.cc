#include "tests/simulator/thread.h"

#include <utility>

namespace tablog::simulator {

void Thread::post(Task task) {
  if (!alive_) return;
  queue_.push_back(std::move(task));
  if (!std::exchange(busy_, true)) schedule(world_.now(), &Thread::run_next);
}

void Thread::post_at(microseconds when, Task task) {
  world_.at(when, [self = shared_from_this(), task = std::move(task)]() mutable {
    self->post(std::move(task));
  });
}

void Thread::schedule(microseconds when, Stage stage) {
  world_.at(when, [self = shared_from_this(), stage] {
    if (!self->alive_) return;
    if (self->still_) {
      self->due_ = stage;
    } else {
      ((*self).*stage)();
    }
  });
}

void Thread::go_on() {
  still_ = false;
  if (const Stage due = std::exchange(due_, nullptr)) schedule(world_.now(), due);
}

void Thread::run_next() {
  clock_ = world_.now();
  const Task task = std::move(queue_.front());
  queue_.pop_front();
  task();
  if (alive_) schedule(clock_, &Thread::finish);
}

void Thread::finish() {
  for (const Task& each : std::exchange(emitted_, {})) each();
  if (!alive_) return;
  if (queue_.empty()) {
    busy_ = false;
  } else {
    schedule(world_.now(), &Thread::run_next);
  }
}

void Thread::kill() {
  alive_ = false;
  queue_.clear();
  emitted_.clear();
}

void Timer::set(Thread& thread, microseconds at, Task due) {
  if (at_ && *at_ <= at) return;
  at_ = at;
  const std::uint64_t number = ++number_;
  thread.post_at(at, [this, number, due = std::move(due)] {
    if (number != number_) return;
    at_.reset();
    due();
  });
}

}  // namespace tablog::simulator
