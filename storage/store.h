// Store: one store's files joined: the log, the pool, and the state database that follows the log.
// The log is the truth; the database can always be made from it, and never the other way round. No
// policy: when to flush, commit or checkpoint is the leader's to say (leader/leader.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "storage/file.h"
#include "storage/log_files.h"
#include "storage/pool.h"
#include "storage/state_database.h"

namespace tablog::storage {

inline constexpr const char* kStatePath = "/tablog.sqlite3";  // in the pool

struct StoreOptions {
  StoreId fresh;  // of a store that does not exist yet
  Generation generation;
  std::uint64_t salt_seed{};  // random
  LogOptions log{};
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
  // digest is not the log's, is made anew where the log goes back to entry 1, and then stands as it
  // is: that is told by recovery().rebuilt. kCorrupt: the log is damaged, or it and the database
  // are of different histories. kNewerFormat, kEngineTooOld, kStorageUnavailable. A full disk is no
  // error, nor is a torn log without a spare slot: log().needs_slot() tells.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(StoreFiles files,
                                                           const StoreOptions& options);
  ~Store();

  // Closes it for good, and removes the state database, which is found to be wrong: the next open()
  // makes it anew. Nothing is removed where the log alone cannot give it: damaged, or compacted.
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

// Applies entries applied()+1 … `to` of `log` to `state`, committing at the ends of requests.
[[nodiscard]] Result<void> replay(LogFiles& log, StateDatabase& state, Index to);

}  // namespace tablog::storage
