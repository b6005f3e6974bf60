// World: simulated time. Events run one after the other, in the order of their times; nothing else
// moves the clock. What happens is traced, and the trace's hash tells whether two runs were the
// same.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "log/clock.h"
#include "tests/simulator/random.h"

namespace tablog::simulator {

using std::chrono::microseconds;
using Task = std::function<void()>;

struct Failure {
  std::uint64_t tick{};
  microseconds time{};
  std::string what{};
};

enum class Trace : std::uint8_t { kHash, kPrint, kMessages };  // each tells more

class World {
 public:
  World(std::uint64_t seed, Trace trace);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] microseconds now() const { return now_; }
  [[nodiscard]] Clock clock(microseconds at) const;  // what a worker reads at that time
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] std::uint64_t tick() const { return tick_; }

  void at(microseconds when, Task task);
  void after(microseconds delay, Task task) { at(now_ + delay, std::move(task)); }
  // The wall clock jumps; the monotonic one does not.
  void set_wall_offset(std::chrono::milliseconds offset) { wall_offset_ = offset; }
  // The machine was asleep: both clocks have gone on, and nothing else has. Timers are late by
  // that.
  void sleep(microseconds slept) { slept_ += slept; }

  // Runs the next event. False: there is none.
  bool step();
  // Lets go of all that was going to happen, and of what it holds.
  void clear() { events_.clear(); }

  void trace(std::string_view who, std::string_view what);
  // Told where messages are, and no part of the hash.
  void note(std::string_view who, std::string_view what);
  [[nodiscard]] bool tells_messages() const { return trace_ == Trace::kMessages; }
  // Every line, without its time, instead of printing it.
  void set_listener(std::function<void(const std::string&)> listener) {
    listener_ = std::move(listener);
  }
  // A fault has happened.
  void count(const std::string& fault) { ++faults_[fault]; }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& faults() const { return faults_; }
  [[nodiscard]] std::uint64_t trace_hash() const { return trace_hash_; }
  [[noreturn]] void fail(std::string what) const;

 private:
  std::map<std::pair<microseconds, std::uint64_t>, Task> events_;
  microseconds now_{std::chrono::hours{1}};
  std::chrono::milliseconds wall_offset_{};
  microseconds slept_{};
  std::uint64_t tick_{};
  std::uint64_t busy_{};  // events in this second
  std::uint64_t scheduled_{};
  std::uint64_t trace_hash_{};
  std::map<std::string, std::uint64_t> faults_;
  void print(const std::string& line) const;

  Trace trace_;
  std::function<void(const std::string&)> listener_;
  Random random_;
};

}  // namespace tablog::simulator
