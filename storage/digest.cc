#include "storage/digest.h"

#include <algorithm>
#include <array>

#include "log/hash.h"

namespace tablog::storage {

namespace {

// Not the store's own, and not SQLite's: those are hashed apart, or follow from the definitions.
constexpr const char* kTablesSql =
    "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' "
    "AND name NOT LIKE 'tablog\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
constexpr const char* kColumnsSql = "SELECT cid, name, hidden, type FROM pragma_table_xinfo(?1)";
constexpr std::int64_t kHiddenVirtualGenerated = 2;  // table_xinfo's `hidden`; not stored in the row

bool equal_names(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sqlite3_strnicmp(a.data(), b.data(), static_cast<int>(a.size())) == 0;
}

// Whether the declared type has REAL affinity. Source: "Datatypes In SQLite", section 3.1.
Numbers numbers_of(std::string_view type) {
  std::string upper(type);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  const auto has = [&](std::string_view word) { return upper.find(word) != std::string::npos; };
  if (has("INT") || has("CHAR") || has("CLOB") || has("TEXT") || has("BLOB")) return Numbers::kAsTheyAre;
  return has("REAL") || has("FLOA") || has("DOUB") ? Numbers::kAsFloats : Numbers::kAsTheyAre;
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

Digests::Digests(sqlite3* db) : db_(db), last_(catalog_.tables.end()) {
  sqlite3_preupdate_hook(
      db,
      [](void* self, sqlite3*, int operation, const char*, const char* name, sqlite3_int64 old_rowid,
         sqlite3_int64 new_rowid) {
        static_cast<Digests*>(self)->on_change(operation, name, old_rowid, new_rowid);
      },
      this);
}

Digests::~Digests() { sqlite3_preupdate_hook(db_, nullptr, nullptr); }

void Digests::on_change(int operation, const char* name, std::int64_t old_rowid, std::int64_t new_rowid) {
  if (last_ == catalog_.tables.end() || last_->first != name) {
    last_ = catalog_.tables.find(std::string_view(name));
    if (last_ == catalog_.tables.end()) return;
  }
  Table& table = last_->second;
  if (table.stale) return;
  remember(last_->first, table);
  if (operation != SQLITE_INSERT) table.sum -= hash_hooked(table, old_rowid, &sqlite3_preupdate_old);
  if (operation != SQLITE_DELETE) table.sum += hash_hooked(table, new_rowid, &sqlite3_preupdate_new);
  table.unsaved = true;
}

TableSum Digests::hash_hooked(const Table& table, std::int64_t rowid, Read read) {
  hash_.begin(table.key);
  if (!table.rowid.empty()) hash_.add_rowid(rowid);
  for (const Column& column : table.columns) {
    sqlite3_value* value = nullptr;
    if (read(db_, column.number, &value) != SQLITE_OK || value == nullptr) {
      failed_ = true;  // told by check(): a hook cannot fail the statement
      return {};
    }
    hash_.add(value, column.numbers);
  }
  return hash_.finish();
}

void Digests::remember(const std::string& name, Table& table) {
  if (table.level == levels_) return;
  table.level = levels_;
  journal_.push_back(Change{.name = name, .sum = table.sum, .catalog = {}});
}

void Digests::remember_catalog() {
  if (catalog_level_ == levels_) return;
  catalog_level_ = levels_;
  journal_.push_back(Change{.name = {}, .sum = {}, .catalog = catalog_});
}

Digests::Mark Digests::mark() {
  ++levels_;
  return journal_.size();
}

void Digests::roll_back_to(Mark mark) {
  while (journal_.size() > mark) {
    Change& change = journal_.back();
    if (change.catalog) {
      catalog_ = std::move(*change.catalog);
    } else if (const auto at = catalog_.tables.find(change.name); at != catalog_.tables.end()) {
      at->second.sum = change.sum;
    }
    journal_.pop_back();
  }
  ++levels_;
  last_ = catalog_.tables.end();
  failed_ = false;
}

void Digests::forget_marks() {
  journal_.clear();
  ++levels_;
}

void Digests::redefine(const std::set<std::string>& tables) {
  remember_catalog();
  for (auto& [name, table] : catalog_.tables) {
    if (std::ranges::any_of(tables, [&](const std::string& other) { return equal_names(name, other); })) {
      table.stale = true;
    }
  }
}

Result<void> Digests::settle() {
  remember_catalog();
  Result<Catalog> fresh = read_catalog();
  if (!fresh) return fail(fresh.error());
  for (auto& [name, table] : fresh->tables) {
    const auto known = catalog_.tables.find(name);
    if (known != catalog_.tables.end() && !known->second.stale) {
      table.sum = known->second.sum;
      continue;
    }
    const Result<TableSum> sum = read_rows(name, table);
    if (!sum) return fail(sum.error());
    table.sum = *sum;
  }
  catalog_ = std::move(*fresh);
  last_ = catalog_.tables.end();
  return {};
}

Result<void> Digests::check() {
  if (failed_) return fail(ErrorCode::kStorageUnavailable, "out of memory while hashing a row");
  return {};
}

bool Digests::is_virtual(std::string_view table) const {
  return std::ranges::any_of(catalog_.virtual_tables,
                             [&](const std::string& name) { return equal_names(name, table); });
}

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
  Result<Statement> sequence = prepare_own(db_, "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'");
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
    if (std::ranges::none_of(names, [&](const std::string& other) { return equal_names(other, alias); })) {
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
    for (const Column& column : table.columns) hash.add(sqlite3_column_value(rows->get(), at++), column.numbers);
  });
}

Result<TableSum> Digests::read_untyped(Statement& rows, std::string_view name) {
  return sum_rows(rows, RowHash::table_key(name), [&](RowHash& hash) {
    const int columns = sqlite3_column_count(rows.get());
    for (int i = 0; i < columns; ++i) hash.add(sqlite3_column_value(rows.get(), i), Numbers::kAsTheyAre);
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

Digest Digests::combine(const Sums& sums) {
  Bytes text;
  for (const auto& [name, sum] : sums) {
    const ByteView bytes = std::as_bytes(std::span(name));
    text.insert(text.end(), bytes.begin(), bytes.end());
    text.push_back(std::byte{0});
    text.insert(text.end(), sum.bytes.begin(), sum.bytes.end());
  }
  return hash128<Digest>({text});
}

Result<Digest> Digests::digest() {
  const Result<Sums> all = sums();
  if (!all) return fail(all.error());
  return combine(*all);
}

Result<Digests::Sums> Digests::sums() {
  Sums sums;
  sums.reserve(catalog_.tables.size() + 2);
  for (const auto& [name, table] : catalog_.tables) sums.emplace_back(name, to_digest(table.sum));
  sums.emplace_back("sqlite_schema", to_digest(catalog_.schema));
  if (catalog_.has_sequence) {
    const Result<TableSum> sequence = read_sequence();
    if (!sequence) return fail(sequence.error());
    sums.emplace_back("sqlite_sequence", to_digest(*sequence));
  }
  std::ranges::sort(sums);
  return sums;
}

Result<Digests::Sums> Digests::recompute() {
  Result<Catalog> catalog = read_catalog();
  if (!catalog) return fail(catalog.error());
  for (auto& [name, table] : catalog->tables) {
    const Result<TableSum> sum = read_rows(name, table);
    if (!sum) return fail(sum.error());
    table.sum = *sum;
  }
  // sums() reads the catalog in place; lend it this one.
  std::swap(catalog_, *catalog);
  Result<Sums> all = sums();
  std::swap(catalog_, *catalog);
  last_ = catalog_.tables.end();
  return all;
}

}  // namespace tablog::storage
