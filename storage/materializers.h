// Materializers: the SQL of one schema's event types, compiled once and kept.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "log/entry.h"
#include "storage/authorizer.h"
#include "storage/parameters.h"
#include "storage/sqlite.h"
#include "storage/upcasters.h"

namespace tablog::storage {

class Materializers {
 public:
  // `entry` holds the Schema; its SQL is compiled when it is first used, or by compile_all().
  Materializers(sqlite3* db, Authorizer& authorizer, Entry entry);
  ~Materializers() = default;
  Materializers(const Materializers&) = delete;
  Materializers& operator=(const Materializers&) = delete;

  [[nodiscard]] const Entry& entry() const { return entry_; }
  [[nodiscard]] const Schema& schema() const { return std::get<Schema>(entry_.body); }

  // kRejected where some type's SQL does not compile against the database as it is now: the message
  // names the type, and is SQLite's. kInvalidArgument: a type given twice, or without statements;
  // and as Upcasters::compile_all().
  [[nodiscard]] Result<void> compile_all();

  // Runs what `event` stands for; one of an older version is translated first. kUnknownEvent,
  // kInvalidArgument, kRejected: DESIGN section 8.
  [[nodiscard]] Result<void> run(const Entry& entry, const Event& event);

 private:
  struct Compiled {
    std::vector<Statement> statements;
    std::vector<ParameterNames> names;  // one per statement
  };
  [[nodiscard]] Result<Compiled*> find(const std::string& type);
  [[nodiscard]] Result<Compiled> compile(const Materializer& materializer);
  [[nodiscard]] Result<void> run(const Entry& entry, const std::string& type,
                                 std::span<const Argument> arguments);

  sqlite3* db_;
  Authorizer& authorizer_;
  Entry entry_;
  Upcasters upcasters_;
  std::map<std::string, Compiled, std::less<>> compiled_;
};

}  // namespace tablog::storage
