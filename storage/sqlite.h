// Connection and Statement: SQLite's C interface with ownership and results, nothing more.
// The rest of storage/ uses sqlite3_* directly only for hooks (authorizer.cc, digest.cc).
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "log/entry.h"
#include "log/result.h"

namespace tablog::storage {

// What the last failure on `db` means. Failures of the machinery (memory, I/O, damage) have one
// meaning everywhere: kStorageUnavailable, kQuotaExceeded, kCorrupt. Anything else is the
// statement's own fault, and that is `otherwise`: kRejected for an app's writes, kQueryFailed for
// its queries, kCorrupt for statements of our own, which never fail on a sound database.
[[nodiscard]] Error sql_error(sqlite3* db, int code, ErrorCode otherwise);

// True for what is a truth about the request, the same on every machine; false where the machinery
// failed, so that nothing may be said about the request.
[[nodiscard]] bool is_rejection(const Error& error);

class Connection {
 public:
  // `vfs` may be null: the default one. `flags` are SQLITE_OPEN_*.
  [[nodiscard]] static Result<Connection> open(const std::string& path, int flags, const char* vfs);

  [[nodiscard]] sqlite3* get() const { return db_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
};

// How long a statement is to be kept: the lookaside allocator is not spent on long-lived ones.
enum class Lifetime : std::uint8_t { kOnce, kCached };

class Statement {
 public:
  Statement() = default;

  // Prepares the first statement of `sql`; `rest`, if given, becomes what follows it. An empty
  // statement (only white space and comments) has no handle: `!statement`.
  [[nodiscard]] static Result<Statement> prepare(sqlite3* db, std::string_view sql,
                                                 ErrorCode otherwise, Lifetime lifetime,
                                                 std::string_view* rest = nullptr);

  [[nodiscard]] explicit operator bool() const { return handle_ != nullptr; }
  [[nodiscard]] sqlite3_stmt* get() const { return handle_.get(); }

  // Parameters are numbered from 1. Text and blobs are borrowed until reset().
  [[nodiscard]] Result<void> bind(int parameter, std::int64_t value);
  [[nodiscard]] Result<void> bind(int parameter, std::string_view text);
  [[nodiscard]] Result<void> bind(int parameter, ByteView blob);
  [[nodiscard]] Result<void> bind(int parameter, const Value& value);

  // All of them, from parameter 1 on.
  template <class... Values>
  [[nodiscard]] Result<void> bind_all(const Values&... values) {
    int parameter = 0;
    Result<void> bound;
    (void)((bound = bind(++parameter, values)).has_value() && ...);
    return bound;
  }

  [[nodiscard]] Result<bool> step();  // true: a row is there
  [[nodiscard]] Result<void> run();   // steps to the end, dropping rows, and resets
  void reset();                       // and forgets the bindings

  // Of the row. Views live until the next step() or reset().
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] ByteView blob(int column) const;

 private:
  [[nodiscard]] Result<void> check(int code);

  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  ErrorCode otherwise_{ErrorCode::kCorrupt};
};

// A statement of our own, kept for the connection's life.
[[nodiscard]] Result<Statement> prepare_own(sqlite3* db, std::string_view sql);

// Runs statements of our own, without parameters and without rows.
[[nodiscard]] Result<void> run_own(sqlite3* db, const char* sql);

// Whether SQLite takes the two for one name: they differ in the case of ASCII letters at most.
[[nodiscard]] bool same_name(std::string_view a, std::string_view b);

// `name` as an SQL identifier in double quotes.
[[nodiscard]] std::string quoted(std::string_view name);

}  // namespace tablog::storage
