// Digests, the part that keeps the sums in the database, so that opening one does not read all
// rows.
#include "storage/digest.h"
#include "storage/state_tables.h"

namespace tablog::storage {

Result<void> Digests::load() {
  Result<Catalog> catalog = read_catalog();
  if (!catalog) return fail(catalog.error());
  Result<Statement> rows = prepare_own(db_, "SELECT key, value FROM tablog_state WHERE kind = 1");
  if (!rows) return fail(rows.error());
  std::size_t found = 0;
  for (;;) {
    const Result<bool> row = rows->step();
    if (!row) return fail(row.error());
    if (!*row) break;
    const auto table = catalog->tables.find(rows->text(0));
    const std::optional<Digest> sum = bits_from<Digest>(rows->blob(1));
    if (table == catalog->tables.end() || !sum) {
      return fail(ErrorCode::kCorrupt, "the database's digests do not belong to its tables");
    }
    table->second.sum = from_digest(*sum);
    table->second.unsaved = false;
    ++found;
  }
  if (found != catalog->tables.size()) {
    return fail(ErrorCode::kCorrupt, "the database's digests do not belong to its tables");
  }
  catalog->saved_whole = true;
  catalog_ = std::move(*catalog);
  journal_.clear();
  ++levels_;
  last_ = catalog_.tables.end();
  failed_ = false;
  return {};
}

Result<void> Digests::store() {
  if (!upsert_) {
    Result<Statement> prepared =
        prepare_own(db_,
                    "INSERT INTO tablog_state(kind, key, value) VALUES (1, ?1, ?2) "
                    "ON CONFLICT DO UPDATE SET value = excluded.value");
    if (!prepared) return fail(prepared.error());
    upsert_ = std::move(*prepared);
  }
  if (!catalog_.saved_whole) {
    if (auto emptied = run_own(db_, "DELETE FROM tablog_state WHERE kind = 1"); !emptied)
      return emptied;
  }
  for (auto& [name, table] : catalog_.tables) {
    if (catalog_.saved_whole && !table.unsaved) continue;
    const Digest sum = to_digest(table.sum);
    if (auto bound = upsert_.bind_all(std::string_view(name), ByteView(sum.bytes)); !bound)
      return bound;
    if (auto done = upsert_.run(); !done) return done;
    table.unsaved = false;
  }
  catalog_.saved_whole = true;
  return {};
}

}  // namespace tablog::storage
