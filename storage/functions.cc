// classify_function: the built-in functions of SQLite 3.54.1 as compiled by
// cmake/sqlite/options.cmake.
#include <algorithm>
#include <array>

#include "storage/authorizer.h"

namespace tablog::storage {

namespace {

using Names = std::string_view;

// Exact in IEEE arithmetic, or SQLite's own code. date and time are the entry's; random() too.
constexpr auto kSame = std::to_array<Names>({
    "->",
    "->>",
    "abs",
    "avg",
    "ceil",
    "ceiling",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "datetime",
    "degrees",
    "dense_rank",
    "first_value",
    "floor",
    "format",
    "fts5",
    "fts5_insttoken",
    "fts5_locale",
    "fts5_source_id",
    "glob",
    "group_concat",
    "hex",
    "highlight",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_insert",
    "json_array_length",
    "json_each",
    "json_error_position",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_patch",
    "json_pretty",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_tree",
    "json_type",
    "json_valid",
    "jsonb",
    "jsonb_array",
    "jsonb_array_insert",
    "jsonb_extract",
    "jsonb_group_array",
    "jsonb_group_object",
    "jsonb_insert",
    "jsonb_object",
    "jsonb_patch",
    "jsonb_remove",
    "jsonb_replace",
    "jsonb_set",
    "julianday",
    "lag",
    "last_insert_rowid",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "lower",
    "ltrim",
    "match",
    "max",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "pi",
    "printf",
    "quote",
    "radians",
    "random",
    "randomblob",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sqlite_compileoption_get",
    "sqlite_compileoption_used",
    "sqlite_source_id",
    "sqlite_version",
    "sqrt",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "subtype",
    "sum",
    "time",
    "timediff",
    "total",
    "trim",
    "trunc",
    "typeof",
    "unhex",
    "unicode",
    "unistr",
    "unistr_quote",
    "unixepoch",
    "unlikely",
    "upper",
    "zeroblob",
});

// The last bit of the transcendental ones is the math library's; bm25 takes a logarithm. snippet
// weighs with floats that come from it. changes() and the like tell of the connection, not the log.
constexpr auto kDiffers = std::to_array<Names>({
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bm25",
    "changes",
    "cos",
    "cosh",
    "exp",
    "fts5_get_locale",
    "ln",
    "log",
    "log10",
    "log2",
    "pow",
    "power",
    "sin",
    "sinh",
    "snippet",
    "sqlite_log",
    "sqlite_offset",
    "tan",
    "tanh",
    "total_changes",
});

static_assert(std::ranges::is_sorted(kSame));
static_assert(std::ranges::is_sorted(kDiffers));

std::string lower(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

FunctionClass classify_function(std::string_view name) {
  const std::string key = lower(name);
  if (std::ranges::binary_search(kSame, key)) return FunctionClass::kSame;
  if (std::ranges::binary_search(kDiffers, key)) return FunctionClass::kDiffers;
  // ALTER TABLE rewrites the schema with functions of its own; SQL cannot name them.
  if (key.starts_with("sqlite_rename_") || key.starts_with("sqlite_drop_") ||
      key.starts_with("sqlite_add_") || key == "sqlite_fail" || key == "sqlite_find_constraint" ||
      key == "sqlite_filestat") {
    return FunctionClass::kSame;
  }
  return FunctionClass::kUnknown;
}

}  // namespace tablog::storage
