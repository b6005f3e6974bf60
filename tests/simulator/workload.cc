#include "tests/simulator/workload.h"

#include <utility>

#include "storage/profile.h"

namespace tablog::simulator {
namespace {

constexpr const char* kMigration = R"sql(
CREATE TABLE note(
  id INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE, client TEXT NOT NULL, body TEXT,
  made TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, lucky INTEGER NOT NULL DEFAULT (random()));
CREATE INDEX note_by_client ON note(client);
CREATE VIRTUAL TABLE note_text USING fts5(body);
CREATE TABLE tally(id TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO tally VALUES ('notes', 0), ('gift', 0);
CREATE TRIGGER note_counted AFTER INSERT ON note BEGIN
  UPDATE tally SET n = n + 1 WHERE id = 'notes';
END;
CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0));
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10)
INSERT INTO account SELECT i, 100 FROM n;
CREATE TABLE orders(id INTEGER PRIMARY KEY, token BLOB NOT NULL DEFAULT (randomblob(8)));
CREATE TABLE line(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  orders INTEGER NOT NULL REFERENCES orders(id) DEFERRABLE INITIALLY DEFERRED, item TEXT);
CREATE TABLE taken(name TEXT PRIMARY KEY);
)sql";

constexpr const char* kSecondMigration = R"sql(
ALTER TABLE note ADD COLUMN stars INTEGER NOT NULL DEFAULT 0;
INSERT INTO tally VALUES ('stars', 0);
CREATE TRIGGER star_counted AFTER INSERT ON note WHEN new.stars > 0 BEGIN
  UPDATE tally SET n = n + new.stars WHERE id = 'stars';
END;
)sql";
constexpr const char* kStarredNote =
    "INSERT INTO note(label, client, body, stars) VALUES (:label, :client, :body, :stars);"
    "INSERT INTO note_text(rowid, body) VALUES (last_insert_rowid(), :body)";

constexpr std::pair<const char*, const char*> kMaterializers[] = {
    {"note.added",
     "INSERT INTO note(label, client, body) VALUES (:label, :client, :body);"
     "INSERT INTO note_text(rowid, body) VALUES (last_insert_rowid(), :body)"},
    {"money.moved",
     "UPDATE account SET balance = balance + :amount WHERE id = :to;"
     "UPDATE account SET balance = balance - :amount WHERE id = :from"},
    {"order.made", "INSERT INTO orders(id) VALUES (:id)"},
    {"line.added",
     "INSERT INTO line(orders, item) VALUES (:order, strftime('%s', 'now') || ' ' || abs(random() "
     "% 10))"},
    {"name.taken", "INSERT OR ROLLBACK INTO taken VALUES (:name)"},
};

Argument argument(std::string name, Value value) {
  return Argument{.name = std::move(name), .value = std::move(value)};
}

Event money(Random& random) {
  const auto account = [&] {
    return static_cast<std::int64_t>(random.between(std::uint64_t{1}, 10));
  };
  return Event{.type = "money.moved",
               .args = {argument("from", account()), argument("to", account()),
                        argument("amount", static_cast<std::int64_t>(random.below(80)))}};
}

// The lines come before their order, and sometimes without it: then all of it is rejected.
std::vector<Event> order(Random& random) {
  const auto id = static_cast<std::int64_t>(random.below(100000));
  std::vector<Event> events;
  for (std::uint64_t i = random.between(std::uint64_t{1}, 4); i > 0; --i) {
    events.push_back(Event{.type = "line.added", .args = {argument("order", id)}});
  }
  if (!random.one_in(3))
    events.push_back(Event{.type = "order.made", .args = {argument("id", id)}});
  return events;
}

Exec ad_hoc(Random& random) {
  switch (random.below(4)) {
    case 0:
      return Exec{.sql =
                      "UPDATE account SET balance = balance + 1 WHERE id = ?; "
                      "UPDATE tally SET n = n + 1 WHERE id = 'gift'",
                  .params = {argument(
                      "1", static_cast<std::int64_t>(random.between(std::uint64_t{1}, 10)))}};
    case 1:
      return Exec{.sql = "DELETE FROM taken WHERE name LIKE 'a%'"};
    case 2:
      return Exec{.sql =
                      "CREATE TABLE IF NOT EXISTS extra(a, b DEFAULT (random())); INSERT INTO "
                      "extra(a) VALUES (1)"};
    default:
      return Exec{.sql = "INSERT INTO no_such_table VALUES (1)"};
  }
}

}  // namespace

Schema app_schema(std::uint32_t version) {
  Schema schema{.version = version, .migrations = {kMigration}};
  for (const auto& [type, sql] : kMaterializers)
    schema.materializers.push_back({.type = type, .sql = sql});
  if (version == 2) {
    schema.migrations.emplace_back(kSecondMigration);
    schema.materializers.front().sql = kStarredNote;
  }
  storage::stamp_engine(schema);
  return schema;
}

Event note(Random& random, const std::string& label, const ClientId& client,
           std::uint32_t version) {
  const std::uint64_t size = random.one_in(40) ? random.below(30000) : random.below(60);
  Event event{
      .type = "note.added",
      .args = {argument("label", label), argument("client", to_hex(client.bytes)),
               argument("body",
                        "words " + std::string(size, static_cast<char>('a' + random.below(26))))}};
  if (version == 2)
    event.args.push_back(argument("stars", static_cast<std::int64_t>(random.below(6))));
  return event;
}

Payload random_payload(Random& random, const std::string& label, const ClientId& client,
                       std::uint32_t version) {
  switch (random.below(12)) {
    case 0:
    case 1:
      return std::vector<Event>{money(random)};
    case 2:
      return order(random);
    case 3: {
      const std::string name(1, static_cast<char>('a' + random.below(12)));
      return std::vector<Event>{Event{.type = "name.taken", .args = {argument("name", name)}}};
    }
    case 4:
      return ad_hoc(random);
    case 5: {  // several at once, and sometimes one of them is bad
      std::vector<Event> events;
      for (std::uint64_t i = random.between(std::uint64_t{2}, 6); i > 0; --i) {
        events.push_back(note(random, label + '.' + std::to_string(i), client, version));
      }
      if (random.one_in(3)) events.push_back(money(random));
      return events;
    }
    case 6:
      if (random.one_in(3)) return std::vector<Event>{Event{.type = "note.aded"}};
      [[fallthrough]];
    default:
      return std::vector<Event>{note(random, label, client, version)};
  }
}

}  // namespace tablog::simulator
