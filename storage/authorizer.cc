#include "storage/authorizer.h"

#include <algorithm>
#include <array>

#include "storage/sqlite.h"

namespace tablog::storage {

namespace {

// As same_name().
bool starts_with(std::string_view name, std::string_view lower_prefix) {
  return name.size() >= lower_prefix.size() &&
         sqlite3_strnicmp(name.data(), lower_prefix.data(),
                          static_cast<int>(lower_prefix.size())) == 0;
}

template <class List>
bool contains(const List& list, std::string_view name) {
  return std::ranges::any_of(list, [&](std::string_view item) { return same_name(name, item); });
}

// Pragmas that tell of definitions, in an order that does not depend on the connection's past.
constexpr auto kSamePragmas = std::to_array<std::string_view>(
    {"table_info", "table_xinfo", "index_info", "index_xinfo", "foreign_key_list"});
// For queries besides: with an argument that names something, and without any (there it would set).
constexpr auto kQueryPragmas = std::to_array<std::string_view>(
    {"table_list", "index_list", "foreign_key_check", "integrity_check", "quick_check"});
constexpr auto kPlainPragmas = std::to_array<std::string_view>(
    {"user_version", "application_id", "schema_version", "data_version", "page_count", "page_size",
     "freelist_count", "encoding", "foreign_keys", "collation_list", "function_list", "module_list",
     "pragma_list", "compile_options", "database_list"});
constexpr auto kModules = std::to_array<std::string_view>({"fts5", "fts5vocab"});

constexpr std::string_view kNoTemp = "temporary objects are not allowed: they are not in the log";

std::string_view or_empty(const char* text) {
  return text == nullptr ? std::string_view() : text;
}

bool is_own(std::string_view name) {
  return starts_with(name, "tablog_");
}

}  // namespace

Authorizer::Authorizer(sqlite3* db) : db_(db) {
  sqlite3_set_authorizer(
      db,
      [](void* self, int action, const char* first, const char* second, const char* database,
         const char*) {
        return static_cast<Authorizer*>(self)->judge(action, or_empty(first), or_empty(second),
                                                     or_empty(database));
      },
      this);
}

Authorizer::~Authorizer() {
  sqlite3_set_authorizer(db_, nullptr, nullptr);
}

Authorizer::Scope::Scope(Authorizer& authorizer, Purpose purpose, Phase phase)
    : authorizer_(authorizer), purpose_(authorizer.purpose_), phase_(authorizer.phase_) {
  authorizer.purpose_ = purpose;
  authorizer.phase_ = phase;
  authorizer.refusal_.clear();
  authorizer.dropping_ = false;
}

Authorizer::Scope::~Scope() {
  authorizer_.purpose_ = purpose_;
  authorizer_.phase_ = phase_;
}

Error Authorizer::explain(Error error) {
  if (!refusal_.empty()) error.message = std::exchange(refusal_, {});
  return error;
}

Authorizer::Definitions Authorizer::take_definitions() {
  return std::exchange(definitions_, {});
}

void Authorizer::begin_entry() {
  definitions_ = {};
  new_virtual_tables_.clear();
}

bool Authorizer::is_virtual(std::string_view table) const {
  return contains(new_virtual_tables_, table) || (is_virtual_ && is_virtual_(table));
}

void Authorizer::set_is_virtual(std::function<bool(std::string_view)> is_virtual) {
  is_virtual_ = std::move(is_virtual);
}

int Authorizer::refuse(std::string words) {
  if (refusal_.empty()) refusal_ = std::move(words);
  return SQLITE_DENY;
}

int Authorizer::judge(int action, std::string_view first, std::string_view second,
                      std::string_view database) {
  if (purpose_ == Purpose::kOwn) return SQLITE_OK;
  // CREATE TABLE temp.t does not come as SQLITE_CREATE_TEMP_TABLE.
  if (database == "temp") return refuse(std::string(kNoTemp));
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_READ:
      return judge_read(first, second);
    case SQLITE_FUNCTION:
      return judge_function(second);
    case SQLITE_PRAGMA:
      return judge_pragma(first, second);
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
      return judge_write(action, first);
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
      return refuse((action == SQLITE_SAVEPOINT ? "SAVEPOINT" : std::string(first)) +
                    " is not allowed: the store begins and ends transactions itself");
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
      return refuse("ATTACH, DETACH and VACUUM are not allowed: a store is one database");
    case SQLITE_ANALYZE:
      return refuse(
          "ANALYZE is not allowed: plans, and so the order of rows, would differ between tabs");
    default:
      return judge_definition(action, first, second);
  }
}

