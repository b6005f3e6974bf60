#include <kj/debug.h>

#include <type_traits>

#include "log/codec_wire.h"

namespace tablog::codec {

namespace {

constexpr std::size_t kListWords = 2;  // a pointer and a tag
constexpr std::size_t kSchemaListMax = 100'000;

void put(wire::Argument::Builder to, const Argument& argument) {
  to.setName(to_kj(argument.name));
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          to.setNone();
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          to.setInteger(value);
        } else if constexpr (std::is_same_v<T, double>) {
          to.setFloat(value);
        } else if constexpr (std::is_same_v<T, std::string>) {
          to.setText(to_kj(value));
        } else {
          static_assert(std::is_same_v<T, Bytes>);
          to.setBlob(to_kj(value));
        }
      },
      argument.value);
}

Value get_value(wire::Argument::Reader from) {
  switch (from.which()) {
    case wire::Argument::NONE:
      return std::monostate{};
    case wire::Argument::INTEGER:
      return from.getInteger();
    case wire::Argument::FLOAT:
      return from.getFloat();
    case wire::Argument::TEXT:
      return to_string(from.getText());
    case wire::Argument::BLOB:
      return to_bytes(from.getBlob());
  }
  require(false, "unknown kind of argument");
  return {};
}

std::size_t words_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    return words_of_bytes(text->size());
  }
  if (const auto* blob = std::get_if<Bytes>(&value)) {
    return words_of_bytes(blob->size());
  }
  return 0;
}

}  // namespace

void require(bool condition, const char* what) {
  if (!condition) {
    throw kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::str(what));
  }
}

void put(capnp::List<wire::Argument>::Builder to, std::span<const Argument> args) {
  for (std::uint32_t i = 0; i < args.size(); ++i) {
    put(to[i], args[i]);
  }
}

void put(wire::Event::Builder to, const Event& event) {
  to.setType(to_kj(event.type));
  put(to.initArgs(static_cast<std::uint32_t>(event.args.size())), event.args);
}

void put(wire::Exec::Builder to, const Exec& exec) {
  to.setSql(to_kj(exec.sql));
  to.setChanges(exec.changes);
  put(to.initParams(static_cast<std::uint32_t>(exec.params.size())), exec.params);
}

void put(wire::Schema::Builder to, const Schema& schema) {
  to.setVersion(schema.version);
  to.setFlags(schema.flags);
  to.setProfileHash(schema.profile_hash);
  to.setEngine(to_kj(schema.engine));
  to.setCompileOptions(to_kj(schema.compile_options));
  auto migrations = to.initMigrations(static_cast<std::uint32_t>(schema.migrations.size()));
  for (std::uint32_t i = 0; i < migrations.size(); ++i) {
    migrations.set(i, to_kj(schema.migrations[i]));
  }
  auto materializers =
      to.initMaterializers(static_cast<std::uint32_t>(schema.materializers.size()));
  for (std::uint32_t i = 0; i < materializers.size(); ++i) {
    materializers[i].setType(to_kj(schema.materializers[i].type));
    materializers[i].setSql(to_kj(schema.materializers[i].sql));
  }
  auto upcasters = to.initUpcasters(static_cast<std::uint32_t>(schema.upcasters.size()));
  for (std::uint32_t i = 0; i < upcasters.size(); ++i) {
    upcasters[i].setType(to_kj(schema.upcasters[i].type));
    upcasters[i].setFrom(schema.upcasters[i].from);
    upcasters[i].setArgsSql(to_kj(schema.upcasters[i].args_sql));
  }
}

void put(wire::Payload::Builder to, const Payload& payload) {
  if (const auto* events = std::get_if<std::vector<Event>>(&payload)) {
    auto list = to.initEvents(static_cast<std::uint32_t>(events->size()));
    for (std::uint32_t i = 0; i < events->size(); ++i) {
      put(list[i], (*events)[i]);
    }
  } else if (const auto* exec = std::get_if<Exec>(&payload)) {
    auto to_exec = to.initExec();
    put(to_exec, *exec);
    to_exec.setChanges(0);
  } else {
    to.setWithdrawn();
  }
}

