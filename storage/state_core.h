// StateCore: the parts of one state database on its writing connection, and what they hold
// together. Shared by the halves of StateDatabase: state_database.cc (apply, commit) and
// sequence.cc (execute).
#pragma once

#include <vector>

#include "log/session_table.h"
#include "storage/apply.h"
#include "storage/authorizer.h"
#include "storage/digest.h"
#include "storage/reader.h"
#include "storage/sqlite.h"
#include "storage/state_tables.h"
#include "storage/step_limit.h"
#include "storage/transaction.h"

namespace tablog::storage {

struct StateCore {
  explicit StateCore(Connection opened);

  // Makes or checks the store's own tables and reads what they say.
  [[nodiscard]] Result<void> load();

  // Instead, of a database without them: makes them, as after `entry`, a Schema; commits.
  [[nodiscard]] Result<void> begin_foreign(const EncodedEntry& entry, StoreId store);

  // Ends the transaction with everything in it. After an error it is rolled back.
  [[nodiscard]] Result<void> commit();
  void roll_back();

  // Runs the entry's SQL in a savepoint of its own; after a failure nothing of it is left.
  [[nodiscard]] Result<ApplyResult> apply_in_savepoint(const Entry& entry);
  // Takes the entry into account beside the SQL: sessions, progress.
  void account(const Entry& entry, ByteView encoded);

  // kRejected where a deferred foreign key is not satisfied: COMMIT would fail for it, and for all
  // else.
  [[nodiscard]] Result<void> check_foreign_keys() const;

  [[nodiscard]] sqlite3* db() const { return connection.get(); }

  Connection connection;
  Authorizer authorizer;
  Digests digests;
  Transaction transaction;
  Applier applier;
  StateTables tables;
  Reader reader;  // sees what is not committed yet

  Progress progress;      // of the open transaction
  SessionTable sessions;  // of the open transaction
  Progress committed;
  Applier::Current committed_schema;

  // Accepted by execute() since the last commit: to be done again where a later item destroys the
  // transaction. apply() adds nothing: there, that is a divergence.
  std::vector<EncodedEntry> accepted;
  std::uint64_t steps_max{kStepsMax};
  // Set when even the rollback failed: what is in memory belongs to no state of the database.
  std::optional<Error> broken;
};

}  // namespace tablog::storage
