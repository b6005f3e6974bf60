#include "storage/profile.h"

#include <sqlite_build.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "log/hash.h"

namespace tablog::storage {

namespace {

// cache_spill is off so that an app's statement never writes a file: the WAL's salts would be drawn
// from the generator that random() uses, and a full disk would look like the statement's failure.
constexpr std::array kPragmas = {
    "page_size=4096",        "encoding='UTF-8'",   "auto_vacuum=NONE", "foreign_keys=ON",
    "recursive_triggers=ON", "temp_store=MEMORY",  "cache_spill=OFF",  "cell_size_check=ON",
    "secure_delete=OFF",     "automatic_index=ON", "cache_size=-8192",
};

struct Setting {
  int id;
  int value;
};

constexpr std::array kLimits = {
    Setting{SQLITE_LIMIT_LENGTH, kValueBytesMax},
    Setting{SQLITE_LIMIT_SQL_LENGTH, 16 << 20},
    Setting{SQLITE_LIMIT_COLUMN, 2000},
    Setting{SQLITE_LIMIT_EXPR_DEPTH,
            500},  // bounds the native stack that the compiler of SQL takes
    Setting{SQLITE_LIMIT_COMPOUND_SELECT, 500},
    Setting{SQLITE_LIMIT_VDBE_OP, 25'000'000},
    Setting{SQLITE_LIMIT_FUNCTION_ARG, 127},
    Setting{SQLITE_LIMIT_ATTACHED, 0},
    Setting{SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50'000},
    Setting{SQLITE_LIMIT_VARIABLE_NUMBER, 32'766},
    Setting{SQLITE_LIMIT_TRIGGER_DEPTH, 1000},
    Setting{SQLITE_LIMIT_WORKER_THREADS, 0},
    Setting{SQLITE_LIMIT_PARSER_DEPTH, 1000},
    Setting{SQLITE_LIMIT_SCHEMA, 100'000},
    Setting{SQLITE_LIMIT_TRIGGER_STEPS, 10'000},
};

// QPSG: a plan never depends on the values bound, so that a cached statement and a fresh one agree.
constexpr std::array kSwitches = {
    Setting{SQLITE_DBCONFIG_DEFENSIVE, 1},         Setting{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    Setting{SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},   Setting{SQLITE_DBCONFIG_ENABLE_FKEY, 1},
    Setting{SQLITE_DBCONFIG_ENABLE_TRIGGER, 1},    Setting{SQLITE_DBCONFIG_ENABLE_VIEW, 1},
    Setting{SQLITE_DBCONFIG_ENABLE_QPSG, 1},       Setting{SQLITE_DBCONFIG_DQS_DML, 0},
    Setting{SQLITE_DBCONFIG_DQS_DDL, 0},           Setting{SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 0},
    Setting{SQLITE_DBCONFIG_REVERSE_SCANORDER, 0}, Setting{SQLITE_DBCONFIG_ENABLE_COMMENTS, 1},
    Setting{SQLITE_DBCONFIG_TRIGGER_EQP, 0},       Setting{SQLITE_DBCONFIG_LEGACY_FILE_FORMAT, 0},
};

std::array<int, 3> version_parts(std::string_view text) {
  std::array<int, 3> parts{};
  for (int& part : parts) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), part);
    if (error != std::errc()) break;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.empty()) text.remove_prefix(1);
  }
  return parts;
}

}  // namespace

Result<void> apply_profile(sqlite3* db) {
  for (const char* pragma : kPragmas) {
    if (auto done = run_own(db, ("PRAGMA " + std::string(pragma)).c_str()); !done) return done;
  }
  for (const Setting& limit : kLimits) sqlite3_limit(db, limit.id, limit.value);
  for (const Setting& option : kSwitches) {
    const int code = sqlite3_db_config(db, option.id, option.value, nullptr);
    if (code != SQLITE_OK) return fail(sql_error(db, code, ErrorCode::kStorageUnavailable));
  }
  return {};
}

std::string engine_version() {
  return sqlite3_libversion();
}

std::string engine_options() {
  return std::string(kSqliteOptions);
}

std::uint64_t profile_hash() {
  std::string text;
  for (const char* pragma : kPragmas) text += std::string(pragma) + ';';
  for (const Setting& limit : kLimits) {
    text += "limit " + std::to_string(limit.id) + '=' + std::to_string(limit.value) + ';';
  }
  for (const Setting& option : kSwitches) {
    text += "config " + std::to_string(option.id) + '=' + std::to_string(option.value) + ';';
  }
  return hash64(std::as_bytes(std::span(text)));
}

void stamp_engine(Schema& schema) {
  schema.engine = engine_version();
  schema.compile_options = engine_options();
  schema.profile_hash = profile_hash();
}

Result<void> check_engine(const Schema& schema) {
  const auto theirs = version_parts(schema.engine);
  const auto ours = version_parts(engine_version());
  if (theirs > ours) {
    return fail(ErrorCode::kEngineTooOld, "the log needs SQLite " + schema.engine +
                                              " and this is " + engine_version() +
                                              ": reload to get the newer version");
  }
  if (theirs == ours &&
      (schema.compile_options != engine_options() || schema.profile_hash != profile_hash())) {
    return fail(ErrorCode::kEngineTooOld, "the log was written by another build of SQLite " +
                                              schema.engine + ": reload to get the same version");
  }
  return {};
}

}  // namespace tablog::storage
