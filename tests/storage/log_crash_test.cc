// Every place at which a writer can stop, and every way a disk can lose what was not flushed: what
// was flushed is there afterwards, what is there is a prefix of what was written, in whole batches.
#include <gmock/gmock.h>

#include <random>
#include <set>

#include "tests/storage/log_kit.h"

namespace tablog::storage {
namespace {

struct Batch {
  std::size_t entries{};
  std::size_t text_bytes{};
  enum class Flush : std::uint8_t { kYes, kNo } flush{};
};

using Workload = std::vector<Batch>;

struct Workloads {
  static Workload one_by_one() { return Workload(6, {1, 20, Batch::Flush::kYes}); }
  static Workload relaxed() {
    return {{2, 10, Batch::Flush::kNo},
            {1, 600, Batch::Flush::kNo},
            {1, 10, Batch::Flush::kYes},
            {3, 300, Batch::Flush::kNo},
            {1, 10, Batch::Flush::kYes}};
  }
  static Workload over_segments() {
    return {{3, 3000, Batch::Flush::kYes}, {1, 10, Batch::Flush::kNo},
            {2, 5000, Batch::Flush::kYes}, {1, 10, Batch::Flush::kYes},
            {4, 2500, Batch::Flush::kYes}, {1, 10, Batch::Flush::kYes}};
  }
};

// What was asked of the log, beside it.
struct Model {
  std::vector<std::string> written{};  // text of entry i + 1, also of batches that failed
  std::size_t durable{};
  std::set<std::size_t> ends{0};  // of batches

  void follow(const LogFiles& log) {  // what recovery kept is what counts from now on
    written.resize(log.head().index.value);
    durable = written.size();
    ends.erase(ends.upper_bound(durable), ends.end());
  }
};

// Runs until the first error.
void run(LogFiles& log, const Workload& workload, Model& model, char letter) {
  for (const Batch& batch : workload) {
    const std::string text(batch.text_bytes, letter++);
    model.written.insert(model.written.end(), batch.entries, text);
    model.ends.insert(model.written.size());
    if (!append(log, make_entries(log.head().index, batch.entries, text))) {
      return;
    }
    if (batch.flush == Batch::Flush::kYes) {
      if (!log.flush()) {
        return;
      }
      model.durable = model.written.size();
    }
  }
}

void expect_sound(LogFiles& log, const Model& model) {
  const std::size_t head = log.head().index.value;
  ASSERT_GE(head, model.durable);
  ASSERT_LE(head, model.written.size());
  ASSERT_TRUE(model.ends.contains(head)) << "half a batch at " << head;
  const auto found = texts(log);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(*found, std::vector<std::string>(model.written.begin(),
                                             model.written.begin() + static_cast<long>(head)));
  ASSERT_EQ(log.head().durable, log.head().index);
  if (log.torn_tail()) {
    ASSERT_EQ(log.torn_tail()->after, log.head().index);
  }
}

class Power {
 public:
  Power(MemoryDisk& disk, std::uint32_t seed) : disk_(&disk), random_(seed) {}

  // From the call `number` on (counted from now) everything fails; a failing write is cut.
  void fail_from(std::uint64_t number) {
    reached_ = false;
    disk_->set_fault_hook(
        [this, left = number](const FileCall& call) mutable -> std::optional<FileFault> {
          if (left > 0) {
            --left;
            return std::nullopt;
          }
          reached_ = true;
          return FileFault{.bytes_done = call.bytes > 0 ? random_() % call.bytes : 0};
        });
  }
  [[nodiscard]] bool reached() const { return reached_; }

  void crash(Loss loss) {
    disk_->set_fault_hook({});
    disk_->crash({.loss = loss,
                  .sector_bytes = random_() % 2 == 0 ? 512U : 4096U,
                  .random = [this] { return random_(); }});
  }

