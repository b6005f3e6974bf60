#include "storage/materializers.h"

#include <algorithm>
#include <utility>

#include "storage/nearest.h"

namespace tablog::storage {

namespace {

Error prefixed(std::string_view type, Error error) {
  error.message = std::string(type) + ": " + error.message;
  return error;
}

}  // namespace

Materializers::Materializers(sqlite3* db, Authorizer& authorizer, Entry entry)
    : db_(db),
      authorizer_(authorizer),
      entry_(std::move(entry)),
      upcasters_(db, authorizer, schema()) {}

Result<void> Materializers::compile_all() {
  for (const Materializer& materializer : schema().materializers) {
    Result<Compiled> compiled = compile(materializer);
    if (!compiled) return fail(prefixed("materializer of " + materializer.type, compiled.error()));
    if (!compiled_.emplace(materializer.type, std::move(*compiled)).second) {
      return fail(ErrorCode::kInvalidArgument, materializer.type + " has two materializers");
    }
  }
  return upcasters_.compile_all();
}

Result<Materializers::Compiled> Materializers::compile(const Materializer& materializer) {
  const Authorizer::Scope scope(authorizer_, Purpose::kMaterializer, Phase::kPrepare);
  Compiled compiled;
  std::string_view rest = materializer.sql;
  while (!rest.empty()) {
    Result<Statement> statement =
        Statement::prepare(db_, rest, ErrorCode::kRejected, Lifetime::kCached, &rest);
    if (!statement) return fail(authorizer_.explain(statement.error()));
    if (!*statement) continue;
    ParameterNames names = parameter_names(*statement);
    const bool positional = std::ranges::any_of(
        names, [](const std::string& name) { return name.front() >= '0' && name.front() <= '9'; });
    if (positional) return fail(ErrorCode::kRejected, "parameters must have names, as :title");
    compiled.statements.push_back(std::move(*statement));
    compiled.names.push_back(std::move(names));
  }
  if (compiled.statements.empty()) return fail(ErrorCode::kRejected, "it has no statement");
  return compiled;
}

Result<Materializers::Compiled*> Materializers::find(const std::string& type) {
  if (const auto known = compiled_.find(type); known != compiled_.end()) return &known->second;
  const auto& all = schema().materializers;
  const auto found = std::ranges::find(all, type, &Materializer::type);
  if (found == all.end()) {
    std::vector<std::string_view> types;
    types.reserve(all.size());
    for (const Materializer& materializer : all) types.push_back(materializer.type);
    std::string words = "there is no event type \"" + type + "\" in schema version " +
                        std::to_string(schema().version);
    if (const auto meant = nearest(type, types))
      words += "; did you mean \"" + std::string(*meant) + "\"?";
    return fail(ErrorCode::kUnknownEvent, std::move(words));
  }
  Result<Compiled> compiled = compile(*found);
  if (!compiled) return fail(prefixed(type, compiled.error()));
  return &compiled_.emplace(type, std::move(*compiled)).first->second;
}

Result<void> Materializers::run(const Entry& entry, const Event& event) {
  if (entry.schema_version >= schema().version || schema().upcasters.empty())
    return run(entry, event.type, event.args);
  const Result<std::vector<Argument>> arguments = upcasters_.translate(entry, event);
  if (!arguments) return fail(arguments.error());
  return run(entry, event.type, *arguments);
}

Result<void> Materializers::run(const Entry& entry, const std::string& type,
                                std::span<const Argument> arguments) {
  const Result<Compiled*> compiled = find(type);
  if (!compiled) return fail(compiled.error());
  Parameters parameters(&entry, arguments, type);
  if (auto checked = parameters.check(); !checked) return checked;
  auto& [statements, names] = **compiled;
  Result<void> done;
  for (std::size_t i = 0; done && i < statements.size(); ++i)
    done = parameters.bind(statements[i], names[i]);
  if (done) done = parameters.check_all_used(names);
  const Authorizer::Scope scope(authorizer_, Purpose::kMaterializer, Phase::kStep);
  for (Statement& statement : statements) {
    if (done) {
      done = statement.run();
      if (!done) done = fail(prefixed(type, authorizer_.explain(done.error())));
    } else {
      statement.reset();
    }
  }
  return done;
}

}  // namespace tablog::storage
