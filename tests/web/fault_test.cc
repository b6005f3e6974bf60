// Every call of a file fails: once, and from then on, for every workload and so for every public
// call of the store. Errors are typed, nobody is told a wrong fate, and when the fault is over, the
// store is sound: after the leader went on or was killed, and after a power loss as well.
//
// `./dev test` takes a sample of the calls, TABLOG_FULL=1 all. Leaks are the asan preset's to find.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/web/log_audit.h"
#include "tests/web/workloads.h"

namespace tablog::host {
namespace {

using storage::FileCall;
using storage::FileFault;
using storage::FileOperation;
using storage::Loss;
using storage::MemoryDisk;
using testing::AssertionFailure;
using testing::AssertionResult;

struct Fault {
  const char* name;
  ErrorCode code;
  bool lasts;
};
constexpr Fault kFaults[] = {
    {"fails once", ErrorCode::kStorageUnavailable, false},
    {"fails from then on", ErrorCode::kStorageUnavailable, true},
    {"finds no space once", ErrorCode::kQuotaExceeded, false},
    {"finds no space from then on", ErrorCode::kQuotaExceeded, true},
};

bool can_fail(const FileCall& call, ErrorCode code) {
  return code != ErrorCode::kQuotaExceeded || call.operation == FileOperation::kWrite;
}

// Runs the workload with the fault at call `number`; counts the calls.
struct Trial {
  MemoryDisk disk{};
  Model model{};
  std::uint64_t calls{};
  bool leads{};

  void go(const Workload& workload, const Fault* fault, std::uint64_t number) {
    workload.prepare(disk, model, workload.options);
    LeaderKit kit(disk, model, workload.options);
    disk.set_fault_hook([&, fault, number](const FileCall& call) -> std::optional<FileFault> {
      if (fault != nullptr && !can_fail(call, fault->code)) return std::nullopt;
      const std::uint64_t here = calls++;
      if (fault == nullptr || here < number || (here > number && !fault->lasts))
        return std::nullopt;
      return FileFault{.code = fault->code, .bytes_done = call.bytes / 2};
    });
    workload.run(kit, model);
    disk.set_fault_hook({});
    leads = kit.leads();
  }
};

class FaultTest : public testing::TestWithParam<Workload> {
 protected:
  // No fault of the disk is a request's, or damage.
  static AssertionResult is_typed(const Trial& trial, const Model& clean) {
    for (const Error& error : trial.model.errors) {
      if (error.code != ErrorCode::kStorageUnavailable && error.code != ErrorCode::kQuotaExceeded)
        return AssertionFailure() << "told as " << static_cast<int>(error.code) << ": "
                                  << error.message;
    }
    for (std::size_t i = 0; i < trial.model.asked.size(); ++i) {
      const Error* error = trial.model.asked[i].rejected();
      if (error == nullptr || error->code == ErrorCode::kQuotaExceeded) continue;
      if (i >= clean.asked.size() || clean.asked[i].rejected() == nullptr)
        return AssertionFailure() << "request " << i << " was rejected: " << error->message;
    }
    return testing::AssertionSuccess();
  }

  static AssertionResult is_sound(const Trial& trial, Loss loss) {
    MemoryDisk disk;
    trial.disk.copy_to(disk);
    disk.set_quota(std::nullopt);
    disk.crash({.loss = loss});
    Model model = trial.model;
    model.errors.clear();
    if (loss != Loss::kNothing) model.may_lose = MayLose::kRelaxed;
    LeaderKit kit(disk, model, GetParam().options);
    kit.start();
    if (!kit.leads())
      return AssertionFailure() << "it does not lead: "
                                << (model.errors.empty() ? "?" : model.errors.front().message);
    kit.append(Durability::kFull, one(5000, "after it all"));
    if (model.asked.back().accepted() == nullptr)
      return AssertionFailure() << "nothing can be appended";
    return audit(disk, kit, model);
  }
};

TEST_P(FaultTest, EveryFailingCallIsToldAndTheStoreIsSoundAfterwards) {
  const bool full = std::getenv("TABLOG_FULL") != nullptr;
  Trial clean;
  clean.go(GetParam(), nullptr, 0);
  ASSERT_TRUE(clean.leads);
  std::uint64_t faults = 0;
  for (const Fault& fault : kFaults) {
    const std::uint64_t stride = full ? 1 : clean.calls / 12 + 1;
    bool reached = true;
    for (std::uint64_t number = 0; reached; number += stride) {
      SCOPED_TRACE(std::string("call ") + std::to_string(number) + ' ' + fault.name);
      Trial trial;
      trial.go(GetParam(), &fault, number);
      reached = trial.calls > number;
      ++faults;
      ASSERT_TRUE(is_typed(trial, clean.model));
      ASSERT_TRUE(is_sound(trial, Loss::kNothing));
      ASSERT_TRUE(is_sound(trial, Loss::kUnflushed));
    }
  }
  RecordProperty("faults", std::to_string(faults));
}

INSTANTIATE_TEST_SUITE_P(In, FaultTest, testing::ValuesIn(workloads().begin(), workloads().end()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace tablog::host
