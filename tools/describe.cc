#include "tools/describe.h"

#include <array>
#include <cmath>
#include <type_traits>

#include <nlohmann/json.hpp>

#include "log/overloaded.h"
#include "storage/utf8.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

constexpr std::int64_t kSafeIntegerMax = (std::int64_t{1} << 53U) - 1;  // of a JavaScript number
constexpr std::array<std::string_view, std::variant_size_v<EntryBody>> kKinds{
    "event", "exec", "void", "term", "schema", "checkpoint", "close"};
constexpr std::size_t kSqlCharactersMax = 160;

// Fields are added at the end, each once: emplace_back skips the search for an equal name.
void add(Json& object, const char* name, Json value) {
  object.get_ref<Json::object_t&>().emplace_back(name, std::move(value));
}

template <class Tag>
Json json_id(const Bits128<Tag>& id) {
  return to_hex(id.bytes);
}

std::string arguments_text(const std::vector<Argument>& arguments) {
  std::string text;
  for (const Argument& argument : arguments) {
    text += ' ' + printable(argument.name, 64) + '=' + literal(argument.value);
  }
  return text;
}

Json arguments_json(const std::vector<Argument>& arguments) {
  Json object = Json::object();
  for (const Argument& argument : arguments) {
    add(object, argument.name.c_str(), json_of(argument.value));
  }
  return object;
}

std::string schema_text(const Schema& schema) {
  return "version " + std::to_string(schema.version) + " · " +
         counted(schema.migrations.size(), "migration", "migrations") + " · " +
         counted(schema.materializers.size(), "event type", "event types") + " · SQLite " +
         printable(schema.engine, 32);
}

Json schema_json(const Schema& schema) {
  Json object = Json::object();
  add(object, "version", schema.version);
  add(object, "migrations", schema.migrations);
  Json events = Json::object();
  for (const Materializer& materializer : schema.materializers) {
    add(events, materializer.type.c_str(), materializer.sql);
  }
  add(object, "events", std::move(events));
  Json upcasters = Json::array();
  for (const Upcaster& upcaster : schema.upcasters) {
    upcasters.push_back(
        {{"type", upcaster.type}, {"from", upcaster.from}, {"args", upcaster.args_sql}});
  }
  add(object, "upcasters", std::move(upcasters));
  add(object, "engine", schema.engine);
  add(object, "compileOptions", schema.compile_options);
  add(object, "profileHash", hex64(schema.profile_hash));
  add(object, "flags", schema.flags);
  return object;
}

void add_body(Json& object, const EntryBody& body) {
  std::visit(Overloaded{
                 [&](const Event& event) {
                   add(object, "type", event.type);
                   add(object, "args", arguments_json(event.args));
                 },
                 [&](const Exec& exec) {
                   add(object, "sql", exec.sql);
                   add(object, "params", arguments_json(exec.params));
                   add(object, "changes", exec.changes);
                 },
                 [](const Void&) {},
                 [&](const TermStart& term) { add(object, "leader", json_id(term.leader)); },
                 [&](const Schema& schema) { add(object, "version", schema.version); },
                 [&](const CheckpointMark& mark) { add(object, "checkpoint", mark.index.value); },
                 [&](const SessionClose& close) { add(object, "closed", json_id(close.client)); },
             },
             body);
}

}  // namespace

std::vector<std::string> kinds() {
  return {kKinds.begin(), kKinds.end()};
}

std::string_view kind_of(const Entry& entry) {
  return kKinds.at(entry.body.index());
}

std::string summary_of(const Entry& entry) {
  return std::visit(
      Overloaded{
          [](const Event& event) { return printable(event.type, 80) + arguments_text(event.args); },
          [](const Exec& exec) {
            return printable(exec.sql, kSqlCharactersMax) + arguments_text(exec.params) + " → " +
                   counted(static_cast<std::uint64_t>(exec.changes), "row", "rows");
          },
          [](const Void&) { return std::string("withdrawn"); },
          [](const TermStart& term) { return "led by " + short_id(term.leader); },
          [](const Schema& schema) { return schema_text(schema); },
          [](const CheckpointMark& mark) {
            return "state flushed at " + std::to_string(mark.index.value);
          },
          [](const SessionClose& close) { return "session of " + short_id(close.client); },
      },
      entry.body);
}

Json json_of(const Value& value) {
  return std::visit(Overloaded{
                        [](std::monostate) { return Json(nullptr); },
                        [](std::int64_t integer) {
                          return integer > kSafeIntegerMax || integer < -kSafeIntegerMax
                                     ? Json{{"$int", std::to_string(integer)}}
                                     : Json(integer);
                        },
                        [](double number) {
                          return std::isfinite(number) ? Json(number)
                                                       : Json{{"$float", std::isnan(number) ? "nan"
                                                                         : number > 0       ? "inf"
                                                                                      : "-inf"}};
                        },
                        [](const std::string& text) {
                          return storage::is_utf8(text)
                                     ? Json(text)
                                     : Json{{"$text", base64(std::as_bytes(std::span(text)))}};
                        },
                        [](const Bytes& bytes) { return Json{{"$blob", base64(bytes)}}; },
                    },
                    value);
}

Json json_of(const std::vector<std::string>& columns, const std::vector<Value>& row) {
  Json object = Json::object();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    add(object, columns[i].c_str(), json_of(row[i]));
  }
  return object;
}

Json json_of(const Entry& entry) {
  Json object = Json::object();
  object.get_ref<Json::object_t&>().reserve(16);
  add(object, "index", entry.index.value);
  add(object, "term", entry.term.value);
  add(object, "time", entry.time_ms);
  const RequestStamp stamp = entry.request.value_or(RequestStamp{});
  add(object, "client", entry.request ? json_id(stamp.client) : Json(nullptr));
  add(object, "request", stamp.number.value);
  add(object, "position", stamp.position);
  add(object, "count", stamp.count);
  add(object, "schemaVersion", entry.schema_version);
  add(object, "kind", std::string(kind_of(entry)));
  add_body(object, entry.body);
  return object;
}

Shape entry_shape() {
  return {.table = "entry",
          .columns = {"index", "term", "time", "client", "request", "position", "count",
                      "schemaVersion", "kind", "type", "args", "sql", "params", "changes", "leader",
                      "version", "checkpoint", "closed"}};
}

Json json_in_full(const Entry& entry) {
  Json object = json_of(entry);
  if (const auto* schema = std::get_if<Schema>(&entry.body)) {
    add(object, "schema", schema_json(*schema));
  }
  add(object, "wallTime", entry.wall_ms);
  add(object, "seed", hex64(entry.seed));
  if (entry.request) {
    add(object, "settledThrough", entry.request->settled_through.value);
    add(object, "requestHash", hex64(entry.request->request_hash));
  }
  return object;
}

std::string base64(ByteView bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8U | (i < count ? std::to_integer<std::uint32_t>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= count ? kDigits[group >> (18 - 6 * i) & 0x3FU] : '=';
    }
  }
  return text;
}

}  // namespace tablog::tools
