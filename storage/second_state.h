// SecondState: a state database that is made from the log beside the one in use, a slice at a time:
// the state as a new schema has it, from all events anew. A file of the pool that means nothing
// until the store gives it its place; what a crash leaves of it is removed.
#pragma once

#include <memory>
#include <string>

#include "storage/pool.h"
#include "storage/replay.h"

namespace tablog::storage {

class SecondState {
 public:
  // Removes what an earlier one left.
  [[nodiscard]] static Result<void> tidy(Pool& pool);

  // The log before an entry that brings `schema`, which says what is left out. kCompacted: the log
  // does not go back to its first entry, and the schema does not leave out what is missing.
  [[nodiscard]] static Result<std::unique_ptr<SecondState>> begin_anew(Pool& pool, LogFiles& log,
                                                                       const Schema& schema);
  ~SecondState();  // its file stays until tidy()

  // While `go_on` says so; true: it is at the log's head. After an error it is of no more use.
  [[nodiscard]] Result<bool> advance(const GoOn& go_on);

  [[nodiscard]] Index applied() const { return state_->applied(); }
  [[nodiscard]] Index target() const { return log_.head().index; }

  // The database, at path(); what is left is an empty shell.
  [[nodiscard]] std::unique_ptr<StateDatabase> take() { return std::move(state_); }
  [[nodiscard]] static const char* path();

 private:
  explicit SecondState(LogFiles& log) : log_(log) {}

  LogFiles& log_;
  std::unique_ptr<StateDatabase> state_;
};

}  // namespace tablog::storage