int Authorizer::judge_read(std::string_view table, std::string_view column) {
  if (is_own(table)) return refuse(std::string(table) + " is the store's own table");
  if (purpose_ == Purpose::kQuery) {
    reads_.emplace(
        table);  // also while it runs: SQLite compiles it anew after a change of the schema
    return SQLITE_OK;
  }
  if (starts_with(table, "pragma_") && !contains(kSamePragmas, table.substr(7))) {
    return refuse(std::string(table) +
                  " is not allowed in a write: it is not the same in every tab");
  }
  // DROP reads it itself, to move a page that takes the dropped one's place.
  if (!dropping_ && same_name(column, "rootpage") &&
      (same_name(table, "sqlite_master") || same_name(table, "sqlite_schema"))) {
    return refuse(
        "sqlite_schema.rootpage is not allowed in a write: it is not the same in every tab");
  }
  if (same_name(column, "rank") && is_virtual(table)) {
    return refuse(
        "rank is not allowed in a write: its logarithms differ between machines in the last bit");
  }
  return SQLITE_OK;
}

int Authorizer::judge_function(std::string_view name) {
  const FunctionClass found = classify_function(name);
  if (found == FunctionClass::kSame) return SQLITE_OK;
  if (found == FunctionClass::kDiffers) {
    if (purpose_ == Purpose::kQuery) return SQLITE_OK;
    return refuse(std::string(name) +
                  "() is not allowed in a write: its result is not the same in every "
                  "tab; compute it before and pass it as an argument");
  }
  return refuse("the function " + std::string(name) + "() is not allowed");
}

int Authorizer::judge_pragma(std::string_view name, std::string_view value) {
  const bool same = contains(kSamePragmas, name);
  if (purpose_ == Purpose::kQuery) {
    if (same || contains(kQueryPragmas, name)) return SQLITE_OK;
    if (value.empty() && contains(kPlainPragmas, name)) return SQLITE_OK;
  } else if (phase_ == Phase::kStep && (same || name == "data_version")) {
    return SQLITE_OK;  // of pragma_table_info() and the like; FTS5 asks for data_version
  }
  if (phase_ == Phase::kStep && name == "data_version") return SQLITE_OK;
  return refuse("PRAGMA " + std::string(name) +
                " is not allowed: settings are fixed for every connection");
}

int Authorizer::judge_write(int action, std::string_view table) {
  if (purpose_ == Purpose::kQuery) {
    return refuse(std::string(action == SQLITE_INSERT   ? "INSERT"
                              : action == SQLITE_UPDATE ? "UPDATE"
                                                        : "DELETE") +
                  " is not allowed: a query only reads; use append() or exec()");
  }
  if (is_own(table)) return refuse(std::string(table) + " is the store's own table");
  if (starts_with(table, "sqlite_stat")) {
    return refuse(std::string(table) + " must not be written: plans would differ between tabs");
  }
  return SQLITE_OK;
}

int Authorizer::judge_definition(int action, std::string_view first, std::string_view second) {
  const std::string_view table = action == SQLITE_ALTER_TABLE ? second : first;
  switch (action) {
    case SQLITE_CREATE_VTABLE:
      if (!contains(kModules, second)) {
        return refuse("virtual tables of module " + std::string(second) + " are not allowed");
      }
      break;
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_VTABLE:
    case SQLITE_DROP_INDEX:
      dropping_ = true;
      break;
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_DROP_VIEW:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_ALTER_TABLE:
    case SQLITE_REINDEX:
      break;
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_DROP_TEMP_TABLE:
    case SQLITE_DROP_TEMP_INDEX:
    case SQLITE_DROP_TEMP_VIEW:
    case SQLITE_DROP_TEMP_TRIGGER:
      return refuse(std::string(kNoTemp));
    default:
      return refuse("this statement is not allowed");
  }
  if (purpose_ == Purpose::kQuery) {
    return refuse("definitions are not allowed in a query: it only reads; use exec()");
  }
  if (purpose_ == Purpose::kMaterializer) {
    return refuse("definitions are not allowed in a materializer: use a migration or exec()");
  }
  if (is_own(first) || is_own(second)) {
    return refuse("names that begin with tablog_ are the store's own");
  }
  if (action == SQLITE_CREATE_VTABLE) new_virtual_tables_.emplace(table);
  definitions_.changed = true;
  if (action == SQLITE_CREATE_TABLE || action == SQLITE_CREATE_VTABLE ||
      action == SQLITE_DROP_TABLE || action == SQLITE_DROP_VTABLE || action == SQLITE_ALTER_TABLE) {
    definitions_.tables.emplace(table);
  }
  return SQLITE_OK;
}

}  // namespace tablog::storage
