#include "storage/state_core.h"

#include <cassert>

#include "log/chain.h"
#include "log/codec.h"

namespace tablog::storage {

StateCore::StateCore(Connection opened)
    : connection(std::move(opened)),
      authorizer(connection.get()),
      digests(connection.get()),
      transaction(connection.get(), digests),
      applier(connection.get(), authorizer, digests),
      tables(connection.get()),
      reader(connection.get(), authorizer) {
  authorizer.set_is_virtual([this](std::string_view table) { return digests.is_virtual(table); });
}

Result<void> StateCore::load() {
  if (auto made = tables.create_or_check(); !made) return made;
  const Result<Progress> read = tables.progress();
  if (!read) return fail(read.error());
  Result<SessionTable> table = tables.sessions();
  if (!table) return fail(table.error());
  Result<std::optional<Entry>> schema = tables.schema();
  if (!schema) return fail(schema.error());
  progress = committed = *read;
  sessions = std::move(*table);
  committed_schema = *schema ? applier.make(std::move(**schema)) : nullptr;
  applier.restore(committed_schema);
  return digests.load();
}

Result<void> StateCore::begin_foreign(const EncodedEntry& entry, StoreId store) {
  if (auto made = tables.create_beside(); !made) return made;
  if (auto begun = transaction.begin(); !begun) return begun;
  auto fits = transaction.in_savepoint([&]() -> Result<void> {
    if (auto settled = digests.settle(); !settled) return settled;
    return applier.bring(entry.entry);
  });
  if (!fits) {
    roll_back();
    return fits;
  }
  progress.store = store;
  account(entry.entry, *entry.bytes);
  return commit();
}

Result<ApplyResult> StateCore::apply_in_savepoint(const Entry& entry) {
  const Applier::Current before = applier.current();
  Result<ApplyResult> applied = transaction.in_savepoint([&] { return applier.run(entry); });
  if (!applied) applier.restore(before);
  return applied;
}

void StateCore::account(const Entry& entry, ByteView encoded) {
  assert(entry.index == next(progress.applied));
  sessions.apply(entry);
  progress.applied = entry.index;
  if (is_app_entry(entry)) progress.last_app = entry.index;
  if (const auto* mark = std::get_if<CheckpointMark>(&entry.body))
    progress.checkpoint = mark->index;
  progress.term = entry.term;
  progress.time_ms = entry.time_ms;
  progress.chain = extend_chain(progress.chain, encoded);
}

Result<void> StateCore::check_foreign_keys() const {
  int unresolved = 0;
  int unused = 0;
  sqlite3_db_status(db(), SQLITE_DBSTATUS_DEFERRED_FKS, &unresolved, &unused, 0);
  if (unresolved == 0) return {};
  return fail(ErrorCode::kRejected,
              "FOREIGN KEY constraint failed: a deferred key has no parent at the end");
}

Result<void> StateCore::commit() {
  if (broken) return fail(*broken);
  if (!transaction.is_open()) {
    if (progress == committed) return {};
    if (auto begun = transaction.begin(); !begun) return begun;
  }
  const auto write = [&]() -> Result<void> {
    if (auto sound = digests.check_untouched(); !sound) return sound;
    if (auto done = digests.store(); !done) return done;
    if (auto done = tables.write(sessions); !done) return done;
    if (applier.current() != committed_schema) {
      const Result<Bytes> entry = encode_entry(applier.current()->entry());
      if (!entry) return fail(entry.error());
      if (auto done = tables.write_schema(*entry); !done) return done;
    }
    if (auto done = tables.write(progress); !done) return done;
    return transaction.commit();
  };
  if (auto written = write(); !written) {
    roll_back();
    return written;
  }
  committed = progress;
  committed_schema = applier.current();
  accepted.clear();
  return {};
}

void StateCore::roll_back() {
  transaction.roll_back();
  applier.restore(committed_schema);
  progress = committed;
  accepted.clear();
  Result<SessionTable> table = tables.sessions();
  if (table) {
    sessions = std::move(*table);
  } else {
    broken = table.error();
  }
}

}  // namespace tablog::storage
