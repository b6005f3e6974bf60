// SQL as text: what sqlite3 takes back as the same value. Not for a person's eyes: text.h's
// literal() is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "log/entry.h"
#include "tools/output.h"

namespace tablog::tools {

[[nodiscard]] std::string sql_name(std::string_view name);  // "name"
[[nodiscard]] std::string sql_literal(const Value& value);
// Of the values as json_of(Value) writes them; objects and arrays are their JSON text.
[[nodiscard]] std::string sql_literal(const Json& value);

[[nodiscard]] std::string sql_table(const Shape& shape);  // name(columns), as CREATE TABLE takes it
// Without the semicolon. What the row does not have is NULL.
[[nodiscard]] std::string sql_insert(const Shape& shape, const Json& row);
[[nodiscard]] std::string sql_insert(const Shape& shape, const std::vector<std::string>& literals);

}  // namespace tablog::tools
