#include "tools/profile/foreign_database.h"

#include <sqlite3.h>

#include <array>
#include <chrono>

#include "storage/memory_file.h"
#include "storage/posix_file.h"

namespace tablog::tools {

namespace {

namespace fs = std::filesystem;
using storage::MemoryDisk;
using storage::Pool;

constexpr int kAttemptsMax = 8;
constexpr std::uint64_t kBytesMax = 128U << 20U;
constexpr const char* kPath = "/database";

struct Part {
  const char* suffix;
  std::uint32_t flags;
};
constexpr std::array kParts{Part{"", SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_CREATE},
                            Part{"-journal", SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_CREATE},
                            Part{"-wal", SQLITE_OPEN_WAL | SQLITE_OPEN_CREATE}};

// Which state of the files was seen.
struct Stamp {
  std::uint64_t bytes{};
  fs::file_time_type changed{};
  bool operator==(const Stamp&) const = default;
};
using Stamps = std::array<std::optional<Stamp>, kParts.size()>;

Stamps stamps_of(const fs::path& path) {
  Stamps stamps;
  for (std::size_t i = 0; i < kParts.size(); ++i) {
    const fs::path part = path.string() + kParts[i].suffix;
    std::error_code error;
    if (fs::symlink_status(part, error).type() != fs::file_type::regular) continue;
    const Stamp stamp{.bytes = fs::file_size(part, error),
                      .changed = fs::last_write_time(part, error)};
    if (!error) stamps[i] = stamp;
  }
  return stamps;
}

Result<void> copy(const fs::path& from, std::uint64_t bytes, Pool& pool, const Part& part) {
  const auto file = storage::open_posix_file(from.string(), storage::PosixMode::kReadOnly);
  if (!file) return fail(file.error());
  Bytes content(bytes);
  const auto got = (*file)->read(0, content);
  if (!got) return fail(got.error());
  content.resize(*got);
  const auto made = pool.create(std::string(kPath) + part.suffix, part.flags);
  return made ? (*made)->write(0, content) : fail(made.error());
}

Result<std::unique_ptr<Pool>> copy_all(const fs::path& path, const Stamps& stamps) {
  MemoryDisk disk;  // its files outlive it
  std::vector<storage::Slot> slots;
  for (const Part& part : kParts) {
    auto file = disk.open(std::string("part") + part.suffix);
    if (!file) return fail(file.error());
    slots.push_back({std::string("part") + part.suffix, *std::move(file)});
  }
  auto pool = Pool::open(std::move(slots));
  for (std::size_t i = 0; pool && i < kParts.size(); ++i) {
    if (!stamps[i]) continue;
    const auto done = copy(path.string() + kParts[i].suffix, stamps[i]->bytes, **pool, kParts[i]);
    if (!done) return fail(done.error());
  }
  return pool;
}

}  // namespace

ForeignDatabase::ForeignDatabase(std::unique_ptr<Pool> pool)
    : pool_(std::move(pool)), vfs_(*pool_) {}

Result<std::unique_ptr<ForeignDatabase>> ForeignDatabase::open(const fs::path& path) {
  std::unique_ptr<Pool> pool;
  for (int attempt = 1; !pool; ++attempt) {
    const Stamps before = stamps_of(path);
    if (!before.front()) {
      return fail(ErrorCode::kStorageUnavailable, path.string() + " is no file");
    }
    std::uint64_t bytes = 0;
    for (const auto& stamp : before) bytes += stamp ? stamp->bytes : 0;
    if (bytes > kBytesMax) return fail(ErrorCode::kTooLarge, path.string() + " is too large");
    auto copied = copy_all(path, before);
    if (copied && stamps_of(path) == before) {
      pool = *std::move(copied);
    } else if (attempt == kAttemptsMax) {
      return copied ? fail(ErrorCode::kStorageUnavailable,
                           path.string() + " changes all the time: try again")
                    : fail(copied.error());
    }
  }
  std::unique_ptr<ForeignDatabase> database(new ForeignDatabase(std::move(pool)));
  auto connection = storage::Connection::open(kPath, SQLITE_OPEN_READWRITE, database->vfs_.name());
  if (!connection) return fail(connection.error());
  database->connection_ = *std::move(connection);
  sqlite3* const db = database->connection_.get();
  // What is in there is somebody else's.
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  database->limit_ = std::make_unique<storage::StepLimit>(db, storage::kStepsMax);
  if (auto looked = database->prepare("SELECT count(*) FROM sqlite_schema"); !looked) {
    return fail(looked.error());
  } else if (const auto row = looked->step(); !row) {
    return fail(row.error());
  }
  return database;
}

bool ForeignDatabase::has_table(std::string_view name) {
  auto statement = prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1");
  return statement && statement->bind(1, name) && statement->step().value_or(false);
}

Result<storage::Statement> ForeignDatabase::prepare(std::string_view sql) {
  return storage::Statement::prepare(connection_.get(), sql, ErrorCode::kCorrupt,
                                     storage::Lifetime::kOnce);
}

}  // namespace tablog::tools