 private:
  MemoryDisk* disk_;
  std::mt19937_64 random_;
  bool reached_{};
};

struct Case {
  const char* name;
  Workload workload;
  Loss loss;
};

class LogCrashTest : public testing::TestWithParam<Case> {};

TEST_P(LogCrashTest, WhatWasFlushedIsThereWhereverTheWriterStops) {
  bool reached = true;
  for (std::uint64_t call = 0; reached; ++call) {
    for (std::uint32_t seed = 0; seed < 3; ++seed) {
      SCOPED_TRACE("call " + std::to_string(call) + " seed " + std::to_string(seed));
      LogKit kit;
      Power power(kit.disk, seed);
      Model model;
      power.fail_from(call);
      if (const auto log = kit.try_open()) {
        run(**log, GetParam().workload, model, 'a');
      }
      reached = power.reached();
      power.crash(GetParam().loss);

      auto log = kit.open(seed == 0 ? Index{model.durable} : Index{});
      ASSERT_NO_FATAL_FAILURE(expect_sound(*log, model));
      model.follow(*log);
      run(*log, Workloads::relaxed(), model, 'p');
      ASSERT_EQ(model.durable, model.written.size());
      log.reset();
      power.crash(Loss::kUnflushed);
      log = kit.open(Index{model.durable});
      ASSERT_NO_FATAL_FAILURE(expect_sound(*log, model));
    }
  }
}

TEST_P(LogCrashTest, RecoveryMayStopAnywhereToo) {
  bool reached = true;
  for (std::uint64_t call = 0; reached; call += 3) {
    bool recovery_reached = true;
    for (std::uint64_t second = 0; recovery_reached; ++second) {
      SCOPED_TRACE("call " + std::to_string(call) + " then " + std::to_string(second));
      LogKit kit;
      Power power(kit.disk, static_cast<std::uint32_t>(call * 100 + second));
      Model model;
      power.fail_from(call);
      if (const auto log = kit.try_open()) {
        run(**log, GetParam().workload, model, 'a');
      }
      reached = power.reached();
      power.crash(Loss::kNothing);

      power.fail_from(second);
      if (const auto log = kit.try_open()) {
        model.follow(**log);  // answered: it stays
      }
      recovery_reached = power.reached();
      power.crash(GetParam().loss);
      const auto log = kit.open(Index{model.durable});
      ASSERT_NO_FATAL_FAILURE(expect_sound(*log, model));
    }
  }
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Loss loss : {Loss::kNothing, Loss::kUnflushed, Loss::kTorn, Loss::kReordered}) {
    all.push_back({"OneByOne", Workloads::one_by_one(), loss});
    all.push_back({"Relaxed", Workloads::relaxed(), loss});
    all.push_back({"OverSegments", Workloads::over_segments(), loss});
  }
  return all;
}

std::string name_of(const testing::TestParamInfo<Case>& test) {
  constexpr const char* kLosses[] = {"Killed", "Unflushed", "Torn", "Reordered"};
  return std::string(test.param.name) + kLosses[static_cast<int>(test.param.loss)];
}

INSTANTIATE_TEST_SUITE_P(Every, LogCrashTest, testing::ValuesIn(cases()), name_of);

TEST(FailedFlushTest, BatchIsMadeGoodByRecovery) {
  // The cache holds the batch as clean after the failed flush: recovery has to write it again.
  LogKit kit;
  auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 1, "a"));
  kit.disk.set_fault_hook([](const FileCall& call) -> std::optional<FileFault> {
    return call.operation == FileOperation::kFlush ? std::optional(FileFault{}) : std::nullopt;
  });
  EXPECT_FALSE(append_flushed(*log, 1, "b"));
  kit.disk.set_fault_hook({});
  log.reset();
  log = kit.open();
  ASSERT_EQ(log->head().durable, Index{2}) << "still in the cache, so recovery keeps it";
  log.reset();
  kit.disk.crash({.loss = Loss::kUnflushed});
  log = kit.open(Index{2});
  EXPECT_THAT(texts(*log).value(), testing::ElementsAre("a", "b"));
}

TEST(FailedFlushTest, NewSegmentIsMadeGoodByRecovery) {
  LogKit kit;
  auto log = kit.open();
  kit.disk.set_fault_hook([](const FileCall& call) -> std::optional<FileFault> {
    return call.operation == FileOperation::kFlush ? std::optional(FileFault{}) : std::nullopt;
  });
  EXPECT_FALSE(append_flushed(*log, 1, "a"));
  kit.disk.set_fault_hook({});
  log.reset();
  log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 1, "b"));
  log.reset();
  kit.disk.crash({.loss = Loss::kUnflushed});
  log = kit.open(Index{1});
  EXPECT_THAT(texts(*log).value(), testing::ElementsAre("b"));
}

}  // namespace
}  // namespace tablog::storage
