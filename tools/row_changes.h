// Row changes: what is different between two states of one store, row by row. Virtual tables, whose
// rows live in others, and the store's own tables are left out.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/changes.h"
#include "storage/state_database.h"
#include "tools/result_set.h"

namespace tablog::tools {

struct Relation {
  std::string name{};
  std::string sql{};                   // that defines it
  std::vector<std::string> columns{};  // generated ones left out
  std::vector<std::string> key{};      // that tells rows apart: of the primary key, or "rowid"
};

// A row that is in one of the two only, or in both with other values. `before` and `after` have the
// relation's columns.
struct RowChange {
  std::shared_ptr<const Relation> relation{};
  Row key{};
  std::optional<Row> before{};
  std::optional<Row> after{};
};

// A table that is in one of the two only, or is defined otherwise: what follows are its rows in the
// second, as if it had been dropped and made again. Indexes, triggers and views likewise, without
// rows.
struct DefinitionChange {
  std::string name{};
  std::string type{};  // "table", "index", "trigger", "view"
  std::optional<std::string> before{};
  std::optional<std::string> after{};
  // An index or a trigger that is the same in both, but was dropped with its table: SQL has to make
  // it again, and there is nothing to tell.
  bool goes_with_table{};
};

// Each returns whether to go on.
struct ChangeSink {
  std::function<bool(const DefinitionChange&)> definition{};
  std::function<bool(const RowChange&)> row{};
};

// Compares the tables that `touched` names, or all. Reads both in pages; memory stays bounded by a
// page of rows.
[[nodiscard]] Result<void> compare_states(storage::StateDatabase& before,
                                          storage::StateDatabase& after,
                                          const storage::Changes& touched, const ChangeSink& sink);

// As SQL that makes the one state the other, without the semicolons.
[[nodiscard]] std::string sql_of(const RowChange& change);
[[nodiscard]] std::vector<std::string> sql_of(const DefinitionChange& change);

}  // namespace tablog::tools
