#include "storage/digest.h"

#include <algorithm>
#include <array>

#include "log/hash.h"

namespace tablog::storage {

Digests::Digests(sqlite3* db) : db_(db), last_(catalog_.tables.end()) {
  sqlite3_preupdate_hook(
      db,
      [](void* self, sqlite3*, int operation, const char*, const char* name,
         sqlite3_int64 old_rowid, sqlite3_int64 new_rowid) {
        static_cast<Digests*>(self)->on_change(operation, name, old_rowid, new_rowid);
      },
      this);
}

Digests::~Digests() {
  sqlite3_preupdate_hook(db_, nullptr, nullptr);
}

void Digests::on_change(int operation, const char* name, std::int64_t old_rowid,
                        std::int64_t new_rowid) {
  if (last_ == catalog_.tables.end() || last_->first != name) {
    last_ = catalog_.tables.find(std::string_view(name));
    if (last_ == catalog_.tables.end()) return;
  }
  if (applying_ == 0) stray_.insert(last_->first);
  Table& table = last_->second;
  if (table.stale) return;
  remember(last_->first, table);
  if (operation != SQLITE_INSERT)
    table.sum -= hash_hooked(table, old_rowid, &sqlite3_preupdate_old);
  if (operation != SQLITE_DELETE)
    table.sum += hash_hooked(table, new_rowid, &sqlite3_preupdate_new);
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
  changes_.tables.insert(name);
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
    changes_.tables.insert(change.name);
    if (change.catalog) {
      changes_.everything = true;
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
    if (std::ranges::any_of(tables,
                            [&](const std::string& other) { return same_name(name, other); })) {
      table.stale = true;
    }
  }
}

Result<void> Digests::settle() {
  remember_catalog();
  changes_.everything = true;
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

Result<void> Digests::check_untouched() const {
  if (stray_.empty()) return {};
  std::string names;
  for (const std::string& name : stray_) names += (names.empty() ? "" : ", ") + name;
  return fail(ErrorCode::kCorrupt, "the state was changed outside of any entry: " + names);
}

bool Digests::is_virtual(std::string_view table) const {
  return std::ranges::any_of(catalog_.virtual_tables,
                             [&](const std::string& name) { return same_name(name, table); });
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
