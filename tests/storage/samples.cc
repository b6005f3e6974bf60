#include "tests/storage/samples.h"

#include <cstring>

#include "storage/profile.h"

namespace tablog::storage::samples {

Schema schema_of(std::vector<std::string> migrations,
                 std::map<std::string, std::string> materializers) {
  Schema made;
  made.version = static_cast<std::uint32_t>(migrations.size());
  made.migrations = std::move(migrations);
  for (auto& [type, sql] : materializers) made.materializers.push_back({.type = type, .sql = sql});
  stamp_engine(made);
  return made;
}

Schema schema(std::uint32_t version) {
  std::vector<std::string> migrations = {
      "CREATE TABLE todo(id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, done INTEGER NOT NULL "
      "DEFAULT 0);"
      "CREATE TABLE note(id INTEGER PRIMARY KEY,"
      "  todo INTEGER NOT NULL REFERENCES todo(id) DEFERRABLE INITIALLY DEFERRED, body TEXT);"
      "CREATE TRIGGER no_swearing BEFORE INSERT ON todo WHEN NEW.title = 'damn'"
      "  BEGIN SELECT RAISE(ROLLBACK, 'no swearing'); END;",
      "ALTER TABLE todo ADD COLUMN priority INTEGER NOT NULL DEFAULT 3;"};
  migrations.resize(version);
  return schema_of(std::move(migrations),
                   {{"todo.added", "INSERT INTO todo(id, title) VALUES (:id, :title)"},
                    {"todo.forced", "INSERT OR ROLLBACK INTO todo(id, title) VALUES (:id, :title)"},
                    {"todo.toggled", "UPDATE todo SET done = NOT done WHERE id = :id"},
                    {"note.added", "INSERT INTO note(todo, body) VALUES (:todo, :body)"},
                    {"note.stamped",
                     "INSERT INTO note(id, todo, body) VALUES (:$index, :todo, :$term || ' ' || "
                     ":$time || ' ' || :$client);"
                     "UPDATE todo SET done = done + 1 WHERE id = :todo;"}});
}

ClientId client(std::uint8_t number) {
  ClientId id;
  id.bytes.fill(static_cast<std::byte>(number));
  return id;
}

BatchItem control(EntryBody body, std::uint32_t schema_version) {
  BatchItem item;
  item.bodies.push_back(std::move(body));
  item.schema_version = schema_version;
  return item;
}

BatchItem event(std::string type, std::vector<Argument> args, std::uint32_t schema_version) {
  static std::uint64_t number = 0;
  BatchItem item = control(Event{.type = std::move(type), .args = std::move(args)}, schema_version);
  item.request = RequestStamp{.client = client(7), .number = RequestNumber{++number}};
  return item;
}

BatchItem exec(std::string sql, std::vector<Argument> params, std::uint32_t schema_version) {
  BatchItem item = event("", {}, schema_version);
  item.bodies.front() = Exec{.sql = std::move(sql), .params = std::move(params)};
  return item;
}

BatchItem added(std::int64_t id, std::string title) {
  return event("todo.added",
               {{.name = "id", .value = id}, {.name = "title", .value = std::move(title)}});
}

BatchItem together(std::vector<BatchItem> items) {
  BatchItem whole = items.front();
  for (std::size_t i = 1; i < items.size(); ++i) whole.bodies.push_back(items[i].bodies.front());
  return whole;
}

BatchContext context(std::int64_t time_ms, std::uint64_t seed) {
  return {.term = Term{3}, .time_ms = time_ms, .wall_ms = time_ms + 5, .seed = seed};
}

namespace {

// Decodes what rows.h documents, on its own: a second reading of the format.
class RowsText {
 public:
  explicit RowsText(const Bytes& bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  std::string read() {
    std::vector<std::string> names(take<std::uint32_t>());
    for (std::string& name : names) name = take_text();
    std::string out;
    const auto rows = take<std::uint32_t>();
    for (std::uint32_t row = 0; row < rows; ++row) {
      if (row > 0) out += '|';
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) out += ' ';
        out += names[i] + '=' + cell();
      }
    }
    EXPECT_EQ(at_, end_);
    return out;
  }

