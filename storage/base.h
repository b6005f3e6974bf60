// The base of a compacted log: the state after the last entry that the log has not got any more, a
// plain SQLite file in the pool, named by that entry. docs/decisions/compaction.md.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "storage/pool.h"
#include "storage/replay.h"

namespace tablog::storage {

[[nodiscard]] std::string base_path(Index index);

// The highest that the pool has, zero: none. A crash may have left an older one beside it.
[[nodiscard]] Index find_base(const Pool& pool);
[[nodiscard]] Result<void> remove_other_bases(Pool& pool, Index keep);

// The database at `path` becomes a copy of the base, flushed. `path` must not exist.
[[nodiscard]] Result<void> copy_base(Pool& pool, Index index, const std::string& path);
// `state`, empty, is begun anew for the log's entries from the first on: of the log's store, where
// the base has come to, but without its tables; StateDatabase::begin_rebuild().
[[nodiscard]] Result<void> begin_rebuild(Pool& pool, const LogFiles& log, const Schema& schema,
                                         StateDatabase& state);

// NextBase: a base on its way, from the one before it or from the log's first entry, a slice at a
// time. A file of the pool that means nothing until place().
class NextBase {
 public:
  // Removes what an earlier one left.
  [[nodiscard]] static Result<void> tidy(Pool& pool);

  // `through`: its index, the end of a request, and durable.
  [[nodiscard]] static Result<std::unique_ptr<NextBase>> begin(Pool& pool, LogFiles& log,
                                                               Index through);
  ~NextBase();  // its file stays until tidy()

  // kBlocked: a later entry starts the state anew, from all that is before it, which has to stay.
  enum class Stage : std::uint8_t { kWorking, kReady, kBlocked };
  // While `go_on` says so. kCorrupt: what comes of the log is not what its commits say. After an
  // error it is of no more use.
  [[nodiscard]] Result<Stage> advance(const GoOn& go_on);
  [[nodiscard]] Index through() const { return through_; }
  [[nodiscard]] Index done() const;  // of the entries up to the log's head, which all are read
  [[nodiscard]] Index total() const { return log_.head().index; }

  // From kReady on: gives it its name, beside those of older ones. Flushed.
  [[nodiscard]] Result<void> place();

 private:
  NextBase(Pool& pool, LogFiles& log, Index through) : pool_(pool), log_(log), through_(through) {}
  [[nodiscard]] Result<void> open(Index from);
  [[nodiscard]] Result<void> start_anew(const Entry& entry);
  [[nodiscard]] Result<void> verify();

  Pool& pool_;
  LogFiles& log_;
  Index through_;
  Index looked_at_;  // of the entries behind it: none up to here starts the state anew
  std::unique_ptr<StateDatabase> state_;
};

}  // namespace tablog::storage
