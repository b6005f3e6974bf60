#include "tools/where.h"

#include <sqlite3.h>

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include "tools/describe.h"
#include "tools/sql_text.h"

namespace tablog::tools {

namespace {

using storage::Connection;
using storage::Statement;

constexpr std::size_t kCompiledMax = 1000;  // statements; a log of nothing but names is read slower
constexpr int kStepsMax = 100'000'000;      // of SQLite's machine, for one entry

struct Named {
  std::string name{};
  Value value{};
};

Value json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const std::vector<Argument>& arguments_of(const Entry& entry) {
  static const std::vector<Argument> kNone;
  if (const auto* event = std::get_if<Event>(&entry.body)) return event->args;
  if (const auto* exec = std::get_if<Exec>(&entry.body)) return exec->params;
  return kNone;
}

std::vector<Named> fields_of(const Entry& entry) {
  std::vector<Named> fields;
  const std::vector<Argument>& arguments = arguments_of(entry);
  fields.reserve(arguments.size() + 9);
  for (const Argument& argument : arguments) fields.push_back({argument.name, argument.value});
  const auto add = [&](const char* name, Value value) {
    const bool taken = std::ranges::any_of(
        arguments, [&](const Argument& each) { return storage::same_name(each.name, name); });
    if (!taken) fields.push_back({name, std::move(value)});
  };
  const auto* event = std::get_if<Event>(&entry.body);
  const auto* exec = std::get_if<Exec>(&entry.body);
  const auto text = [](const std::string* from) { return from ? Value(*from) : Value(); };
  add("index", static_cast<std::int64_t>(entry.index.value));
  add("term", static_cast<std::int64_t>(entry.term.value));
  add("time", entry.time_ms);
  add("client", entry.request ? Value(to_hex(entry.request->client.bytes)) : Value());
  add("request",
      entry.request ? Value(static_cast<std::int64_t>(entry.request->number.value)) : Value());
  add("kind", std::string(kind_of(entry)));
  add("type", text(event != nullptr ? &event->type : nullptr));
  add("sql", text(exec != nullptr ? &exec->sql : nullptr));
  add("args", Value());
  return fields;
}

// Only where the expression asks for it: writing JSON takes longer than all else.
void set_args(std::vector<Named>& fields, const Entry& entry, bool wanted) {
  if (!wanted || fields.empty() || fields.back().name != "args") return;
  Json args = Json::object();
  for (const Argument& argument : arguments_of(entry)) {
    args[argument.name] = json_of(argument.value);
  }
  fields.back().value = json_text(args);
}

bool is_unknown_name(const Error& error) {
  return error.message.starts_with("no such column");
}

}  // namespace

Result<std::unique_ptr<Where>> Where::compile(std::string expression) {
  auto memory = Connection::open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  if (!memory) return fail(memory.error());
  // An expression has no reason to touch a file.
  sqlite3_limit(memory->get(), SQLITE_LIMIT_ATTACHED, 0);
  std::unique_ptr<Where> where(new Where(*std::move(memory), std::move(expression)));
  if (const auto compiled = where->compiled_for({}); !compiled) return fail(compiled.error());
  return where;
}

Result<Where::Compiled*> Where::compiled_for(const std::vector<std::string>& names) {
  std::string key;
  for (const std::string& name : names) key += sql_name(name) + ',';
  if (const auto known = by_names_.find(key); known != by_names_.end()) return &known->second;
  std::string columns;
  for (std::size_t i = 0; i < names.size(); ++i) {
    columns += (i == 0 ? "" : ", ");
    columns += "?" + std::to_string(i + 1) + " AS " + sql_name(names[i]);
  }
  // A newline, so that a comment at the expression's end ends there.
  const std::string sql = "SELECT (" + expression_ + "\n) IS TRUE FROM (SELECT " +
                          (columns.empty() ? "1 AS \"1\"" : columns) + ")";
  std::string_view rest;
  auto statement = Statement::prepare(memory_.get(), sql, ErrorCode::kInvalidArgument,
                                      storage::Lifetime::kCached, &rest);
  Compiled compiled;
  if (statement && !rest.empty()) {
    return fail(ErrorCode::kInvalidArgument, "--where takes one expression");
  }
  if (statement) {
    compiled.statement = *std::move(statement);
    known_ = true;
    unknown_.clear();
  } else if (!is_unknown_name(statement.error())) {
    return fail(ErrorCode::kInvalidArgument, "--where: " + statement.error().message);
  } else if (!known_) {
    unknown_ = statement.error().message;
  }
  if (by_names_.size() >= kCompiledMax) by_names_.clear();
  return &(by_names_[key] = std::move(compiled));
}

Result<bool> Where::matches(const Entry& entry) {
  std::vector<Named> fields = fields_of(entry);
  set_args(fields, entry, expression_.find("args") != std::string::npos);
  std::vector<std::string> names;
  names.reserve(fields.size());
  for (const Named& field : fields) names.push_back(field.name);
  const auto compiled = compiled_for(names);
  if (!compiled) return fail(compiled.error());
  Statement& statement = (*compiled)->statement;
  if (!statement) return false;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto bound = statement.bind(static_cast<int>(i) + 1, fields[i].value);
    if (!bound) return fail(bound.error());
  }
  int steps = 0;
  sqlite3_progress_handler(
      memory_.get(), 1000,
      [](void* count) { return (*static_cast<int*>(count) += 1000) > kStepsMax ? 1 : 0; }, &steps);
  const auto row = statement.step();
  const bool is_true = row && *row && statement.integer(0) != 0;
  statement.reset();
  sqlite3_progress_handler(memory_.get(), 0, nullptr, nullptr);
  if (!row) return fail(ErrorCode::kInvalidArgument, "--where: " + row.error().message);
  return is_true;
}

}  // namespace tablog::tools
