#include <algorithm>
#include <bit>
#include <cmath>

#include <nlohmann/json.hpp>

#include "log/codec.h"
#include "log/overloaded.h"
#include "storage/utf8.h"
#include "tools/describe.h"
#include "tools/log_lines.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

constexpr std::int64_t kSafeIntegerMax = (std::int64_t{1} << 53U) - 1;  // of a JavaScript number
constexpr std::uint64_t kPlainNan = 0x7FF8000000000000;

// Fields are added at the end, each once: emplace_back skips the search for an equal name.
void add(Json& object, const char* name, Json value) {
  object.get_ref<Json::object_t&>().emplace_back(name, std::move(value));
}

Json exact(std::uint64_t number) {
  return number <= static_cast<std::uint64_t>(kSafeIntegerMax)
             ? Json(number)
             : Json{{"$int", std::to_string(number)}};
}

Json exact(std::int64_t number) {
  return json_of(Value(number));
}

Json exact(const std::string& text) {
  return json_of(Value(text));
}

// One NaN is as good as another to everybody but the hash chain.
Json exact(const Value& value) {
  if (const auto* number = std::get_if<double>(&value); number != nullptr && std::isnan(*number)) {
    const auto bits = std::bit_cast<std::uint64_t>(*number);
    return bits == kPlainNan ? json_of(value) : Json{{"$float", hex64(bits)}};
  }
  return json_of(value);
}

// As an object, which is how everybody reads them; where one would lose something, as pairs.
bool are_members(const std::vector<Argument>& arguments) {
  return std::ranges::all_of(arguments, [&](const Argument& argument) {
    return storage::is_utf8(argument.name) &&
           std::ranges::count(arguments, argument.name, &Argument::name) == 1;
  });
}

Json exact(const std::vector<Argument>& arguments) {
  const bool members = are_members(arguments);
  Json all = members ? Json::object() : Json::array();
  for (const Argument& argument : arguments) {
    if (members) {
      add(all, argument.name.c_str(), exact(argument.value));
    } else {
      all.push_back(Json::array({exact(argument.name), exact(argument.value)}));
    }
  }
  return all;
}

Json exact(const Schema& schema) {
  Json object = Json::object();
  Json migrations = Json::array();
  for (const std::string& migration : schema.migrations) {
    migrations.push_back(exact(migration));
  }
  Json events = Json::array();
  for (const Materializer& materializer : schema.materializers) {
    events.push_back(Json::array({exact(materializer.type), exact(materializer.sql)}));
  }
  Json upcasters = Json::array();
  for (const Upcaster& upcaster : schema.upcasters) {
    upcasters.push_back(
        Json::array({exact(upcaster.type), upcaster.from, exact(upcaster.args_sql)}));
  }
  add(object, "version", schema.version);
  add(object, "migrations", std::move(migrations));
  add(object, "events", std::move(events));
  add(object, "upcasters", std::move(upcasters));
  add(object, "flags", schema.flags);
  add(object, "engine", exact(schema.engine));
  add(object, "compileOptions", exact(schema.compile_options));
  add(object, "profileHash", hex64(schema.profile_hash));
  return object;
}

void add_body(Json& object, const EntryBody& body) {
  std::visit(
      Overloaded{
          [&](const Event& event) {
            add(object, "type", exact(event.type));
            add(object, "args", exact(event.args));
          },
          [&](const Exec& exec) {
            add(object, "sql", exact(exec.sql));
            add(object, "params", exact(exec.params));
            add(object, "changes", exact(exec.changes));
          },
          [](const Void&) {},
          [&](const TermStart& term) { add(object, "leader", to_hex(term.leader.bytes)); },
          [&](const Schema& schema) { add(object, "schema", exact(schema)); },
          [&](const CheckpointMark& mark) { add(object, "checkpoint", exact(mark.index.value)); },
          [&](const SessionClose& close) { add(object, "closed", to_hex(close.client.bytes)); },
      },
      body);
}

// Alone in its line, under the name that tells what the line is.
Json wrapped(const char* name, Json value) {
  Json line = Json::object();
  add(line, name, std::move(value));
  return line;
}

}  // namespace

Json json_of_line(const HeaderLine& line) {
  Json before = Json::object();
  add(before, "index", line.before.index.value);
  add(before, "chain", to_hex(line.before.chain.bytes));
  add(before, "term", exact(line.before.term.value));
  add(before, "time", exact(line.before.time_ms));
  add(before, "digest",
      line.before.digest ? Json(to_hex(line.before.digest->bytes)) : Json(nullptr));
  Json header = Json::object();
  add(header, "format", std::string(kLinesFormat));
  add(header, "version", kLinesVersion);
  add(header, "store", to_hex(line.store.bytes));
  add(header, "generation", exact(line.generation.value));
  add(header, "before", std::move(before));
  add(header, "baseBytes", exact(line.base_bytes));
  return header;
}

Json json_of_line(const BaseLine& line) {
  return wrapped("base", base64(line.piece));
}

Json json_of_line(const CommitLine& line) {
  Json commit = Json::object();
  add(commit, "first", line.first.value);
  add(commit, "last", line.last.value);
  add(commit, "chain", to_hex(line.chain.bytes));
  add(commit, "digest", to_hex(line.digest.bytes));
  return wrapped("commit", std::move(commit));
}

Json json_of_line(const EndLine& line) {
  Json end = Json::object();
  add(end, "entries", line.entries);
  add(end, "last", line.last.value);
  add(end, "chain", to_hex(line.chain.bytes));
  return wrapped("end", std::move(end));
}

Json json_of_line(const Entry& entry, ByteView encoded) {
  Json object = Json::object();
  object.get_ref<Json::object_t&>().reserve(20);
  add(object, "index", entry.index.value);
  add(object, "term", exact(entry.term.value));
  add(object, "time", exact(entry.time_ms));
  add(object, "wallTime", exact(entry.wall_ms));
  add(object, "seed", hex64(entry.seed));
  add(object, "schemaVersion", entry.schema_version);
  if (const auto& stamp = entry.request) {
    add(object, "client", to_hex(stamp->client.bytes));
    add(object, "request", exact(stamp->number.value));
    add(object, "position", stamp->position);
    add(object, "count", stamp->count);
    add(object, "settledThrough", exact(stamp->settled_through.value));
    add(object, "requestHash", hex64(stamp->request_hash));
  } else {
    add(object, "client", nullptr);
  }
  add(object, "kind", std::string(kind_of(entry)));
  add_body(object, entry.body);
  if (const auto again = encode_entry(entry); !again || !std::ranges::equal(*again, encoded)) {
    add(object, "encoded", base64(encoded));
  }
  return object;
}

std::string line_text(const Json& line) {
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tablog::tools
