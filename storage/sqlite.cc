#include "storage/sqlite.h"

#include <cassert>
#include <limits>

namespace tablog::storage {

namespace {

Error machinery(ErrorCode code, const char* what, sqlite3* db) {
  return Error{.code = code, .message = std::string(what) + ": " + sqlite3_errmsg(db)};
}

// A null pointer would bind NULL; an empty text or blob is not NULL.
template <class View>
const char* data_of(View view) {
  return view.empty() ? "" : reinterpret_cast<const char*>(view.data());
}

}  // namespace

Error sql_error(sqlite3* db, int code, ErrorCode otherwise) {
  // FTS5's word for an index that does not match its content, which SQL alone can bring about.
  if (code == SQLITE_CORRUPT_VTAB) {
    return Error{.code = otherwise, .message = sqlite3_errmsg(db)};
  }
  switch (code & 0xff) {
    case SQLITE_NOMEM:
      return machinery(ErrorCode::kStorageUnavailable, "out of memory", db);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_BUSY:
    case SQLITE_NOLFS:
      return machinery(ErrorCode::kStorageUnavailable, "the database's storage failed", db);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return machinery(ErrorCode::kCorrupt, "the database is damaged", db);
    case SQLITE_FULL:
      // An app's statement never writes to the disk (profile.cc: no cache spill), so there FULL
      // means that AUTOINCREMENT has reached the highest rowid.
      if (otherwise == ErrorCode::kRejected) {
        return Error{.code = otherwise, .message = "no higher rowid is left for AUTOINCREMENT"};
      }
      return machinery(ErrorCode::kQuotaExceeded, "no space for the database", db);
    default:
      return Error{.code = otherwise, .message = sqlite3_errmsg(db)};
  }
}

bool is_rejection(const Error& error) {
  switch (error.code) {
    case ErrorCode::kRejected:
    case ErrorCode::kConflict:
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kUnknownEvent:
    case ErrorCode::kTooLarge:
    case ErrorCode::kSchemaTooOld:
    case ErrorCode::kSchemaConflict:
    case ErrorCode::kEngineTooOld:
      return true;
    default:
      return false;
  }
}

Result<Connection> Connection::open(const std::string& path, int flags, const char* vfs) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_EXRESCODE, vfs);
  Connection connection;
  connection.db_.reset(raw);  // even a failed open leaves something to close
  if (code != SQLITE_OK) {
    return fail(raw == nullptr ? Error{ErrorCode::kStorageUnavailable, "out of memory"}
                               : sql_error(raw, code, ErrorCode::kStorageUnavailable));
  }
  return connection;
}

Result<Statement> Statement::prepare(sqlite3* db, std::string_view sql, ErrorCode otherwise,
                                     Lifetime lifetime, std::string_view* rest) {
  if (sql.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return fail(otherwise, "the SQL text is too long");
  }
  // SQLite reads no further, so that a script would never come to its end.
  if (sql.contains('\0')) return fail(otherwise, "a NUL character in the SQL");
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  const unsigned flags = lifetime == Lifetime::kCached ? SQLITE_PREPARE_PERSISTENT : 0U;
  const int code =
      sqlite3_prepare_v3(db, data_of(sql), static_cast<int>(sql.size()), flags, &raw, &tail);
  if (code != SQLITE_OK) return fail(sql_error(db, code, otherwise));
  if (rest != nullptr)
    *rest = sql.empty() ? sql : sql.substr(static_cast<std::size_t>(tail - sql.data()));
  Statement statement;
  statement.handle_.reset(raw);
  statement.otherwise_ = otherwise;
  return statement;
}

Result<void> Statement::check(int code) {
  if (code == SQLITE_OK) return {};
  return fail(sql_error(sqlite3_db_handle(get()), code, otherwise_));
}

Result<void> Statement::bind(int parameter, std::int64_t value) {
  return check(sqlite3_bind_int64(get(), parameter, value));
}

Result<void> Statement::bind(int parameter, std::string_view text) {
  return check(sqlite3_bind_text64(get(), parameter, data_of(text), text.size(), SQLITE_STATIC,
                                   SQLITE_UTF8));
}

Result<void> Statement::bind(int parameter, ByteView blob) {
  return check(sqlite3_bind_blob64(get(), parameter, data_of(blob), blob.size(), SQLITE_STATIC));
}

Result<void> Statement::bind(int parameter, const Value& value) {
  struct Binder {
    Statement& statement;
    int parameter;
    Result<void> operator()(std::monostate) const {
      return statement.check(sqlite3_bind_null(statement.get(), parameter));
    }
    Result<void> operator()(std::int64_t v) const { return statement.bind(parameter, v); }
    Result<void> operator()(double v) const {
      return statement.check(sqlite3_bind_double(statement.get(), parameter, v));
    }
    Result<void> operator()(const std::string& v) const {
      return statement.bind(parameter, std::string_view(v));
    }
    Result<void> operator()(const Bytes& v) const { return statement.bind(parameter, ByteView(v)); }
  };
  return std::visit(Binder{*this, parameter}, value);
}

Result<bool> Statement::step() {
  assert(handle_ != nullptr);
  const int code = sqlite3_step(get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail(sql_error(sqlite3_db_handle(get()), code, otherwise_));
}

Result<void> Statement::run() {
  for (;;) {
    const Result<bool> row = step();
    if (!row || !*row) {
      reset();
      if (!row) return fail(row.error());
      return {};
    }
  }
}

void Statement::reset() {
  // The code that sqlite3_reset() repeats was told by step().
  sqlite3_reset(get());
  sqlite3_clear_bindings(get());
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(get(), column);
}

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(get(), column));
  const int bytes = sqlite3_column_bytes(get(), column);
  return data == nullptr ? std::string_view()
                         : std::string_view(data, static_cast<std::size_t>(bytes));
}

ByteView Statement::blob(int column) const {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(get(), column));
  const int bytes = sqlite3_column_bytes(get(), column);
  return data == nullptr ? ByteView() : ByteView(data, static_cast<std::size_t>(bytes));
}

Result<Statement> prepare_own(sqlite3* db, std::string_view sql) {
  return Statement::prepare(db, sql, ErrorCode::kCorrupt, Lifetime::kCached);
}

Result<void> run_own(sqlite3* db, const char* sql) {
  const int code = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(sql_error(db, code, ErrorCode::kCorrupt));
  return {};
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         sqlite3_strnicmp(a.data(), b.data(), static_cast<int>(a.size())) == 0;
}

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    out += c;
    if (c == '"') out += c;
  }
  return out + "\"";
}

}  // namespace tablog::storage