 private:
  template <class Word>
  Word take() {
    Word word{};
    std::memcpy(&word, at_, sizeof(word));
    at_ += sizeof(word);
    return word;
  }
  std::string take_text() {
    const auto bytes = take<std::uint32_t>();
    std::string text(reinterpret_cast<const char*>(at_), bytes);
    at_ += bytes;
    return text;
  }
  std::string cell() {
    switch (take<std::uint8_t>()) {
      case 0:
        return "NULL";
      case 1:
        return std::to_string(take<std::int64_t>());
      case 2: {
        char text[32];
        std::snprintf(text, sizeof(text), "%.17g", take<double>());
        return std::string(text) + "f";
      }
      case 3:
        return "'" + take_text() + "'";
      case 4: {
        std::string hex = "x'";
        for (const char c : take_text()) {
          char text[4];
          std::snprintf(text, sizeof(text), "%02x",
                        static_cast<unsigned>(static_cast<unsigned char>(c)));
          hex += text;
        }
        return hex + "'";
      }
      case 5:
        return std::to_string(take<std::int32_t>());
      default:
        ADD_FAILURE() << "unknown tag";
        return "?";
    }
  }

  const std::byte* at_;
  const std::byte* end_;
};

}  // namespace

std::string text(const Rows& rows) {
  return RowsText(rows.encoded).read();
}

std::string ask(StateDatabase& database, const std::string& sql,
                const std::vector<Argument>& params) {
  const Result<Rows> rows = database.query(sql, params);
  if (!rows)
    return "error " + std::to_string(static_cast<int>(rows.error().code)) + ": " +
           rows.error().message;
  return text(*rows);
}

BatchResult run(StateDatabase& database, std::vector<BatchItem> items,
                const BatchContext& context) {
  Result<BatchResult> result = database.execute(context, items);
  if (!result) {
    ADD_FAILURE() << result.error().message;
    return {};
  }
  EXPECT_EQ(result->items.size(), items.size());
  return std::move(*result);
}

std::vector<ErrorCode> codes(const BatchResult& result) {
  std::vector<ErrorCode> codes;
  for (const auto& item : result.items) {
    const auto* error = std::get_if<Error>(&item);
    codes.push_back(error == nullptr ? kNone : error->code);
  }
  return codes;
}

Error error_of(const BatchResult& result, std::size_t item) {
  const auto* error = std::get_if<Error>(&result.items.at(item));
  return error == nullptr ? Error{} : *error;
}

std::vector<EncodedEntry> entries(const BatchResult& result) {
  std::vector<EncodedEntry> all;
  for (const auto& item : result.items) {
    if (const auto* accepted = std::get_if<std::vector<EncodedEntry>>(&item)) {
      all.insert(all.end(), accepted->begin(), accepted->end());
    }
  }
  return all;
}

std::unique_ptr<StateDatabase> database(const Schema& schema) {
  auto made = StateDatabase::in_memory();
  if (!made) {
    ADD_FAILURE() << made.error().message;
    return nullptr;
  }
  const BatchResult result = run(**made, {control(schema)});
  EXPECT_EQ(error_of(result, 0).message, "");
  EXPECT_TRUE((*made)->commit());
  return std::move(*made);
}

void replay(StateDatabase& database, const std::vector<EncodedEntry>& entries) {
  for (const EncodedEntry& entry : entries) {
    const auto applied = database.apply(entry.entry, *entry.bytes);
    ASSERT_TRUE(applied) << applied.error().message;
    if (ends_request(entry.entry)) {
      ASSERT_TRUE(database.commit());
    }
  }
}

void expect_sound_digest(StateDatabase& database, const std::string& where) {
  const auto recomputed = database.recompute_digest();
  ASSERT_TRUE(recomputed) << recomputed.error().message;
  EXPECT_EQ(to_hex(database.digest().bytes), to_hex(recomputed->bytes)) << where;
}

}  // namespace tablog::storage::samples
