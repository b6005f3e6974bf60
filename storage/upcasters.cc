#include "storage/upcasters.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

namespace tablog::storage {

namespace {

std::string name_of(const Upcaster& upcaster) {
  return "upcaster of " + upcaster.type + " from version " + std::to_string(upcaster.from);
}

Error prefixed(const Upcaster& upcaster, Error error) {
  error.message = name_of(upcaster) + ": " + error.message;
  return error;
}

// What keeps `upcaster` from making sense in `schema`; empty: nothing.
std::string why_not(const Schema& schema, const Upcaster& upcaster) {
  if (upcaster.from < 1 || upcaster.from >= schema.version)
    return "its version must be an older one than " + std::to_string(schema.version);
  if (std::ranges::find(schema.materializers, upcaster.type, &Materializer::type) ==
      schema.materializers.end()) {
    return "there is no such event type";
  }
  const auto same = std::ranges::count_if(schema.upcasters, [&](const Upcaster& other) {
    return other.type == upcaster.type && other.from == upcaster.from;
  });
  return same > 1 ? "there are two" : "";
}

bool is_blank(std::string_view sql) {
  return std::ranges::all_of(
      sql, [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; });
}

}  // namespace

Upcasters::Upcasters(sqlite3* db, Authorizer& authorizer, const Schema& schema)
    : db_(db), authorizer_(authorizer), schema_(schema), compiled_(schema.upcasters.size()) {
  order_.resize(schema.upcasters.size());
  std::iota(order_.begin(), order_.end(), std::size_t{});
  std::ranges::stable_sort(order_, {}, [&](std::size_t i) { return schema.upcasters[i].from; });
}

Result<void> Upcasters::compile_all() {
  for (std::size_t i = 0; i < compiled_.size(); ++i) {
    const Upcaster& upcaster = schema_.upcasters[i];
    if (const std::string why = why_not(schema_, upcaster); !why.empty())
      return fail(ErrorCode::kInvalidArgument, name_of(upcaster) + ": " + why);
    if (const Result<Compiled*> compiled = find(i); !compiled) return fail(compiled.error());
  }
  return {};
}

Result<Upcasters::Compiled*> Upcasters::find(std::size_t number) {
  std::optional<Compiled>& known = compiled_[number];
  if (!known) {
    Result<Compiled> compiled = compile(schema_.upcasters[number]);
    if (!compiled) return fail(prefixed(schema_.upcasters[number], compiled.error()));
    known = std::move(*compiled);
  }
  return &*known;
}

// In parentheses, and on a line of its own, it can be nothing but one expression.
Result<Upcasters::Compiled> Upcasters::compile(const Upcaster& upcaster) {
  const Authorizer::Scope scope(authorizer_, Purpose::kMaterializer, Phase::kPrepare);
  const std::string sql = "SELECT (" + upcaster.args_sql + "\n)";
  std::string_view rest;
  Result<Statement> statement =
      Statement::prepare(db_, sql, ErrorCode::kRejected, Lifetime::kCached, &rest);
  if (!statement) return fail(authorizer_.explain(statement.error()));
  if (!is_blank(rest)) return fail(ErrorCode::kRejected, "it must be one expression");
  ParameterNames names = parameter_names(*statement);
  return Compiled{.statement = std::move(*statement), .names = std::move(names)};
}

Result<std::vector<Argument>> Upcasters::translate(const Entry& entry, const Event& event) {
  std::vector<Argument> arguments = event.args;
  for (const std::size_t number : order_) {
    const Upcaster& upcaster = schema_.upcasters[number];
    if (upcaster.type != event.type || upcaster.from < entry.schema_version) continue;
    Result<std::vector<Argument>> made = run(number, entry, arguments);
    if (!made) return fail(prefixed(upcaster, made.error()));
    for (Argument& old : arguments) {
      const bool named = std::ranges::find(*made, old.name, &Argument::name) != made->end();
      if (std::holds_alternative<Bytes>(old.value) && !named) made->push_back(std::move(old));
    }
    arguments = std::move(*made);
  }
  return arguments;
}

Result<std::vector<Argument>> Upcasters::run(std::size_t number, const Entry& entry,
                                             std::span<const Argument> arguments) {
  const Result<Compiled*> compiled = find(number);
  if (!compiled) return fail(compiled.error());
  auto& [statement, names] = **compiled;
  Parameters parameters(&entry, arguments, "the event");
  if (auto checked = parameters.check(); !checked) return fail(checked.error());
  Result<void> bound = parameters.bind(statement, names);
  const Authorizer::Scope scope(authorizer_, Purpose::kMaterializer, Phase::kStep);
  Result<bool> row = false;
  if (bound) row = statement.step();
  Result<std::vector<Argument>> made;
  if (!bound) {
    made = fail(bound.error());
  } else if (!row) {
    made = fail(authorizer_.explain(row.error()));
  } else {
    made = members(statement.text(0));
  }
  statement.reset();
  return made;
}

// In the order in which they stand; json_each() gives an object or an array within as its text.
Result<std::vector<Argument>> Upcasters::members(std::string_view json) {
  if (!members_) {
    Result<Statement> prepared =
        prepare_own(db_,
                    "SELECT key, type, value FROM json_each(CASE WHEN json_valid(?1) AND "
                    "json_type(?1) = 'object' THEN ?1 ELSE '[null]' END)");
    if (!prepared) return fail(prepared.error());
    members_ = std::move(*prepared);
  }
  std::vector<Argument> arguments;
  Result<void> done = members_.bind(1, json);
  while (done) {
    const Result<bool> row = members_.step();
    if (!row) done = fail(row.error());
    if (!row || !*row) break;
    sqlite3_stmt* const handle = members_.get();
    if (sqlite3_column_type(handle, 0) != SQLITE_TEXT) {
      done = fail(ErrorCode::kRejected, "it must give a JSON object, as json_object() does");
      break;
    }
    Argument argument{.name = std::string(members_.text(0)), .value = {}};
    switch (sqlite3_column_type(handle, 2)) {
      case SQLITE_INTEGER:
        argument.value = members_.integer(2);
        break;
      case SQLITE_FLOAT:
        argument.value = sqlite3_column_double(handle, 2);
        break;
      case SQLITE_TEXT:
        argument.value = std::string(members_.text(2));
        break;
      default:
        break;  // null
    }
    arguments.push_back(std::move(argument));
  }
  members_.reset();
  if (!done) return fail(done.error());
  return arguments;
}

}  // namespace tablog::storage
