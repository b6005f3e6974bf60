// Digests: one running digest per table, kept as rows change (SQLite's preupdate hook), so that two
// databases are compared at every commit without reading them. Left out: virtual tables and their
// shadow tables (FTS5 writes those late), and the store's own tables. DESIGN section 7.
//
// Order of use: construct before any statement is prepared on the connection (a DELETE without
// WHERE is seen only by statements prepared after the hook was set); load(); then marks follow
// savepoints.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "storage/changes.h"
#include "storage/row_hash.h"
#include "storage/sqlite.h"
#include "storage/table_sum.h"

namespace tablog::storage {

class Digests {
 public:
  explicit Digests(sqlite3* db);  // sets the hook; lives as long as the connection is used
  ~Digests();
  Digests(const Digests&) = delete;
  Digests& operator=(const Digests&) = delete;

  // Reads the definitions, and the sums that store() wrote. kCorrupt when those do not belong
  // together.
  [[nodiscard]] Result<void> load();
  // Writes the sums that have changed since the last store(); in the transaction that changed the
  // rows.
  [[nodiscard]] Result<void> store();

  // A place to come back to. Marks nest as savepoints do; forget_marks() at the end of a
  // transaction.
  using Mark = std::size_t;
  [[nodiscard]] Mark mark();
  void roll_back_to(Mark mark);
  void forget_marks();

  // While one lives, changes are an entry's. They nest, as savepoints do.
  class Applying {
   public:
    explicit Applying(Digests& digests) : digests_(digests) { ++digests_.applying_; }
    ~Applying() { --digests_.applying_; }
    Applying(const Applying&) = delete;
    Applying& operator=(const Applying&) = delete;

   private:
    Digests& digests_;
  };
  // kCorrupt, with the tables' names, once rows were changed while no entry was being applied. The
  // sums follow such a change too, so nothing else would tell: to its replicas a leader's state
  // would look as sound as any.
  [[nodiscard]] Result<void> check_untouched() const;

  // DDL was compiled for these tables: their rows are not followed any more until settle().
  void redefine(const std::set<std::string>& tables);
  // After DDL: reads the definitions again, and the rows of the tables that it touched.
  [[nodiscard]] Result<void> settle();

  // kStorageUnavailable where the hook could not see a row (out of memory): roll back.
  [[nodiscard]] Result<void> check();

  [[nodiscard]] bool is_virtual(std::string_view table) const;

  // What has changed since the last call; also by rolling back.
  [[nodiscard]] Changes take_changes() { return std::exchange(changes_, {}); }

  // Hash over the sorted names and sums of all tables.
  [[nodiscard]] Result<Digest> digest();
  using Sums = std::vector<std::pair<std::string, Digest>>;  // sorted by name
  [[nodiscard]] Result<Sums> sums();
  [[nodiscard]] Result<Sums> recompute();  // from the rows; the running sums stay as they are
  [[nodiscard]] static Digest combine(const Sums& sums);

 private:
  struct Column {
    int number{};
    std::string name;
    Numbers numbers{};
  };
  struct Table {
    std::uint64_t key{};          // RowHash::table_key of the name
    std::string rowid;            // a name that the rowid answers to; empty: none does
    std::vector<Column> columns;  // all but virtual generated ones
    bool stale{};                 // redefined: not followed until settle()
    bool unsaved{true};           // changed since store()
    std::size_t level{};          // `levels_` when it was last remembered
    TableSum sum;
  };
  using Tables = std::map<std::string, Table, std::less<>>;
  struct Catalog {
    Tables tables;
    std::set<std::string, std::less<>> virtual_tables;
    TableSum schema;      // of sqlite_schema itself
    bool has_sequence{};  // there is a sqlite_sequence
    bool saved_whole{};   // false: store() writes every table
  };
  // What roll_back_to() brings back: one table's sum, or everything.
  struct Change {
    std::string name;
    TableSum sum;
    std::optional<Catalog> catalog;
  };

  void on_change(int operation, const char* name, std::int64_t old_rowid, std::int64_t new_rowid);
  using Read = int (*)(sqlite3*, int, sqlite3_value**);  // sqlite3_preupdate_old or _new
  [[nodiscard]] TableSum hash_hooked(const Table& table, std::int64_t rowid, Read read);
  void remember(const std::string& name, Table& table);
  void remember_catalog();
  [[nodiscard]] Result<Catalog> read_catalog();
  [[nodiscard]] Result<Table> read_table(const std::string& name, bool without_rowid);
  [[nodiscard]] Result<TableSum> read_rows(const std::string& name, const Table& table);
  [[nodiscard]] static Result<TableSum> read_untyped(Statement& rows, std::string_view name);
  [[nodiscard]] Result<TableSum> read_schema();
  [[nodiscard]] Result<TableSum> read_sequence();

  sqlite3* db_;
  Catalog catalog_;
  std::vector<Change> journal_;
  std::size_t levels_{1};        // grows with every mark and rollback
  std::size_t catalog_level_{};  // `levels_` when the whole catalog was last remembered
  Changes changes_;
  bool failed_{};
  std::size_t applying_{};       // Applying that live
  std::set<std::string> stray_;  // tables changed outside of any; for good, a rollback or not
  RowHash hash_;
  Statement sequence_;
  Statement upsert_;
  // The last table that the hook named: rows come in runs.
  Tables::iterator last_;
};

}  // namespace tablog::storage
