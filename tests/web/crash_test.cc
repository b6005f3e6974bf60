// Every place at which a store can stop, with every way of losing what was not flushed, and every
// place at which the recovery after that can stop as well. The machine stops before each call that
// changes a file (reads change nothing, so stopping between two of them adds no case), and at the
// end. Afterwards the product's leader opens the store again, the tab sends again what has no
// answer, and audit() judges.
//
// `./dev test` takes every place with one of the losses in turn (of the long workloads' later
// places every seventh), and for a sample of them every fifth place in the recovery. With
// TABLOG_FULL=1, which `./dev test --full` sets, every place has all of the losses, and with one of
// them in turn every place in the recovery (of the long ones' later places fewer).
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/storage/crashes.h"
#include "tests/web/log_audit.h"
#include "tests/web/workloads.h"

namespace tablog::host {
namespace {

using storage::FileCall;
using storage::FileOperation;
using storage::MemoryDisk;
using testing::AssertionFailure;
using testing::AssertionResult;
using testing::AssertionSuccess;

enum class Stop : std::uint8_t { kKilled, kUnflushed, kTorn512, kTorn4096, kReordered };
constexpr std::uint64_t kStops = 5;
// Beyond so many, megabytes are written piece by piece, and one piece is like the next.
constexpr std::uint64_t kShortPlaces = 150;
constexpr const char* kStopNames[] = {"killed", "unflushed lost", "torn at 512", "torn at 4096",
                                      "reordered"};

bool is_full_run() {
  return std::getenv("TABLOG_FULL") != nullptr;
}

// The machine, or the process, stops before `call` (none: after the last one).
void stop(MemoryDisk& disk, Stop how, std::uint64_t seed, const FileCall* call) {
  std::mt19937_64 random(seed);
  const bool in_a_write = call != nullptr && call->operation == FileOperation::kWrite;
  // Of the write under way any part may have reached the page cache, and from there the disk.
  if (in_a_write && how != Stop::kUnflushed)
    disk.leave(call->name, call->offset, call->data.first(random() % (call->data.size() + 1)));
  storage::Crash crash{
      .loss = storage::Loss::kNothing, .sector_bytes = 512, .random = [&] { return random(); }};
  if (how == Stop::kUnflushed) crash.loss = storage::Loss::kUnflushed;
  if (how == Stop::kTorn512 || how == Stop::kTorn4096) crash.loss = storage::Loss::kTorn;
  if (how == Stop::kReordered) crash.loss = storage::Loss::kReordered;
  if (how == Stop::kTorn4096 || (how == Stop::kReordered && seed % 2 == 0))
    crash.sector_bytes = 4096;
  disk.crash(crash);
  disk.set_quota_at_least(disk.bytes());
}

class CrashTest : public testing::TestWithParam<Workload> {
 protected:
  // What `stopped` has after losses; `visit` sees the recovery's calls.
  struct Stopped {
    MemoryDisk disk{};
    Model model{};
  };

  // Two losses upon each other may leave a full disk without a spare slot: then the leader says
  // what is missing, and recovers once there is room.
  static AssertionResult recover_again(Stopped& twice) {
    const auto visit = [](const FileCall&) {};
    const auto judged = recover(twice, visit);
    const auto& errors = twice.model.errors;
    if (errors.empty() || errors.front().code != ErrorCode::kQuotaExceeded) return judged;
    twice.disk.set_quota(std::nullopt);
    return recover(twice, visit);
  }

  template <class Visit>
  static AssertionResult recover(Stopped& stopped, Visit visit) {
    stopped.model.errors.clear();
    LeaderKit kit(stopped.disk, stopped.model, GetParam().options);
    storage::before_each_change(stopped.disk, visit);
    kit.start();
    stopped.disk.set_fault_hook({});
    if (!stopped.model.errors.empty())
      return AssertionFailure() << "error " << stopped.model.errors.front().message;
    if (!kit.leads()) return AssertionFailure() << "it does not lead";
    stopped.disk.set_quota(std::nullopt);
    kit.append(Durability::kFull, one(5000, "after it all"));
    const Asked& last = stopped.model.asked.back();
    if (last.accepted() == nullptr && stopped.model.asked.size() < 100)
      return AssertionFailure() << "nothing can be appended";
    for (const Asked& each : stopped.model.asked) {
      if (each.client == stopped.model.client && !each.answer)
        return AssertionFailure() << "request " << each.request.number.value << " has no answer";
    }
    return audit(stopped.disk, kit, stopped.model);
  }

