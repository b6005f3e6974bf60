#include "tests/fuzz/history.h"

#include "storage/profile.h"
#include "tests/fuzz/fuzz.h"
#include "tests/log/samples.h"

namespace tablog::fuzz {
namespace {

using storage::StateDatabase;

std::vector<EntryBody> bodies() {
  const auto added = [](std::int64_t id, const char* title) {
    return Event{.type = "todo.added", .args = {{"id", id}, {"title", std::string(title)}}};
  };
  return {schema(),
          added(1, "milk"),
          added(2, "bread"),
          Exec{.sql = "INSERT INTO note VALUES (1, 1, ?)", .params = {{"1", samples::bytes("n")}}},
          SessionClose{samples::id<ClientId>(0x30)},
          Exec{.sql = "INSERT INTO words VALUES ('some words to be found')"}};
}

void add(History& history, StateDatabase& database, EntryBody body) {
  const auto result = database.execute(context(), std::vector{item(std::move(body))});
  check(result.has_value(), "the history executes");
  const auto* entries = std::get_if<std::vector<EncodedEntry>>(&result->items.front());
  check(entries != nullptr && database.commit().has_value(), "the history is accepted");
  history.entries.push_back(entries->front());
  history.chains.push_back(database.chain());
  history.digests.push_back(database.digest());
}

History make() {
  auto database = std::move(StateDatabase::in_memory().value());
  database->set_store(samples::id<StoreId>(0x40));
  History history{.entries = {}, .chains = {{}}, .digests = {{}}, .image = {}};
  for (EntryBody& body : bodies()) add(history, *database, std::move(body));
  history.image = database->snapshot().value();
  return history;
}

}  // namespace

Schema schema() {
  Schema made{
      .version = 1,
      .migrations =
          {"CREATE TABLE todo(id INTEGER PRIMARY KEY, title TEXT NOT NULL, done INTEGER DEFAULT 0);"
           "CREATE INDEX by_title ON todo(title);"
           "CREATE TABLE note(id ANY PRIMARY KEY, todo INTEGER REFERENCES todo(id), body ANY) "
           "STRICT;"
           "CREATE VIRTUAL TABLE words USING fts5(text);"
           "CREATE TRIGGER counted AFTER INSERT ON note BEGIN UPDATE todo SET done = done + 1 "
           "WHERE "
           "id = NEW.todo; END;"},
      .materializers = {{"todo.added", "INSERT INTO todo(id, title) VALUES (:id, :title)"},
                        {"note.kept", "INSERT INTO note(id, todo, body) VALUES (:id, NULL, :body)"},
                        {"note.stamped",
                         "INSERT INTO note VALUES (:$index, NULL, :$term || :$time || :$client)"}},
      .upcasters = {},
      .flags = 0,
      .engine = {},
      .compile_options = {},
      .profile_hash = 0};
  storage::stamp_engine(made);
  return made;
}

BatchContext context() {
  return {.term = Term{3}, .time_ms = 1'795'000'000'000, .wall_ms = 1'795'000'000'005, .seed = 42};
}

BatchItem item(EntryBody body) {
  BatchItem item;
  const bool app = std::holds_alternative<Event>(body) || std::holds_alternative<Exec>(body);
  static std::uint64_t number = 0;
  if (app) item.request = RequestStamp{.client = samples::id<ClientId>(7), .number = {++number}};
  item.schema_version = std::holds_alternative<Schema>(body) ? 0 : 1;
  item.bodies.push_back(std::move(body));
  return item;
}

const History& history() {
  static const History made = make();
  return made;
}

std::unique_ptr<StateDatabase> database() {
  return std::move(StateDatabase::from_image(history().image).value());
}

}  // namespace tablog::fuzz
