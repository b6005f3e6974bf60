#include "storage/state_tables.h"

#include "log/codec.h"

namespace tablog::storage {

namespace {

constexpr const char* kCreateSql = R"sql(
CREATE TABLE tablog_state(
  kind INTEGER, key ANY, value BLOB NOT NULL,
  format INTEGER, applied INTEGER, last_app INTEGER, term INTEGER, time_ms INTEGER, chain BLOB,
  checkpoint INTEGER, PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID;
CREATE TABLE tablog_schema(id INTEGER PRIMARY KEY CHECK (id = 1), entry BLOB NOT NULL) STRICT;
INSERT INTO tablog_state VALUES (0, 0, zeroblob(16), 1, 0, 0, 0, 0, zeroblob(16), 0);
)sql";
static_assert(kStateFormat == 1);  // the row above says so

std::unexpected<Error> foreign(const char* what) {
  return fail(ErrorCode::kCorrupt, std::string("not a sound state database: ") + what);
}

Result<bool> exists(sqlite3* db, const char* sql) {
  Result<Statement> statement = prepare_own(db, sql);
  if (!statement) return fail(statement.error());
  return statement->step();
}

}  // namespace

Result<void> StateTables::create_or_check() {
  const Result<bool> ours = exists(db_, "SELECT 1 FROM sqlite_schema WHERE name = 'tablog_state'");
  if (!ours) return fail(ours.error());
  if (!*ours) {
    const Result<bool> other = exists(db_, "SELECT 1 FROM sqlite_schema");
    if (!other) return fail(other.error());
    if (*other) return foreign("it has tables, but not the store's");
    return run_own(db_, (std::string("BEGIN;") + kCreateSql + "COMMIT;").c_str());
  }
  Result<Statement> format = prepare_own(db_, "SELECT format FROM tablog_state WHERE kind = 0");
  if (!format) return fail(format.error());
  const Result<bool> row = format->step();
  if (!row) return fail(row.error());
  if (!*row) return foreign("tablog_state has no row");
  if (format->integer(0) > kStateFormat) {
    return fail(ErrorCode::kNewerFormat,
                "the state database was written by a newer tablog: reload");
  }
  return {};
}

Result<void> StateTables::create_beside() {
  const Result<bool> taken =
      exists(db_, "SELECT 1 FROM sqlite_schema WHERE name LIKE 'tablog\\_%' ESCAPE '\\'");
  if (!taken) return fail(taken.error());
  if (*taken) {
    return fail(ErrorCode::kInvalidArgument,
                "names that begin with tablog_ are the store's own: rename them first");
  }
  return run_own(db_, (std::string("BEGIN;") + kCreateSql + "COMMIT;").c_str());
}

Result<Progress> StateTables::progress() {
  Result<Statement> statement = prepare_own(db_,
                                            "SELECT value, applied, last_app, term, time_ms, "
                                            "chain, checkpoint FROM tablog_state WHERE kind = 0");
  if (!statement) return fail(statement.error());
  const Result<bool> row = statement->step();
  if (!row) return fail(row.error());
  if (!*row) return foreign("tablog_state has no row");
  const auto store = bits_from<StoreId>(statement->blob(0));
  const auto chain = bits_from<ChainHash>(statement->blob(5));
  const std::int64_t applied = statement->integer(1);
  const std::int64_t last_app = statement->integer(2);
  if (!store || !chain || last_app < 0 || applied < last_app ||
      Index{static_cast<std::uint64_t>(applied)} > kIndexMax)
    return foreign("tablog_state makes no sense");
  return Progress{.store = *store,
                  .applied = Index{static_cast<std::uint64_t>(applied)},
                  .last_app = Index{static_cast<std::uint64_t>(last_app)},
                  .term = Term{static_cast<std::uint64_t>(statement->integer(3))},
                  .time_ms = statement->integer(4),
                  .chain = *chain,
                  .checkpoint = Index{static_cast<std::uint64_t>(statement->integer(6))}};
}

Result<SessionTable> StateTables::sessions() {
  SessionTable table;
  Result<Statement> rows = prepare_own(db_, "SELECT key, value FROM tablog_state WHERE kind = 2");
  if (!rows) return fail(rows.error());
  for (;;) {
    const Result<bool> row = rows->step();
    if (!row) return fail(row.error());
    if (!*row) break;
    const auto client = bits_from<ClientId>(rows->blob(0));
    Result<Session> session = SessionTable::decode(rows->blob(1));
    if (!client || !session) return foreign("a session does not decode");
    table.restore(*client, std::move(*session));
  }
  (void)table.take_dirty();  // they are as they stand in the database
  return table;
}

Result<std::optional<Entry>> StateTables::schema() {
  Result<Statement> statement = prepare_own(db_, "SELECT entry FROM tablog_schema WHERE id = 1");
  if (!statement) return fail(statement.error());
  const Result<bool> row = statement->step();
  if (!row) return fail(row.error());
  if (!*row) return std::nullopt;
  Result<Entry> entry = decode_entry(statement->blob(0));
  if (!entry || !std::holds_alternative<Schema>(entry->body))
    return foreign("its schema does not decode");
  return std::move(*entry);
}

Result<Statement*> StateTables::prepared(Statement& statement, const char* sql) {
  if (!statement) {
    Result<Statement> fresh = prepare_own(db_, sql);
    if (!fresh) return fail(fresh.error());
    statement = std::move(*fresh);
  }
  return &statement;
}

Result<void> StateTables::write(const Progress& progress) {
  const Result<Statement*> update = prepared(
      write_progress_,
      "UPDATE tablog_state SET value = ?1, applied = ?2, last_app = ?3, term = ?4, time_ms = ?5, "
      "chain = ?6, checkpoint = ?7 WHERE kind = 0 AND key = 0");
  if (!update) return fail(update.error());
  const auto bound = (*update)->bind_all(
      ByteView(progress.store.bytes), static_cast<std::int64_t>(progress.applied.value),
      static_cast<std::int64_t>(progress.last_app.value),
      static_cast<std::int64_t>(progress.term.value), progress.time_ms,
      ByteView(progress.chain.bytes), static_cast<std::int64_t>(progress.checkpoint.value));
  if (!bound) return bound;
  return (*update)->run();
}

Result<void> StateTables::write(SessionTable& sessions) {
  for (const ClientId& client : sessions.take_dirty()) {
    const Session* session = sessions.find(client);
    const Result<Statement*> chosen =
        session == nullptr
            ? prepared(drop_session_, "DELETE FROM tablog_state WHERE kind = 2 AND key = ?1")
            : prepared(write_session_,
                       "INSERT INTO tablog_state(kind, key, value) VALUES (2, ?1, ?2) "
                       "ON CONFLICT DO UPDATE SET value = excluded.value");
    if (!chosen) return fail(chosen.error());
    Statement& statement = **chosen;
    if (auto bound = statement.bind(1, ByteView(client.bytes)); !bound) return bound;
    Bytes state;
    if (session != nullptr) {
      state = SessionTable::encode(*session);
      if (auto bound = statement.bind(2, ByteView(state)); !bound) return bound;
    }
    if (auto done = statement.run(); !done) return done;
  }
  return {};
}

Result<void> StateTables::write_schema(ByteView encoded_entry) {
  Result<Statement> statement =
      prepare_own(db_, "INSERT OR REPLACE INTO tablog_schema(id, entry) VALUES (1, ?1)");
  if (!statement) return fail(statement.error());
  if (auto bound = statement->bind(1, encoded_entry); !bound) return bound;
  return statement->run();
}

}  // namespace tablog::storage
