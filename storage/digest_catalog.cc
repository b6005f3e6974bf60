// Digests, the part that reads the definitions, and the rows in full.
#include <algorithm>

#include "storage/digest.h"

namespace tablog::storage {

namespace {

// Not the store's own, and not SQLite's: those are hashed apart, or follow from the definitions.
constexpr const char* kTablesSql =
    "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' "
    "AND name NOT LIKE 'tablog\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
constexpr const char* kColumnsSql = "SELECT cid, name, hidden, type FROM pragma_table_xinfo(?1)";
// In `hidden`: a virtual generated column, which is not stored in the row.
constexpr std::int64_t kHiddenVirtualGenerated = 2;

// Whether the declared type has REAL affinity. Source: "Datatypes In SQLite", section 3.1.
Numbers numbers_of(std::string_view type) {
  std::string upper(type);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  const auto has = [&](std::string_view word) { return upper.find(word) != std::string::npos; };
  const bool other = has("INT") || has("CHAR") || has("CLOB") || has("TEXT") || has("BLOB");
  const bool real = has("REAL") || has("FLOA") || has("DOUB");
  return real && !other ? Numbers::kAsFloats : Numbers::kAsTheyAre;
}

// The sum over all rows of `statement`; `hash_row` hashes the current one.
template <class HashRow>
Result<TableSum> sum_rows(Statement& statement, std::uint64_t key, HashRow hash_row) {
  RowHash hash;
  TableSum sum;
  for (;;) {
    const Result<bool> row = statement.step();
    if (!row) return fail(row.error());
    if (!*row) break;
    hash.begin(key);
    hash_row(hash);
    sum += hash.finish();
  }
  statement.reset();
  return sum;
}

}  // namespace

Result<Digests::Catalog> Digests::read_catalog() {
  Catalog catalog;
  Result<Statement> tables = prepare_own(db_, kTablesSql);
  if (!tables) return fail(tables.error());
  std::vector<std::pair<std::string, bool>> ordinary;
  for (;;) {
    const Result<bool> row = tables->step();
    if (!row) return fail(row.error());
    if (!*row) break;
    const std::string name(tables->text(0));
    if (tables->text(1) == "table") ordinary.emplace_back(name, tables->integer(2) != 0);
    if (tables->text(1) == "virtual") catalog.virtual_tables.insert(name);
  }
  for (const auto& [name, without_rowid] : ordinary) {
    Result<Table> table = read_table(name, without_rowid);
    if (!table) return fail(table.error());
    catalog.tables.emplace(name, std::move(*table));
  }
  const Result<TableSum> schema = read_schema();
  if (!schema) return fail(schema.error());
  catalog.schema = *schema;
  Result<Statement> sequence =
      prepare_own(db_, "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'");
  if (!sequence) return fail(sequence.error());
  const Result<bool> found = sequence->step();
  if (!found) return fail(found.error());
  catalog.has_sequence = *found;
  return catalog;
}

Result<Digests::Table> Digests::read_table(const std::string& name, bool without_rowid) {
  Table table;
  table.key = RowHash::table_key(name);
  Result<Statement> columns = prepare_own(db_, kColumnsSql);
  if (!columns) return fail(columns.error());
  if (auto bound = columns->bind(1, std::string_view(name)); !bound) return fail(bound.error());
  std::vector<std::string> names;
  for (;;) {
    const Result<bool> row = columns->step();
    if (!row) return fail(row.error());
    if (!*row) break;
    names.emplace_back(columns->text(1));
    if (columns->integer(2) != kHiddenVirtualGenerated) {
      table.columns.push_back(Column{.number = static_cast<int>(columns->integer(0)),
                                     .name = names.back(),
                                     .numbers = numbers_of(columns->text(3))});
    }
  }
  if (without_rowid) return table;
  for (const char* alias : {"rowid", "_rowid_", "oid"}) {
    if (std::ranges::none_of(names,
                             [&](const std::string& other) { return same_name(other, alias); })) {
      table.rowid = alias;
      break;
    }
  }
  return table;
}

Result<TableSum> Digests::read_rows(const std::string& name, const Table& table) {
  std::string list = table.rowid;
  for (const Column& column : table.columns) {
    if (!list.empty()) list += ", ";
    list += quoted(column.name);
  }
  Result<Statement> rows = prepare_own(db_, "SELECT " + list + " FROM " + quoted(name));
  if (!rows) return fail(rows.error());
  return sum_rows(*rows, table.key, [&](RowHash& hash) {
    int at = 0;
    if (!table.rowid.empty()) hash.add_rowid(rows->integer(at++));
    for (const Column& column : table.columns)
      hash.add(sqlite3_column_value(rows->get(), at++), column.numbers);
  });
}

Result<TableSum> Digests::read_untyped(Statement& rows, std::string_view name) {
  return sum_rows(rows, RowHash::table_key(name), [&](RowHash& hash) {
    const int columns = sqlite3_column_count(rows.get());
    for (int i = 0; i < columns; ++i)
      hash.add(sqlite3_column_value(rows.get(), i), Numbers::kAsTheyAre);
  });
}

Result<TableSum> Digests::read_schema() {
  Result<Statement> rows = prepare_own(db_,
                                       "SELECT type, name, tbl_name, sql FROM sqlite_schema "
                                       "WHERE tbl_name NOT LIKE 'tablog\\_%' ESCAPE '\\'");
  if (!rows) return fail(rows.error());
  return read_untyped(*rows, "sqlite_schema");
}

Result<TableSum> Digests::read_sequence() {
  if (!sequence_) {
    Result<Statement> prepared = prepare_own(db_, "SELECT name, seq FROM sqlite_sequence");
    if (!prepared) return fail(prepared.error());
    sequence_ = std::move(*prepared);
  }
  return read_untyped(sequence_, "sqlite_sequence");
}

}  // namespace tablog::storage
