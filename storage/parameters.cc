#include "storage/parameters.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "storage/nearest.h"
#include "storage/utf8.h"

namespace tablog::storage {

namespace {

constexpr auto kEntryParameters =
    std::to_array<std::string_view>({"$index", "$term", "$time", "$client"});

// Why SQLite would not keep `value` as it is; empty: it would.
std::string_view why_unstorable(const Value& value) {
  if (const auto* number = std::get_if<double>(&value);
      number != nullptr && !std::isfinite(*number)) {
    return "NaN and infinities cannot be stored";
  }
  if (const auto* text = std::get_if<std::string>(&value); text != nullptr && !is_utf8(*text)) {
    return "text must be well-formed UTF-8";
  }
  return {};
}

// As SQL writes it: ":title", "?1".
std::string spelled(std::string_view name) {
  const bool positional = !name.empty() && name.front() >= '0' && name.front() <= '9';
  return (positional ? "?" : ":") + std::string(name);
}

}  // namespace

ParameterNames parameter_names(const Statement& statement) {
  ParameterNames names;
  const int count = sqlite3_bind_parameter_count(statement.get());
  for (int i = 1; i <= count; ++i) {
    const char* name = sqlite3_bind_parameter_name(statement.get(), i);
    names.push_back(name == nullptr ? std::to_string(i) : std::string(name + 1));
  }
  return names;
}

Parameters::Parameters(const Entry* entry, std::span<const Argument> arguments,
                       std::string_view what)
    : entry_(entry), arguments_(arguments), what_(what), used_(arguments.size()) {}

bool Parameters::is_own(std::string_view name) const {
  return entry_ != nullptr && std::ranges::find(kEntryParameters, name) != kEntryParameters.end();
}

Result<void> Parameters::check() const {
  const auto invalid = [&](const Argument& argument, std::string_view why) {
    return fail(ErrorCode::kInvalidArgument, "parameter " + spelled(argument.name) + " of " +
                                                 std::string(what_) + ": " + std::string(why));
  };
  if (arguments_.size() > kArgumentsMax) {
    return fail(ErrorCode::kInvalidArgument, std::string(what_) + " has more than " +
                                                 std::to_string(kArgumentsMax) + " parameters");
  }
  for (std::size_t i = 0; i < arguments_.size(); ++i) {
    const Argument& argument = arguments_[i];
    if (is_own(argument.name)) return invalid(argument, "the entry gives it, it cannot be passed");
    if (const std::string_view why = why_unstorable(argument.value); !why.empty()) {
      return invalid(argument, why);
    }
    const auto before = arguments_.first(i);
    if (std::ranges::any_of(before,
                            [&](const Argument& other) { return other.name == argument.name; })) {
      return invalid(argument, "it is given twice");
    }
  }
  return {};
}

Result<void> Parameters::bind(Statement& statement, const ParameterNames& names) {
  int parameter = 0;
  for (const std::string& name : names) {
    if (auto bound = bind_one(statement, ++parameter, name); !bound) return bound;
  }
  return {};
}

Result<void> Parameters::bind_one(Statement& statement, int parameter, const std::string& name) {
  const auto argument = std::ranges::find(arguments_, name, &Argument::name);
  if (argument != arguments_.end()) {
    used_[static_cast<std::size_t>(argument - arguments_.begin())] = true;
    return statement.bind(parameter, argument->value);
  }
  if (!is_own(name)) {
    return fail(ErrorCode::kInvalidArgument,
                "missing parameter " + spelled(name) + " of " + std::string(what_));
  }
  if (name == "$index")
    return statement.bind(parameter, static_cast<std::int64_t>(entry_->index.value));
  if (name == "$term")
    return statement.bind(parameter, static_cast<std::int64_t>(entry_->term.value));
  if (name == "$time") return statement.bind(parameter, entry_->time_ms);
  if (!entry_->request) return {};  // an entry of the leader's own: NULL
  if (client_.empty()) client_ = to_hex(entry_->request->client.bytes);
  return statement.bind(parameter, std::string_view(client_));
}

Result<void> Parameters::check_all_used(std::span<const ParameterNames> wanted) const {
  const auto unused = std::ranges::find(used_, false);
  if (unused == used_.end()) return {};
  const std::string& name = arguments_[static_cast<std::size_t>(unused - used_.begin())].name;
  std::vector<std::string_view> known;
  for (const ParameterNames& names : wanted) known.insert(known.end(), names.begin(), names.end());
  std::string words = "unknown parameter " + spelled(name) + " of " + std::string(what_);
  if (const auto meant = nearest(name, known)) words += ", did you mean " + spelled(*meant) + "?";
  return fail(ErrorCode::kInvalidArgument, std::move(words));
}

}  // namespace tablog::storage
