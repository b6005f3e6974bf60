#include "storage/import.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cassert>

#include "log/chain.h"
#include "log/codec.h"
#include "log/size.h"
#include "storage/base.h"
#include "storage/profile.h"
#include "storage/state_database.h"
#include "storage/store.h"
#include "storage/vfs.h"

namespace tablog::storage {

namespace {

constexpr const char* kPath = "/tablog-import.sqlite3";
constexpr std::uint64_t kReserveBytes = 64U << 10U;  // behind a segment's header

std::unexpected<Error> corrupt(std::string message) {
  return fail(ErrorCode::kCorrupt, std::move(message));
}

// One text, of one row.
Result<std::string> ask(sqlite3* db, const char* sql) {
  Result<Statement> statement = prepare_own(db, sql);
  if (!statement) return fail(statement.error());
  const Result<bool> row = statement->step();
  if (!row) return fail(row.error());
  return *row ? std::string(statement->text(0)) : std::string();
}

// Whole: a query by an index that misses a row would give wrong rows for good, and a wrong free
// list would make the first write fail that needs a page. No digest covers either.
Result<void> check_integrity(sqlite3* db) {
  const auto checked = ask(db, "PRAGMA integrity_check(1)");
  if (!checked) return fail(checked.error());
  if (*checked != "ok") return corrupt("the database is damaged: " + *checked);
  return {};
}

Result<void> check_integrity(Pool& pool, const std::string& path) {
  const PoolVfs vfs(pool);
  const Result<Connection> database = Connection::open(path, SQLITE_OPEN_READWRITE, vfs.name());
  if (!database) return fail(database.error());
  return check_integrity(database->get());
}

// A state's file that is not open gets its name by the entry that it is of.
Result<void> place_base(Pool& pool, const std::string& path) {
  if (auto whole = check_integrity(pool, path); !whole) return whole;
  File& file = *pool.find(path);
  const auto image = read_whole(file);
  if (!image) return fail(image.error());
  const auto state = StateDatabase::from_image(*image);
  if (!state) return fail(state.error());
  const Index index = (*state)->applied();
  if (index == Index{}) return corrupt("the base of the log is of no entry");
  if (auto flushed = file.flush(); !flushed) return flushed;
  return pool.rename(path, base_path(index));
}

}  // namespace

// ---- an exported log

LogImport::LogImport(ExportHeader header) : header_(std::move(header)) {}

Result<LogImport> LogImport::begin(ByteView beginning, std::uint64_t total_bytes) {
  if (!is_export(beginning)) return fail(ErrorCode::kInvalidArgument, "not an exported log");
  MemorySource source(beginning);
  auto header = read_export_table(source, total_bytes);
  if (!header) return fail(header.error());
  return LogImport(std::move(*header));
}

void LogImport::open(std::vector<File*> log, Pool& pool) {
  assert(log.size() >= header_.segments.size());
  pool_ = &pool;
  std::uint64_t at = 0;
  const auto add = [&](std::uint64_t bytes, File* file) {
    parts_.push_back({.begin = at, .bytes = bytes, .file = file});
    at += bytes;
  };
  add(header_.header_bytes(), nullptr);
  add(header_.base_bytes, nullptr);  // its file is made with its first byte
  for (std::size_t i = 0; i < header_.segments.size(); ++i) add(header_.segments[i].bytes, log[i]);
  add(kExportFooterBytes, nullptr);
}

Result<void> LogImport::write(ByteView piece) {
  const std::uint64_t end = written_ + piece.size();
  for (Part& part : parts_) {
    const std::uint64_t from = std::max(written_, part.begin);
    const std::uint64_t to = std::min(end, part.begin + part.bytes);
    if (from >= to) continue;
    const ByteView bytes = piece.subspan(to_size(from - written_), to_size(to - from));
    if (&part == &parts_.back()) footer_.insert(footer_.end(), bytes.begin(), bytes.end());
    if (&part == &parts_[1] && part.file == nullptr) {
      auto made = create_database(*pool_, kPath);
      if (!made) return fail(made.error());
      part.file = *made;
    }
    if (part.file == nullptr) continue;
    if (auto written = part.file->write(from - part.begin, bytes); !written) return written;
  }
  written_ = end;
  return {};
}

Result<void> LogImport::finish() {
  if (written_ != header_.total_bytes() || footer_ != encode_export_footer(header_))
    return corrupt("the export is cut, or its footer does not verify");
  for (const Part& part : parts_) {
    if (part.file == nullptr) continue;
    if (auto flushed = part.file->flush(); !flushed) return flushed;
  }
  return header_.base_bytes > 0 ? place_base(*pool_, kPath) : Result<void>{};
}

// ---- a database

namespace {

// As the profile has databases: page size, no WAL; `path` is removed.
Result<void> normalize(Pool& pool, const std::string& path) {
  // This SQLite is built without auto-vacuum, and would take its pages for damage.
  constexpr std::uint64_t kAutoVacuumAt = 52;  // of the file's header; zeros: none
  std::array<std::byte, 4> root{};
  const auto got = pool.find(path)->read(kAutoVacuumAt, root);
  if (!got) return fail(got.error());
  if (root != std::array<std::byte, 4>{}) {
    return fail(ErrorCode::kInvalidArgument,
                "not a SQLite database, or one with auto_vacuum: set it to NONE, and VACUUM");
  }
  const PoolVfs vfs(pool);
  {
    Result<Connection> source = Connection::open(path, SQLITE_OPEN_READWRITE, vfs.name());
    if (!source) return fail(source.error());
    sqlite3* const db = source->get();
    const auto encoding = ask(db, "PRAGMA encoding");
    if (!encoding) return corrupt("not a SQLite database: " + encoding.error().message);
    if (*encoding != "UTF-8") {
      return fail(ErrorCode::kInvalidArgument, "the database's texts are in " + *encoding +
                                                   ": make one with PRAGMA encoding='UTF-8'");
    }
    if (auto whole = check_integrity(db); !whole) return whole;
    const std::string vacuum = std::string("PRAGMA journal_mode=DELETE; PRAGMA page_size=4096; ") +
                               "PRAGMA foreign_keys=OFF; "
                               "DROP TABLE IF EXISTS tablog_state; "
                               "DROP TABLE IF EXISTS tablog_schema; VACUUM INTO '" +
                               kPath + "'";
    if (auto done = run_own(db, vacuum.c_str()); !done) {
      return vfs.last_error() ? fail(*vfs.last_error()) : done;
    }
  }
  return remove_database(pool, path);
}

}  // namespace

Result<void> import_database(Pool& pool, const std::string& path, File& log,
                             const DatabaseImport& import) {
  if (auto normal = normalize(pool, path); !normal) return normal;
  Entry entry{.index = Index{1},
              .term = Term::of(import.generation, 1),
              .time_ms = import.time_ms,
              .wall_ms = import.time_ms,
              .body = import.schema};
  std::get<Schema>(entry.body).flags = 0;
  const auto encoded = encode(std::move(entry));
  if (!encoded) return fail(encoded.error());
  LogPosition before{.index = Index{1},
                     .chain = extend_chain({}, *encoded->bytes),
                     .term = encoded->entry.term,
                     .time_ms = encoded->entry.time_ms,
                     .digest = {}};
  {
    const auto state = StateDatabase::from_foreign(pool, kPath, *encoded, import.store);
    if (!state) return fail(state.error());
    before.digest = (*state)->digest();
    if (auto made = (*state)->become_image(); !made) return made;
  }
  if (auto placed = pool.rename(kPath, base_path(Index{1})); !placed) return placed;

  Bytes segment = encode_segment_header({.store = import.store,
                                         .generation = import.generation,
                                         .sequence = 1,
                                         .salt = import.salt,
                                         .before = before,
                                         .predecessor = {}});
  segment.resize(segment.size() + kReserveBytes);
  if (auto written = log.write(0, segment); !written) return written;
  return log.flush();
}

}  // namespace tablog::storage
