// StateDatabase: the SQLite database that the log's entries are applied to, with the applied index,
// the schema and the sessions in it. One class for the leader's database (on the pool, WAL) and for
// a replica's (in memory), so that both apply an entry in the same way. Deterministic:
// docs/decisions/.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "log/batch.h"
#include "log/entry.h"
#include "log/message.h"
#include "log/session_table.h"
#include "storage/apply.h"
#include "storage/changes.h"
#include "storage/file.h"
#include "storage/rows.h"

namespace tablog::storage {

class ImageIntake;  // storage/image_intake.h
class Pool;         // storage/pool.h

class StateDatabase {
 public:
  // In memory, empty: a replica's, or a replay's.
  [[nodiscard]] static Result<std::unique_ptr<StateDatabase>> in_memory();
  // In memory, from an image that snapshot() gave; verified against what it says of itself.
  [[nodiscard]] static Result<std::unique_ptr<StateDatabase>> from_image(ByteView image);
  // The same, of what an intake was given, which is of no more use then.
  [[nodiscard]] static Result<std::unique_ptr<StateDatabase>> from_intake(ImageIntake& intake);
  // On the pool: a writing connection and reading ones, WAL. The database at `path` in the pool,
  // created when absent.
  [[nodiscard]] static Result<std::unique_ptr<StateDatabase>> on_pool(Pool& pool,
                                                                      const std::string& path);
  // Likewise a database of somebody else's, as the state after entry 1 of a store: a Schema, whose
  // migrations are taken to have run. kRejected, kInvalidArgument: its events do not fit the
  // tables.
  [[nodiscard]] static Result<std::unique_ptr<StateDatabase>> from_foreign(
      Pool& pool, const std::string& path, const EncodedEntry& entry, StoreId store);
  ~StateDatabase();

  // ---- what it holds; of the open transaction where there is one
  [[nodiscard]] Index applied() const;
  [[nodiscard]] Index last_app_entry() const;
  [[nodiscard]] ChainHash chain() const;        // at applied()
  [[nodiscard]] Index checkpoint_mark() const;  // of the last CheckpointMark among them
  [[nodiscard]] const SessionTable& sessions() const;
  [[nodiscard]] const std::optional<Schema>& schema() const;
  [[nodiscard]] StoreId store() const;
  void set_store(StoreId store);

  // ---- what query() and snapshot() see: the last commit
  [[nodiscard]] Index committed() const;
  [[nodiscard]] ChainHash committed_chain() const;

  // ---- applying what is already in the log (replica, recovery, replay). Each entry in a savepoint
  // of its own; opens a transaction where none is open; commit() ends it. Entries are applied()+1,
  // …. An error means divergence or damage: the transaction is rolled back to the last commit.
  [[nodiscard]] Result<ApplyResult> apply(const Entry& entry, ByteView encoded);

  // ---- making the state anew (kSchemaRebuilds): on a database that is empty, or goes on
  // as continue_from() says. Afterwards apply() takes the log's entries from the first on as
  // `schema` has them, and with the entry that brings it, applied or executed, the state is an
  // ordinary one. An event that does not apply is an error where the schema's flags do not say to
  // leave it out.
  void begin_rebuild(Schema schema);
  [[nodiscard]] bool rebuilds() const;                 // that entry has not come yet
  [[nodiscard]] RebuildCounts rebuild_counts() const;  // of the last one; zeros: there was none

  // ---- sequencing (leader). Each item in a savepoint, each entry in one within it. A failed item
  // leaves no trace; an item that destroys the transaction is taken out and the batch done again.
  // Works inside the open transaction, also one that holds earlier batches not committed yet
  // (relaxed durability: the state never commits before the log's flush). An entry that encodes to
  // more than kEntryBytesMax is kTooLarge. Extends chain() like apply(). An error says nothing
  // about any item (memory, I/O, damage): the transaction is rolled back to the last commit.
  [[nodiscard]] Result<BatchResult> execute(const BatchContext& context,
                                            std::span<const BatchItem> items);

  [[nodiscard]] Result<void> commit();  // no flush: WAL, synchronous=NORMAL. Failed: rolled back
  void rollback();                      // to the last commit; applied() and sessions() with it
  [[nodiscard]] bool in_transaction() const;

  // Takes over how far `base` has come, and its sessions, but none of its tables. On an empty one.
  void continue_from(const StateDatabase& base);

  // For an audit: rows that no ORDER BY puts in order come in the other order from now on. What
  // then gives another state had depended on it.
  [[nodiscard]] Result<void> reverse_unordered();

  // How many steps of SQLite's machine one item of execute() may take; more is kRejected. 0: any
  // number.
  void set_steps_max(std::uint64_t steps);

  // Makes room in the pool for a transaction of about `bytes`. kQuotaExceeded is only told here.
  [[nodiscard]] Result<void> reserve(std::uint64_t bytes);
  // Flushes and folds the WAL into the database. Afterwards applied() survives a power loss.
  [[nodiscard]] Result<void> checkpoint();
  [[nodiscard]] std::uint64_t wal_bytes() const;

  // ---- digest, DESIGN section 7
  // Running, of the open transaction's state. Zero, which no state has, when memory ran out.
  [[nodiscard]] Digest digest() const;
  [[nodiscard]] Result<DigestsByTable> running_table_digests();
  [[nodiscard]] Result<Digest> recompute_digest();  // in full
  [[nodiscard]] Result<void> check_content();       // kCorrupt: the rows are not what the sums say
  [[nodiscard]] Result<DigestsByTable> table_digests();
  // kCorrupt, with the tables' names, once their rows were changed otherwise than by an entry.
  // apply(), execute(), commit() and snapshot() fail with it then.
  [[nodiscard]] Result<void> check_untouched() const;

  // ---- reading: committed state, on a connection of its own where on a pool. In memory there is
  // only one connection: commit() first.
  [[nodiscard]] Result<Rows> query(const std::string& sql, std::span<const Argument> params);
  // What the query reads; and what was written, on this connection, since the last call.
  [[nodiscard]] Result<TablesRead> tables_read(const std::string& sql);
  [[nodiscard]] Changes take_changes();
  [[nodiscard]] Result<Bytes> snapshot();  // the committed state as a plain (non-WAL) SQLite file

  // On a pool: the file at its path is a plain SQLite file from then on, flushed, as snapshot()
  // gives one. It is of no more use here.
  [[nodiscard]] Result<void> become_image();

  // Size of the database, bytes.
  [[nodiscard]] std::uint64_t bytes() const;

 private:
  struct Impl;
  explicit StateDatabase(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tablog::storage
