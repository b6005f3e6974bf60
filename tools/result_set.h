// ResultSet: a query's rows as values, decoded from what storage/rows.h encodes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "log/entry.h"
#include "storage/state_database.h"
#include "tools/output.h"

namespace tablog::tools {

using Row = std::vector<Value>;

struct ResultSet {
  std::vector<std::string> columns{};
  std::vector<Row> rows{};
};

// One reading statement on the committed state. kQueryFailed, with SQLite's words.
[[nodiscard]] Result<ResultSet> ask(storage::StateDatabase& state, const std::string& sql,
                                    std::span<const Value> params = {});

// Columns of one name are told apart: "n", "n:2".
void make_unique(std::vector<std::string>& columns);

}  // namespace tablog::tools
