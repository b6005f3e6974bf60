#include "tests/simulator/world.h"

#include <algorithm>
#include <cstdio>

#include "log/hash.h"
#include "storage/determinism.h"

namespace tablog::simulator {
namespace {

// SQLite asks for time and randomness by plain functions: one world at a time.
World* current = nullptr;

constexpr std::uint64_t kEventsPerSecondMax = 100'000;
constexpr std::chrono::milliseconds kWallStart{1'700'000'000'000};

std::int64_t wall_ms() {
  return current->clock(current->now()).wall.count();
}
void fill(std::span<std::byte> out) {
  for (std::byte& each : out) each = static_cast<std::byte>(current->random().next() >> 32U);
}

}  // namespace

World::World(std::uint64_t seed, Trace trace) : trace_(trace), random_(seed) {
  current = this;
  storage::set_clock(wall_ms);
  storage::set_entropy(fill);
}

World::~World() {
  events_.clear();
  storage::set_clock(nullptr);
  storage::set_entropy(nullptr);
  current = nullptr;
}

Clock World::clock(microseconds at) const {
  const microseconds shown = at + slept_;
  return Clock{.monotonic = shown,
               .wall = kWallStart + wall_offset_ +
                       std::chrono::duration_cast<std::chrono::milliseconds>(shown)};
}

void World::at(microseconds when, Task task) {
  events_.emplace(std::pair(std::max(when, now_), ++scheduled_), std::move(task));
}

bool World::step() {
  if (events_.empty()) return false;
  auto event = events_.extract(events_.begin());
  if (event.key().first / std::chrono::seconds{1} != now_ / std::chrono::seconds{1}) busy_ = 0;
  now_ = event.key().first;
  ++tick_;
  if (++busy_ > kEventsPerSecondMax) fail("does not come to rest: events without end");
  event.mapped()();
  return true;
}

void World::trace(std::string_view who, std::string_view what) {
  const std::string line = std::string(who) + " > " + std::string(what);
  const std::string timed = std::to_string(now_.count()) + ' ' + line;
  trace_hash_ = hash64(std::as_bytes(std::span(timed)), trace_hash_);
  print(line);
}

void World::note(std::string_view who, std::string_view what) {
  if (tells_messages()) print(std::string(who) + " > " + std::string(what));
}

void World::print(const std::string& line) const {
  if (listener_) return listener_(line);
  if (trace_ == Trace::kHash) return;
  std::printf("%lld %s\n", static_cast<long long>(now_.count()), line.c_str());
}

void World::fail(std::string what) const {
  throw Failure{.tick = tick_, .time = now_, .what = std::move(what)};
}

}  // namespace tablog::simulator
