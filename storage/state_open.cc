#include "storage/state_open.h"

#include "storage/image_intake.h"
#include "storage/profile.h"

namespace tablog::storage {

namespace {

Result<void> configure(Connection& connection, const char* pragmas) {
  if (auto set = apply_profile(connection.get()); !set) return set;
  return run_own(connection.get(), pragmas);
}

constexpr int kMemoryFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY;

}  // namespace

Result<Connection> open_in_memory() {
  Result<Connection> connection = Connection::open(":memory:", kMemoryFlags, nullptr);
  if (!connection) return connection;
  if (auto set = configure(*connection, "PRAGMA journal_mode=MEMORY"); !set)
    return fail(set.error());
  return connection;
}

Result<Connection> open_image(ByteView image) {
  auto intake = ImageIntake::begin(image.size());
  if (!intake) return fail(intake.error());
  if (auto added = (*intake)->add(image); !added) return fail(added.error());
  return (*intake)->finish();
}

Result<Connection> open_writer(const std::string& path, const char* vfs) {
  Result<Connection> connection =
      Connection::open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs);
  if (!connection) return connection;
  // NORMAL: a commit writes the WAL and does not flush it; the log has been flushed before.
  // Checkpoints are the leader's decision, and closing does none: what is not folded is replayed or
  // recovered.
  constexpr const char* kPragmas =
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0";
  if (auto set = configure(*connection, kPragmas); !set) return fail(set.error());
  Result<Statement> mode = prepare_own(connection->get(), "PRAGMA journal_mode");
  if (!mode) return fail(mode.error());
  const Result<bool> row = mode->step();
  if (!row) return fail(row.error());
  if (mode->text(0) != "wal")
    return fail(ErrorCode::kStorageUnavailable, "the database does not go into WAL mode");
  sqlite3_db_config(connection->get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  return connection;
}

Result<Connection> open_reader(const std::string& path, const char* vfs) {
  Result<Connection> connection = Connection::open(path, SQLITE_OPEN_READWRITE, vfs);
  if (!connection) return connection;
  if (auto set = configure(*connection, "PRAGMA query_only=ON"); !set) return fail(set.error());
  return connection;
}

}  // namespace tablog::storage