std::vector<Argument> get(capnp::List<wire::Argument>::Reader from) {
  std::vector<Argument> args;
  args.reserve(bounded(from, kArgumentsMax, "too many arguments"));
  for (const auto argument : from) {
    args.push_back({to_string(argument.getName()), get_value(argument)});
  }
  return args;
}

Event get(wire::Event::Reader from) {
  return {.type = to_string(from.getType()), .args = get(from.getArgs())};
}

Exec get(wire::Exec::Reader from) {
  return {.sql = to_string(from.getSql()),
          .params = get(from.getParams()),
          .changes = from.getChanges()};
}

Schema get(wire::Schema::Reader from) {
  Schema schema{.version = from.getVersion(),
                .migrations = {},
                .materializers = {},
                .upcasters = {},
                .flags = from.getFlags(),
                .engine = to_string(from.getEngine()),
                .compile_options = to_string(from.getCompileOptions()),
                .profile_hash = from.getProfileHash()};
  const auto migrations = from.getMigrations();
  schema.migrations.reserve(bounded(migrations, kSchemaListMax, "too many migrations"));
  for (const auto migration : migrations) {
    schema.migrations.push_back(to_string(migration));
  }
  const auto materializers = from.getMaterializers();
  schema.materializers.reserve(bounded(materializers, kSchemaListMax, "too many materializers"));
  for (const auto materializer : materializers) {
    schema.materializers.push_back(
        {to_string(materializer.getType()), to_string(materializer.getSql())});
  }
  const auto upcasters = from.getUpcasters();
  schema.upcasters.reserve(bounded(upcasters, kSchemaListMax, "too many upcasters"));
  for (const auto upcaster : upcasters) {
    schema.upcasters.push_back(
        {to_string(upcaster.getType()), upcaster.getFrom(), to_string(upcaster.getArgsSql())});
  }
  return schema;
}

Payload get(wire::Payload::Reader from) {
  switch (from.which()) {
    case wire::Payload::EVENTS: {
      const auto list = from.getEvents();
      std::vector<Event> events;
      events.reserve(bounded(list, kBatchEventsMax, "too many events"));
      for (const auto event : list) {
        events.push_back(get(event));
      }
      return events;
    }
    case wire::Payload::EXEC:
      return get(from.getExec());
    case wire::Payload::WITHDRAWN:
      return Void{};
  }
  require(false, "unknown kind of payload");
  return {};
}

std::size_t words_of(std::span<const Argument> args) {
  std::size_t words = kListWords;
  for (const Argument& argument : args) {
    words += 4 + words_of_bytes(argument.name.size()) + words_of(argument.value);
  }
  return words;
}

std::size_t words_of(const Event& event) {
  return 2 + words_of_bytes(event.type.size()) + words_of(std::span(event.args));
}

std::size_t words_of(const Exec& exec) {
  return 3 + words_of_bytes(exec.sql.size()) + words_of(std::span(exec.params));
}

std::size_t words_of(const Schema& schema) {
  std::size_t words = 8 + 3 * kListWords + words_of_bytes(schema.engine.size()) +
                      words_of_bytes(schema.compile_options.size());
  for (const std::string& migration : schema.migrations) {
    words += 1 + words_of_bytes(migration.size());
  }
  for (const Materializer& materializer : schema.materializers) {
    words += 2 + words_of_bytes(materializer.type.size()) + words_of_bytes(materializer.sql.size());
  }
  for (const Upcaster& upcaster : schema.upcasters) {
    words += 3 + words_of_bytes(upcaster.type.size()) + words_of_bytes(upcaster.args_sql.size());
  }
  return words;
}

std::size_t words_of(const Payload& payload) {
  if (const auto* events = std::get_if<std::vector<Event>>(&payload)) {
    std::size_t words = 2 + kListWords;
    for (const Event& event : *events) {
      words += words_of(event);
    }
    return words;
  }
  if (const auto* exec = std::get_if<Exec>(&payload)) {
    return 2 + words_of(*exec);
  }
  return 2;
}

}  // namespace tablog::codec
