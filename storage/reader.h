// Reader: an app's queries on one connection. Nothing that it runs can change anything.
#pragma once

#include <list>
#include <span>
#include <string>
#include <unordered_map>

#include "log/entry.h"
#include "storage/authorizer.h"
#include "storage/parameters.h"
#include "storage/rows.h"
#include "storage/sqlite.h"

namespace tablog::storage {

class Reader {
 public:
  Reader(sqlite3* db, Authorizer& authorizer) : db_(db), authorizer_(authorizer) {}

  // Exactly one statement, and a plain read. kQueryFailed, kInvalidArgument (parameters).
  [[nodiscard]] Result<Rows> query(const std::string& sql, std::span<const Argument> arguments);

  // What it reads, by the names in the schema.
  [[nodiscard]] Result<TableNames> tables_read(const std::string& sql);

  // The database as one SQLite file that is not in WAL mode.
  [[nodiscard]] Result<Bytes> snapshot();

 private:
  static constexpr std::size_t kStatementsMax = 64;  // compiled queries that are kept
  struct Compiled {
    std::string sql;
    Statement statement;
    ParameterNames names;
    TableNames reads;
  };
  using Recent = std::list<Compiled>;  // the last used first
  [[nodiscard]] Result<Compiled*> find(const std::string& sql);
  [[nodiscard]] Result<Compiled> compile(const std::string& sql);

  sqlite3* db_;
  Authorizer& authorizer_;
  Recent recent_;
  std::unordered_map<std::string_view, Recent::iterator> by_sql_;
};

}  // namespace tablog::storage
