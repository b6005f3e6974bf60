// Store: one store's files joined: the log, the pool, and the state database that follows the log.
// The log is the truth; the database can always be made from it, and never the other way round. No
// policy: when to flush, commit or checkpoint is the leader's to say (leader/leader.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "log/message.h"
#include "storage/base.h"
#include "storage/file.h"
#include "storage/log_files.h"
#include "storage/pool.h"
#include "storage/replay.h"
#include "storage/second_state.h"

namespace tablog::storage {

inline constexpr const char* kStatePath = "/tablog.sqlite3";  // in the pool

struct StoreOptions {
  StoreId fresh;  // of a store that does not exist yet
  Generation generation;
  std::uint64_t salt_seed{};  // random
  LogOptions log{};
  OnProgress on_progress{};  // of what open() has to replay
};

// What open() had to do, for the log and for a person.
struct Recovery {
  Index replayed_from;  // the state database was at this index, and is at the log's head now
  // Why the state database was made anew from the whole log; nothing: it was not.
  std::optional<std::string> rebuilt;
};

class Store {
 public:
  // Recovers the log, with the state database's applied index as the proof of what had been
  // flushed; then brings the database to the log's head. A database that cannot be read, or whose
  // digest is not the log's, is made anew where the log goes back to entry 1, or has a base, and
  // then stands as it is: that is told by recovery().rebuilt. kCorrupt: the log is damaged, or it
  // and the database are of different histories. kNewerFormat, kEngineTooOld, kStorageUnavailable.
  // A full disk is no error, nor is a torn log without a spare slot: log().needs_slot() tells.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(StoreFiles files,
                                                           const StoreOptions& options);
  ~Store();

  // Closes it for good, and removes the state database, which is found to be wrong: the next open()
  // makes it anew. Nothing is removed where the log, and its base, cannot give it.
  static void close_without_state(std::unique_ptr<Store> store);

  [[nodiscard]] LogFiles& log();
  [[nodiscard]] const LogFiles& log() const;
  [[nodiscard]] StateDatabase& state();
  [[nodiscard]] const StateDatabase& state() const;
  [[nodiscard]] const Pool& pool() const;
  [[nodiscard]] const Recovery& recovery() const;

  // Makes room in both for a batch of `bytes`. kQuotaExceeded is told here and nowhere later.
  [[nodiscard]] Result<void> reserve(std::uint64_t bytes);

  // Commits what the state database has executed. Only when the log has flushed it.
  [[nodiscard]] Result<void> commit_state();

  // Flushes the log and the state database; replay after a power loss begins behind the index told.
  // Not between execute() and the log's append().
  [[nodiscard]] Result<Index> checkpoint();
  [[nodiscard]] Index checkpoint_index()
      const;  // the last one known; of earlier leaders by the log

  // ---- the state made anew under another schema (kSchemaRebuilds), beside the one in use. Errors
  // but I/O are what stands in its way: kCompacted, kRejected, kUnknownEvent, …; it is dropped
  // then.
  [[nodiscard]] Result<void> begin_anew(const Schema& schema);
  // While `go_on` says so. True: it has all that the log has, and swap_state() may come before the
  // next entry.
  [[nodiscard]] Result<bool> advance_anew(const GoOn& go_on);
  [[nodiscard]] const SecondState* anew() const;
  void drop_anew();
  // state() is from now on the one that was made anew, until it is called once more. The first
  // commit_state() makes that final.
  void swap_state();
  [[nodiscard]] RebuildCounts rebuild_counts() const;  // of the last that this object has made

  // ---- compaction: the log begins later than with entry 1, at a base. In this order: begin,
  // advance until it is ready, then finish. A crash at any point leaves the log as it was, or
  // compacted. How far it may go: the end of the last request that none of the three wants to be
  // kept. Zero: there is nothing to do.
  [[nodiscard]] Result<Index> compactable(const CompactRequest& wanted);
  [[nodiscard]] Result<void> begin_compaction(Index through);
  [[nodiscard]] Result<NextBase::Stage> advance_compaction(const GoOn& go_on);
  [[nodiscard]] const NextBase* next_base() const;
  [[nodiscard]] Result<void> finish_compaction();  // frees files: only under a lease
  void drop_compaction();
  // The state that a compacted log begins with, as a SQLite file; null: it goes back to entry 1.
  [[nodiscard]] Index base() const;
  [[nodiscard]] File* base_file();

  // Files that the host should create and hand over, in the background.
  [[nodiscard]] std::size_t log_slots_wanted() const;
  [[nodiscard]] std::size_t pool_slots_wanted() const;
  void add_log_slot(Slot slot);
  void add_pool_slot(Slot slot);

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tablog::storage
