// Parameters: an event's arguments, and what the entry itself gives ($index, $term, $time,
// $client), bound to the statements that name them. Every parameter must be given and every
// argument be used.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "log/entry.h"
#include "storage/sqlite.h"

namespace tablog::storage {

// The parameters of one statement in order, without their first character: ":id" is "id", ":$time"
// is
// "$time", and the first "?" is "1".
using ParameterNames = std::vector<std::string>;
[[nodiscard]] ParameterNames parameter_names(const Statement& statement);

class Parameters {
 public:
  // Borrows all. No `entry`: a query's, which has no entry to ask. `what` names the event or
  // statement in messages: "todo.added".
  Parameters(const Entry* entry, std::span<const Argument> arguments, std::string_view what);

  // kInvalidArgument for a name that is given twice or is the entry's own, and for what SQLite
  // would not keep as it is: NaN, infinities, text that is not UTF-8.
  [[nodiscard]] Result<void> check() const;

  // Binds all that `statement` names. kInvalidArgument: "missing parameter :title of todo.added".
  [[nodiscard]] Result<void> bind(Statement& statement, const ParameterNames& names);

  // When all statements are bound; `wanted` are their names.
  // kInvalidArgument: "unknown parameter :tittle of todo.added, did you mean :title?"
  [[nodiscard]] Result<void> check_all_used(std::span<const ParameterNames> wanted) const;

 private:
  [[nodiscard]] Result<void> bind_one(Statement& statement, int parameter, const std::string& name);
  [[nodiscard]] bool is_own(std::string_view name) const;

  const Entry* entry_;
  std::span<const Argument> arguments_;
  std::string_view what_;
  std::string client_;      // in hexadecimal, while it is bound
  std::vector<bool> used_;  // per argument
};

}  // namespace tablog::storage
