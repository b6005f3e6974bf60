#include "storage/apply.h"

#include "log/codec.h"
#include "log/overloaded.h"
#include "storage/determinism.h"
#include "storage/profile.h"

namespace tablog::storage {

namespace {

// What the authorizer does not see of DDL: the new name in ALTER TABLE … RENAME, and a foreign key
// to a table of the store's own, whose cascades would change the app's rows outside of any entry.
constexpr const char* kReservedSql =
    "SELECT 1 FROM sqlite_schema WHERE name LIKE 'tablog\\_%' ESCAPE '\\' "
    "AND name NOT IN ('tablog_state', 'tablog_schema') "
    "UNION ALL SELECT 1 FROM sqlite_schema AS s, pragma_foreign_key_list(s.name) AS f "
    "WHERE s.type = 'table' AND f.\"table\" LIKE 'tablog\\_%' ESCAPE '\\'";

Result<void> check_version(std::uint32_t written_for, std::uint32_t current) {
  if (written_for == current) return {};
  const std::string words = "the request is of schema version " + std::to_string(written_for) +
                            " and the store of " + std::to_string(current);
  if (written_for < current)
    return fail(ErrorCode::kSchemaTooOld, words + ": reload to get the newer version");
  return fail(ErrorCode::kSchemaConflict, words + ": the store has not been migrated yet");
}

// An event of an older version that the current one does not take as it is.
Error untranslated(Error error, const Entry& entry, std::uint32_t current) {
  if (error.code != ErrorCode::kInvalidArgument && error.code != ErrorCode::kUnknownEvent)
    return error;
  error.code = ErrorCode::kSchemaTooOld;
  error.message += "; the event is of schema version " + std::to_string(entry.schema_version) +
                   " and the store of " + std::to_string(current) +
                   ", which has no upcaster for it: reload to get the newer version";
  return error;
}

Result<void> check_shape(const Schema& schema) {
  if ((schema.flags & ~kSchemaFlags) != 0)
    return fail(ErrorCode::kNewerFormat, "the schema's flags are of a newer tablog: reload");
  if (schema.migrations.size() == schema.version) return {};
  return fail(ErrorCode::kInvalidArgument, "a schema of version " + std::to_string(schema.version) +
                                               " must have as many migrations, not " +
                                               std::to_string(schema.migrations.size()));
}

Error prefixed(std::string_view what, Error error) {
  error.message = std::string(what) + ": " + error.message;
  return error;
}

}  // namespace

Applier::Applier(sqlite3* db, Authorizer& authorizer, Digests& digests)
    : db_(db), authorizer_(authorizer), digests_(digests) {}

Applier::Current Applier::make(Entry schema_entry) {
  return std::make_shared<Materializers>(db_, authorizer_, std::move(schema_entry));
}

Result<ApplyResult> Applier::run(const Entry& entry) {
  const PinnedScope pinned({.time_ms = entry.time_ms, .seed = entry.seed});
  sqlite3_set_last_insert_rowid(db_, 0);
  definitions_changed_ = false;
  authorizer_.begin_entry();
  const Result<std::int64_t> changes = run_body(entry);
  if (!changes) return fail(changes.error());
  if (auto seen = digests_.check(); !seen) return fail(seen.error());
  return ApplyResult{.changes = *changes};
}

Result<std::int64_t> Applier::run_body(const Entry& entry) {
  const auto nothing = [](const auto&) -> Result<std::int64_t> { return 0; };
  const auto on_event = [&](const Event& event) -> Result<std::int64_t> {
    if (auto done = run_event(entry, event); !done) return fail(done.error());
    return 0;
  };
  const auto on_exec = [&](const Exec& exec) -> Result<std::int64_t> {
    if (rebuilds())
      return fail(ErrorCode::kRejected, "an exec entry: its SQL is of the tables of its time");
    if (auto same = check_version(entry.schema_version, schema_version()); !same)
      return fail(same.error());
    return run_exec(entry, exec);
  };
  const auto on_schema = [&](const Schema& schema) -> Result<std::int64_t> {
    auto done = rebuilds() ? run_schema_anew(entry, schema) : run_schema(entry, schema);
    if (!done) return fail(done.error());
    return 0;
  };
  return std::visit(Overloaded{nothing, on_event, on_exec, on_schema}, entry.body);
}

Result<void> Applier::run_event(const Entry& entry, const Event& event) {
  if (entry.schema_version > schema_version())
    return check_version(entry.schema_version, schema_version());
  if (!current_) return fail(ErrorCode::kUnknownEvent, "the store has no schema yet");
  auto done = current_->run(entry, event);
  if (!done && entry.schema_version < schema_version() && !rebuilds())
    return fail(untranslated(done.error(), entry, schema_version()));
  if (done && rebuilds()) ++rebuild_->counts.events;
  return done;
}

Result<std::int64_t> Applier::run_exec(const Entry& entry, const Exec& exec) {
  const Result<Script> script = run_script(entry, exec.sql, exec.params, "exec");
  if (!script) return fail(script.error());
  if (script->statements == 0)
    return fail(ErrorCode::kInvalidArgument, "exec: there is no statement in it");
  if (auto settled = settle_definitions(); !settled) return fail(settled.error());
  return script->changes;
}

Result<void> Applier::run_schema(const Entry& entry, const Schema& schema) {
  if (starts_anew(entry)) {
    return fail(ErrorCode::kInvalidArgument,
                "from this entry on the state is made anew from all before it");
  }
  if (auto able = check_engine(schema); !able) return able;
  if (auto shaped = check_shape(schema); !shaped) return shaped;
  if (current_ && schema.version < schema_version()) {
    return fail(ErrorCode::kSchemaTooOld, "the store is at schema version " +
                                              std::to_string(schema_version()) + " and this is " +
                                              std::to_string(schema.version) +
                                              ": reload to get the newer version");
  }
  if (current_ && schema.version == schema_version() &&
      hash_schema(schema) != hash_schema(current_->schema())) {
    return fail(ErrorCode::kSchemaConflict,
                "schema version " + std::to_string(schema.version) +
                    " is in use with another text: give the new one a new version");
  }
  if (auto migrated = run_migrations(entry, schema); !migrated) return migrated;
  return bring(entry);
}

Result<void> Applier::bring(const Entry& schema_entry) {
  Current fresh = make(schema_entry);
  if (auto compiled = fresh->compile_all(); !compiled) return compiled;
  current_ = std::move(fresh);
  return {};
}

// From the current version's on.
Result<void> Applier::run_migrations(const Entry& entry, const Schema& schema) {
  for (std::uint32_t version = schema_version(); version < schema.version; ++version) {
    const Result<Script> done = run_script(entry, schema.migrations[version], {}, "a migration");
    if (!done)
      return fail(prefixed("migration to version " + std::to_string(version + 1), done.error()));
  }
  return settle_definitions();
}

// ---- making the state anew

void Applier::begin_rebuild(Schema schema) {
  Entry entry;
  entry.body = std::move(schema);
  rebuild_ = Rebuild{.target = make(std::move(entry)), .counts = {}};
  current_ = nullptr;  // until it is prepared
}

Result<void> Applier::prepare_rebuild(const Entry& first) {
  const Schema& schema = rebuild_->target->schema();
  const PinnedScope pinned({.time_ms = first.time_ms, .seed = first.seed});
  sqlite3_set_last_insert_rowid(db_, 0);
  definitions_changed_ = false;
  authorizer_.begin_entry();
  if (auto able = check_engine(schema); !able) return able;
  if (auto shaped = check_shape(schema); !shaped) return shaped;
  if (auto migrated = run_migrations(first, schema); !migrated) return migrated;
  if (auto compiled = rebuild_->target->compile_all(); !compiled) return compiled;
  current_ = rebuild_->target;
  return digests_.check();
}

// Of earlier versions: nothing. The one that the state is made for ends it.
Result<void> Applier::run_schema_anew(const Entry& entry, const Schema& schema) {
  if (!starts_anew(entry) || hash_schema(schema) != hash_schema(rebuild_->target->schema()))
    return {};
  if (auto able = check_engine(schema); !able) return able;
  return bring(entry);
}

bool Applier::leaves_out(const Entry& entry, const Error& error) {
  if (!rebuilds() || !is_rejection(error)) return false;
  const auto skips = [&](std::uint32_t bit, std::uint64_t& count) {
    if ((rebuild_->target->schema().flags & bit) == 0) return false;
    ++count;
    return true;
  };
  RebuildCounts& counts = rebuild_->counts;
  if (std::holds_alternative<Exec>(entry.body)) return skips(kSchemaSkipsExec, counts.exec);
  if (!std::holds_alternative<Event>(entry.body)) return false;
  return error.code == ErrorCode::kUnknownEvent ? skips(kSchemaSkipsUnknown, counts.unknown)
                                                : skips(kSchemaSkipsFailed, counts.failed);
}

Result<Applier::Script> Applier::run_script(const Entry& entry, std::string_view sql,
                                            std::span<const Argument> arguments,
                                            std::string_view what) {
  Parameters parameters(&entry, arguments, what);
  if (auto checked = parameters.check(); !checked) return fail(checked.error());
  std::vector<ParameterNames> names;
  Script script;
  for (std::string_view rest = sql; !rest.empty();) {
    Result<Statement> statement = [&] {
      const Authorizer::Scope scope(authorizer_, Purpose::kDefinition, Phase::kPrepare);
      return Statement::prepare(db_, rest, ErrorCode::kRejected, Lifetime::kOnce, &rest);
    }();
    if (!statement) return fail(authorizer_.explain(statement.error()));
    if (!*statement) continue;
    names.push_back(parameter_names(*statement));
    if (auto bound = parameters.bind(*statement, names.back()); !bound) return fail(bound.error());
    const Result<std::int64_t> changes = run_statement(*statement);
    if (!changes) return fail(changes.error());
    script.changes += *changes;
    ++script.statements;
  }
  if (auto used = parameters.check_all_used(names); !used) return fail(used.error());
  return script;
}

// Direct changes only: sqlite3_changes() is of the last statement that changed rows, so it counts
// only where this one did, and not where DDL had a virtual table change rows of its own.
Result<std::int64_t> Applier::run_statement(Statement& statement) {
  Authorizer::Definitions defined = authorizer_.take_definitions();
  if (defined.changed) {
    definitions_changed_ = true;
    digests_.redefine(defined.tables);
  }
  const std::int64_t before = sqlite3_total_changes64(db_);
  const Authorizer::Scope scope(authorizer_, Purpose::kDefinition, Phase::kStep);
  if (auto done = statement.run(); !done) return fail(authorizer_.explain(done.error()));
  if (defined.changed || sqlite3_total_changes64(db_) == before) return 0;
  return sqlite3_changes64(db_);
}

Result<void> Applier::settle_definitions() {
  if (!definitions_changed_) return {};
  Result<Statement> reserved = prepare_own(db_, kReservedSql);
  if (!reserved) return fail(reserved.error());
  const Result<bool> found = reserved->step();
  if (!found) return fail(found.error());
  if (*found)
    return fail(ErrorCode::kRejected, "tables that begin with tablog_ are the store's own");
  reserved->reset();
  return digests_.settle();
}

}  // namespace tablog::storage
