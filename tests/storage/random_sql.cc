#include "tests/storage/random_sql.h"

#include <iterator>

#include "tests/storage/samples.h"

namespace tablog::storage {

const char* const kRandomTables = R"sql(
CREATE TABLE plain(a, b TEXT, c REAL, d NUMERIC, e BLOB);
CREATE TABLE keyed(id INTEGER PRIMARY KEY, a UNIQUE, r REAL, CHECK (a IS NOT 13));
CREATE TABLE counted(id INTEGER PRIMARY KEY AUTOINCREMENT, a);
CREATE TABLE texts(k TEXT, n INTEGER, v, PRIMARY KEY (n, k)) WITHOUT ROWID;
CREATE TABLE made(id INTEGER PRIMARY KEY, a, v AS (a || '!') VIRTUAL, s AS (a || '?') STORED, z DEFAULT 7);
CREATE TABLE rowid_hidden(rowid TEXT, _rowid_ REAL, oid);
CREATE TABLE strict_one(id INTEGER PRIMARY KEY, r REAL, x ANY) STRICT;
CREATE TABLE child(id INTEGER PRIMARY KEY, parent REFERENCES keyed(id) ON DELETE CASCADE ON UPDATE CASCADE, a);
CREATE TABLE orphan(id INTEGER PRIMARY KEY, parent REFERENCES keyed(id) ON DELETE SET NULL
  DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE audit(what, n, at TEXT DEFAULT CURRENT_TIMESTAMP, dice INTEGER DEFAULT (random()));
CREATE INDEX plain_b ON plain(b);
CREATE VIEW both AS SELECT id, a FROM keyed;
CREATE TRIGGER both_insert INSTEAD OF INSERT ON both BEGIN INSERT OR REPLACE INTO keyed(id, a) VALUES (NEW.id, NEW.a); END;
CREATE TRIGGER audit_keyed AFTER UPDATE ON keyed BEGIN INSERT INTO audit(what, n) VALUES ('keyed', NEW.id); END;
CREATE TRIGGER picky BEFORE INSERT ON plain WHEN NEW.a = 5 BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER fatal AFTER INSERT ON plain WHEN NEW.a = 6 BEGIN SELECT RAISE(ROLLBACK, 'six'); END;
CREATE TRIGGER halfway AFTER INSERT ON plain WHEN NEW.a = 8 BEGIN SELECT RAISE(FAIL, 'eight'); END;
CREATE VIRTUAL TABLE search USING fts5(body);
CREATE TABLE doc(id INTEGER PRIMARY KEY, body TEXT);
CREATE TRIGGER doc_search AFTER INSERT ON doc BEGIN INSERT INTO search(rowid, body) VALUES (NEW.id, NEW.body); END;
)sql";

std::string RandomSql::statement() {
  switch (pick(30)) {
    case 0:
      return "INSERT INTO plain VALUES (" + values(5) + ")";
    case 1:
      return "INSERT INTO plain SELECT a, b, c, d, e FROM plain LIMIT 3";
    case 2:
      return "INSERT INTO plain(a) SELECT value FROM json_each('[1,2,8,3]')";
    case 3:
      return "UPDATE plain SET c = c + 0.5, e = " + value() + " WHERE rowid % 3 = " + small(3);
    case 4:
      return "DELETE FROM plain WHERE rowid % 7 = " + small(7);
    case 5:
      return "INSERT" + conflict() + " INTO keyed VALUES (" + small(40) + ", " + value() +
             ", -0.0)";
    case 6:
      return "UPDATE" + conflict() + " keyed SET id = id + " + small(3) + ", r = " + value() +
             " WHERE id % 4 = " + small(4);
    case 7:
      return "INSERT INTO keyed(id, a) VALUES (" + small(40) + ", " + value() +
             ") ON CONFLICT (id) DO UPDATE SET a = excluded.a, r = -r";
    case 8:
      return "DELETE FROM keyed WHERE id = " + small(40);
    case 9:
      return "INSERT INTO counted(a) VALUES (" + value() + "), (" + value() + ")";
    case 10:
      return pick(5) == 0 ? "DELETE FROM sqlite_sequence"
                          : "INSERT INTO counted(id, a) VALUES (" + small(200) + ", 1)";
    case 11:
      return "DELETE FROM counted";
    case 12:
      return "INSERT" + conflict() + " INTO texts VALUES (" + value() + ", " + small(9) + ", " +
             value() + ")";
    case 13:
      return "UPDATE" + conflict() + " texts SET n = n + 1, v = " + value() + " WHERE n > " +
             small(9);
    case 14:
      return "REPLACE INTO made(id, a) VALUES (" + small(9) + ", " + value() + ")";
    case 15:
      return "UPDATE made SET a = " + value() + ", z = " + value();
    case 16:
      return "INSERT INTO rowid_hidden VALUES (" + values(3) + ")";
    case 17:
      return "UPDATE rowid_hidden SET rowid = " + value() + ", _rowid_ = -0.0";
    case 18:
      return "INSERT" + conflict() + " INTO strict_one VALUES (" + small(9) + ", " + small(9) +
             ", " + value() + ")";
    case 19:
      return "UPDATE strict_one SET r = -r, x = " + value();
    case 20:
      return "INSERT INTO child(parent, a) SELECT id, " + value() + " FROM keyed LIMIT 2";
    case 21:
      return "INSERT INTO orphan(parent) VALUES (" + small(60) + ")";
    case 22:
      return "INSERT INTO both VALUES (" + small(40) + ", " + value() + ")";
    case 23:
      return "INSERT INTO doc(body) VALUES (" + value() + ")";
    case 24:
      return "DELETE FROM search WHERE rowid = " + small(20);
    case 25:
      return "UPDATE keyed SET r = 1.0 WHERE id < " + small(40);
    case 26:
      return "UPDATE plain SET d = CAST(c AS INTEGER), a = rowid WHERE a IS NOT NULL";
    case 27:
      return "DELETE FROM audit";
    default:
      return ddl();
  }
}

std::string RandomSql::ddl() {
  switch (pick(12)) {
    case 0:
      return "ALTER TABLE plain ADD COLUMN x" + small(1000) + " DEFAULT " +
             (pick(2) == 0 ? "3.0" : "'d'");
    case 1:
      return "ALTER TABLE made ADD COLUMN y" + small(1000) + " REAL DEFAULT 4";
    case 2:
      return "CREATE TABLE copy" + small(4) + " AS SELECT * FROM plain";
    case 3:
      return "DROP TABLE IF EXISTS copy" + small(4);
    case 4:
      return "ALTER TABLE copy" + small(4) + " RENAME TO copy" + small(4);
    case 5:
      return "ALTER TABLE copy" + small(4) + " DROP COLUMN b";
    case 6:
      return "ALTER TABLE copy" + small(4) + " RENAME COLUMN c TO cc";
    case 7:
      return "DROP TABLE child; CREATE TABLE child(id INTEGER PRIMARY KEY, "
             "parent REFERENCES keyed(id) ON DELETE CASCADE ON UPDATE CASCADE, a)";
    case 8:
      return "CREATE INDEX IF NOT EXISTS made_a ON made(a); DROP INDEX made_a";
    case 9:
      return "DROP TABLE search; CREATE VIRTUAL TABLE search USING fts5(body)";
    case 10:
      return "REINDEX";
    default:
      return "CREATE TABLE copy" + small(4) + "(a, b, c); INSERT INTO copy" + small(4) +
             " VALUES (1, 2, 3)";
  }
}

std::string RandomSql::conflict() {
  static constexpr const char* kWords[] = {"",         "",          " OR IGNORE",  " OR REPLACE",
                                           " OR FAIL", " OR ABORT", " OR ROLLBACK"};
  return kWords[pick(std::size(kWords))];
}

std::string RandomSql::value() {
  switch (pick(15)) {
    case 0:
      return "NULL";
    case 1:
      return "-0.0";
    case 2:
      return "1.5e300";
    case 3:
      return "x'00ff'";
    case 4:
      return "'text'";
    case 5:
      return "''";
    case 6:
      return "9223372036854775807";
    case 7:
      return "random()";
    case 8:
      return "zeroblob(3000)";
    case 9:
      return "3.0";
    case 10:
      return "CURRENT_TIMESTAMP";
    case 11:
      return "randomblob(" + small(12) + ")";
    case 12:
      return "strftime('%s', 'now') + 0.25";
    default:
      return small(20);
  }
}

std::string RandomSql::values(int count) {
  std::string list = value();
  for (int i = 1; i < count; ++i) list += ", " + value();
  return list;
}

std::vector<BatchItem> RandomSql::batch(std::uint32_t schema_version, std::string& script) {
  std::vector<BatchItem> items;
  const std::size_t count = 1 + pick(6);
  while (items.size() < count) {
    BatchItem item = samples::exec(statement(), {}, schema_version);
    if (pick(4) == 0)
      item = samples::together({item, samples::exec(statement(), {}, schema_version)});
    for (const EntryBody& body : item.bodies) script += std::get<Exec>(body).sql + ";\n";
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace tablog::storage