  static void stop_here(const MemoryDisk& disk, const Model& model, Stop how, std::uint64_t seed,
                        const FileCall* call, Stopped& stopped) {
    disk.copy_to(stopped.disk);
    stopped.model = model;
    stop(stopped.disk, how, seed, call);
    if (how != Stop::kKilled) stopped.model.may_lose = MayLose::kRelaxed;
  }

  // One stop in the workload; in its recovery a stop at every `step`-th call from `first` on.
  void try_stop(const MemoryDisk& disk, const Model& model, Stop how, const FileCall* call,
                std::uint64_t first, std::uint64_t step) {
    Stopped stopped;
    stop_here(disk, model, how, places_, call, stopped);
    std::uint64_t in_recovery = 0;
    const auto recovered = recover(stopped, [&](const FileCall& second) {
      const std::uint64_t here = in_recovery++;
      const std::uint64_t stride = here < kShortPlaces ? step : step * 17;
      if (step == 0 || here % stride != first % stride || failed_) return;
      const auto again = static_cast<Stop>((in_recovery + places_) % kStops);
      Stopped twice;
      stop_here(stopped.disk, stopped.model, again, in_recovery, &second, twice);
      ++second_stops_;
      const auto judged = recover_again(twice);
      if (!judged) {
        failed_ = true;
        ADD_FAILURE() << where(how, call) << "; then " << kStopNames[static_cast<int>(again)]
                      << " at call " << in_recovery << " of recovery: " << judged.message();
      }
    });
    ++stops_;
    if (!recovered) {
      failed_ = true;
      ADD_FAILURE() << where(how, call) << ": " << recovered.message();
    }
  }

  [[nodiscard]] std::string where(Stop how, const FileCall* call) const {
    static constexpr const char* kOperations[] = {"read", "write", "flush", "truncation"};
    std::string text =
        std::string(kStopNames[static_cast<int>(how)]) + " at place " + std::to_string(places_);
    if (call == nullptr) return text + ", the end";
    return text + ", a " + kOperations[static_cast<int>(call->operation)] + " of " + call->name +
           " at " + std::to_string(call->offset);
  }

  // In the recovery after stop `place`, one of the calls out of so many; 0: none.
  [[nodiscard]] std::uint64_t step_of_recovery() const {
    constexpr std::uint64_t kSample = 23;  // coprime with the number of losses
    if (is_full_run()) return is_long() ? 6 : 1;
    return places_ % kSample == 0 && !is_long() ? 5 : 0;
  }

  [[nodiscard]] bool is_long() const { return places_ >= kShortPlaces; }

  void try_stops(const MemoryDisk& disk, const Model& model, const FileCall* call) {
    const std::uint64_t turn = places_ % kStops;
    for (std::uint64_t how = 0; how < kStops && !failed_; ++how) {
      const bool sampled = how == turn && (!is_long() || places_ % 7 == 0);
      if (!is_full_run() && !sampled) continue;
      try_stop(disk, model, static_cast<Stop>(how), call, places_,
               how == turn ? step_of_recovery() : 0);
    }
    ++places_;
  }

  std::uint64_t places_{};
  std::uint64_t stops_{};
  std::uint64_t second_stops_{};
  bool failed_{};  // the first failure says it all
};

TEST_P(CrashTest, NothingAcknowledgedIsLostAndNothingIsDoneTwice) {
  const Workload& workload = GetParam();
  MemoryDisk disk;
  Model model;
  workload.prepare(disk, model, workload.options);
  {
    LeaderKit kit(disk, model, workload.options);
    storage::before_each_change(disk, [&](const FileCall& call) { try_stops(disk, model, &call); });
    workload.run(kit, model);
    disk.set_fault_hook({});
    ASSERT_TRUE(kit.leads());
    ASSERT_TRUE(audit(disk, kit, model)) << "without any crash";
  }
  try_stops(disk, model, nullptr);
  RecordProperty("places", std::to_string(places_));
  RecordProperty("stops", std::to_string(stops_));
  RecordProperty("stops_in_recovery", std::to_string(second_stops_));
}

INSTANTIATE_TEST_SUITE_P(At, CrashTest, testing::ValuesIn(workloads().begin(), workloads().end()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace tablog::host
