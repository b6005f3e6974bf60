#include "storage/state_open.h"

#include <algorithm>
#include <string_view>

#include "storage/profile.h"

namespace tablog::storage {

namespace {

constexpr std::string_view kMagic("SQLite format 3\0", 16);
constexpr std::size_t kPageBytesAt = 16;  // u16, big-endian
constexpr std::size_t kVersionsAt = 18;   // write and read version; 1: no WAL

std::unexpected<Error> bad_image(const char* what) {
  return fail(ErrorCode::kCorrupt, std::string("not the image of a state database: ") + what);
}

Result<void> check_shape(ByteView image) {
  constexpr auto kPage = static_cast<std::size_t>(kPageBytes);
  if (image.size() < kPage || image.size() % kPage != 0)
    return bad_image("its size is not whole pages");
  const auto magic = std::as_bytes(std::span(kMagic));
  if (!std::ranges::equal(image.first(magic.size()), magic))
    return bad_image("it has no SQLite header");
  const auto byte = [&](std::size_t at) { return static_cast<unsigned>(image[at]); };
  if ((byte(kPageBytesAt) << 8U | byte(kPageBytesAt + 1)) != kPage)
    return bad_image("its pages have another size");
  if (byte(kVersionsAt) != 1 || byte(kVersionsAt + 1) != 1) return bad_image("it is in WAL mode");
  return {};
}

Result<void> configure(Connection& connection, const char* pragmas) {
  if (auto set = apply_profile(connection.get()); !set) return set;
  return run_own(connection.get(), pragmas);
}

// Page by page into a database of the usual kind, so that every database in memory behaves alike:
// one that sqlite3_deserialize() makes has a size limit, and keeps its pages twice.
Result<void> copy_pages(sqlite3* to, sqlite3* from) {
  sqlite3_backup* backup = sqlite3_backup_init(to, "main", from, "main");
  if (backup == nullptr) return fail(sql_error(to, sqlite3_errcode(to), ErrorCode::kCorrupt));
  (void)sqlite3_backup_step(backup, -1);
  const int code = sqlite3_backup_finish(backup);
  if (code != SQLITE_OK) return fail(sql_error(to, code, ErrorCode::kCorrupt));
  return {};
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
  if (auto shaped = check_shape(image); !shaped) return fail(shaped.error());
  Result<Connection> source = Connection::open(":memory:", kMemoryFlags, nullptr);
  if (!source) return source;
  // Read-only: the cast is never written through.
  auto* bytes = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(image.data()));
  const auto size = static_cast<sqlite3_int64>(image.size());
  const int code =
      sqlite3_deserialize(source->get(), "main", bytes, size, size, SQLITE_DESERIALIZE_READONLY);
  if (code != SQLITE_OK) return fail(sql_error(source->get(), code, ErrorCode::kCorrupt));
  Result<Connection> connection = open_in_memory();
  if (!connection) return connection;
  if (auto copied = copy_pages(connection->get(), source->get()); !copied)
    return fail(copied.error());
  return connection;
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
