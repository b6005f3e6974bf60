// Changes of a state as a line for a person, and as JSON.
#pragma once

#include <string>

#include "tools/output.h"
#include "tools/row_changes.h"

namespace tablog::tools {

// "+ todo id=3  title='Milk' done=0", "- todo id=3", "~ todo id=3  done: 0 → 1", painted.
[[nodiscard]] std::string text_of(const RowChange& change, const Output& output);
[[nodiscard]] std::string text_of(const DefinitionChange& change, const Output& output);

// {table, change: "insert" | "update" | "delete", key, before, after}
[[nodiscard]] Json json_of(const RowChange& change);
// {table, change: "definition", type, before, after}: SQL
[[nodiscard]] Json json_of(const DefinitionChange& change);

}  // namespace tablog::tools
