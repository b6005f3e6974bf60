#include "tools/sql_text.h"

#include <array>
#include <charconv>
#include <cmath>

#include <nlohmann/json.hpp>

#include "log/overloaded.h"
#include "storage/utf8.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char character : text) {
    out += character;
    if (character == quote) out += quote;
  }
  return out + quote;
}

std::string hex_literal(ByteView bytes) {
  return "x'" + hex_text(bytes) + "'";
}

// A NUL would end the text for sqlite3's shell.
std::string text_literal(std::string_view text) {
  const bool plain = storage::is_utf8(text) && text.find('\0') == std::string_view::npos;
  return plain ? quoted(text, '\'')
               : "CAST(" + hex_literal(std::as_bytes(std::span(text))) + " AS TEXT)";
}

// The shortest that is the same number when it is read; 9e999 is what SQLite's own .dump writes.
std::string float_literal(double value) {
  if (std::isnan(value)) return "NULL";
  if (std::isinf(value)) return value > 0 ? "9e999" : "-9e999";
  std::array<char, 32> digits{};
  std::string text(digits.data(), std::to_chars(digits.begin(), digits.end(), value).ptr);
  const bool integral = text.find_first_not_of("-0123456789") == std::string::npos;
  return integral ? text + ".0" : text;
}

}  // namespace

std::string sql_name(std::string_view name) {
  return quoted(name, '"');
}

std::string sql_literal(const Value& value) {
  return std::visit(Overloaded{[](std::monostate) { return std::string("NULL"); },
                               // Its absolute value is no integer literal.
                               [](std::int64_t integer) {
                                 return integer == INT64_MIN ? "(-9223372036854775807 - 1)"
                                                             : std::to_string(integer);
                               },
                               [](double number) { return float_literal(number); },
                               [](const std::string& text) { return text_literal(text); },
                               [](const Bytes& bytes) { return hex_literal(bytes); }},
                    value);
}

std::string sql_literal(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "NULL";
    case Json::value_t::boolean:
      return value.get<bool>() ? "1" : "0";
    case Json::value_t::string:
      return text_literal(value.get_ref<const std::string&>());
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return value.dump();
    case Json::value_t::number_float:
      return float_literal(value.get<double>());
    default:
      return text_literal(value.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
}

std::string sql_table(const Shape& shape) {
  std::string columns;
  for (const std::string& column : shape.columns) {
    columns += (columns.empty() ? "" : ", ") + sql_name(column);
  }
  return sql_name(shape.table) + "(" + columns + ")";
}

std::string sql_insert(const Shape& shape, const Json& row) {
  std::vector<std::string> literals;
  for (const std::string& column : shape.columns) {
    const auto found = row.find(column);
    literals.push_back(found == row.end() ? "NULL" : sql_literal(*found));
  }
  return sql_insert(shape, literals);
}

std::string sql_insert(const Shape& shape, const std::vector<std::string>& literals) {
  std::string values;
  for (const std::string& each : literals) values += (values.empty() ? "" : ", ") + each;
  return "INSERT INTO " + sql_name(shape.table) + " VALUES (" + values + ")";
}

}  // namespace tablog::tools
