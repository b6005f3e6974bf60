// Upcasters: an event's arguments, as an older schema version has them, in the shape of the current
// one. docs/guide/evolution.md says what an app's author may rely on.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "log/entry.h"
#include "storage/authorizer.h"
#include "storage/parameters.h"
#include "storage/sqlite.h"

namespace tablog::storage {

class Upcasters {
 public:
  // Borrows all; `schema` says which there are.
  Upcasters(sqlite3* db, Authorizer& authorizer, const Schema& schema);

  // kRejected where one's SQL does not compile, kInvalidArgument where one does not make sense: of
  // a type without materializer, from a version that is not older, or given twice.
  [[nodiscard]] Result<void> compile_all();

  // The arguments of `event`, which was written for `entry.schema_version`: through every upcaster
  // of its type from there on, in the order of their versions. Without any they are what they were.
  // JSON has no blobs: one is carried over under its name, unless an upcaster gives that name
  // itself. kInvalidArgument, kRejected: an upcaster does not take these arguments.
  [[nodiscard]] Result<std::vector<Argument>> translate(const Entry& entry, const Event& event);

 private:
  struct Compiled {
    Statement statement;
    ParameterNames names;
  };
  [[nodiscard]] Result<Compiled*> find(std::size_t number);
  [[nodiscard]] Result<Compiled> compile(const Upcaster& upcaster);
  [[nodiscard]] Result<std::vector<Argument>> run(std::size_t number, const Entry& entry,
                                                  std::span<const Argument> arguments);
  [[nodiscard]] Result<std::vector<Argument>> members(std::string_view json);

  sqlite3* db_;
  Authorizer& authorizer_;
  const Schema& schema_;
  std::vector<std::size_t> order_;                 // numbers in schema_.upcasters, by version
  std::vector<std::optional<Compiled>> compiled_;  // by number
  Statement members_;
};

}  // namespace tablog::storage
