// StepLimit: ends a statement of SQL that runs for too long, so that one request cannot hold up
// every tab. Only while sequencing: what is in the log has been accepted, and is applied however
// long it takes.
#pragma once

#include <sqlite3.h>

#include <cstdint>

namespace tablog::storage {

inline constexpr std::uint64_t kStepsMax =
    100'000'000;  // of SQLite's machine; about 2 s in a browser

// Counts the steps of everything that runs on `db` during its life; 0: does nothing.
class StepLimit {
 public:
  StepLimit(sqlite3* db, std::uint64_t steps_max) : db_(db), steps_max_(steps_max) {
    if (steps_max != 0) sqlite3_progress_handler(db, kStride, &StepLimit::on_progress, this);
  }
  ~StepLimit() {
    if (steps_max_ != 0) sqlite3_progress_handler(db_, 0, nullptr, nullptr);
  }
  StepLimit(const StepLimit&) = delete;
  StepLimit& operator=(const StepLimit&) = delete;

  // Afterwards SQLite says SQLITE_INTERRUPT.
  [[nodiscard]] bool exceeded() const { return steps_max_ != 0 && steps_ > steps_max_; }

 private:
  static constexpr int kStride = 1000;  // steps between two looks
  static int on_progress(void* self) {
    auto* limit = static_cast<StepLimit*>(self);
    limit->steps_ += kStride;
    return limit->exceeded() ? 1 : 0;
  }

  sqlite3* db_;
  std::uint64_t steps_max_;
  std::uint64_t steps_{};
};

}  // namespace tablog::storage
