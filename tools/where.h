// Where: an SQL expression over an entry's arguments, as a filter. Names are the arguments'; where
// an entry has no such argument, those of the entry's own fields: "index", term, time (ms since
// 1970), client, request, kind, type, sql, args (JSON).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "log/entry.h"
#include "storage/sqlite.h"

namespace tablog::tools {

class Where {
 public:
  // kInvalidArgument: it is no expression.
  [[nodiscard]] static Result<std::unique_ptr<Where>> compile(std::string expression);

  // Whether it is true of the entry. What it names and the entry does not have makes it false. Any
  // other failure of the expression is kInvalidArgument, with SQLite's words.
  [[nodiscard]] Result<bool> matches(const Entry& entry);

  // SQLite's words, where it has named something that no entry so far had; else empty.
  [[nodiscard]] const std::string& unknown() const { return unknown_; }

 private:
  struct Compiled {
    storage::Statement statement{};  // none: it names what entries like this do not have
  };
  Where(storage::Connection memory, std::string expression)
      : memory_(std::move(memory)), expression_(std::move(expression)) {}
  [[nodiscard]] Result<Compiled*> compiled_for(const std::vector<std::string>& names);

  storage::Connection memory_;  // an empty database, to evaluate in
  std::string expression_;
  std::map<std::string, Compiled> by_names_;
  std::string unknown_;
  bool known_{};
};

}  // namespace tablog::tools
