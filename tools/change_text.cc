#include "tools/change_text.h"

#include <nlohmann/json.hpp>

#include "tools/describe.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

constexpr std::size_t kNameMax = 64;  // characters
constexpr std::size_t kSqlMax = 400;

std::string values_text(const std::vector<std::string>& columns, const Row& row,
                        const std::vector<std::string>& without) {
  std::string text;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (std::ranges::find(without, columns[i]) != without.end()) continue;
    text += ' ' + printable(columns[i], kNameMax) + '=' + literal(row[i]);
  }
  return text;
}

std::string changed_text(const RowChange& change) {
  std::string text;
  for (std::size_t i = 0; i < change.relation->columns.size(); ++i) {
    const Value& before = (*change.before)[i];
    const Value& after = (*change.after)[i];
    if (before == after) continue;
    text += ' ' + printable(change.relation->columns[i], kNameMax) + ": " + literal(before) +
            " → " + literal(after);
  }
  return text;
}

Json row_json(const RowChange& change, const std::optional<Row>& row) {
  return row ? json_of(change.relation->columns, *row) : Json(nullptr);
}

}  // namespace

std::string text_of(const RowChange& change, const Output& output) {
  const Relation& relation = *change.relation;
  const std::string row =
      printable(relation.name, kNameMax) + values_text(relation.key, change.key, {});
  if (!change.before) {
    return output.paint(Paint::kGood, "+ " + row) + ' ' +
           values_text(relation.columns, *change.after, relation.key);
  }
  if (!change.after) {
    return output.paint(Paint::kBad, "- " + row) + ' ' +
           values_text(relation.columns, *change.before, relation.key);
  }
  return output.paint(Paint::kWarning, "~ " + row) + ' ' + changed_text(change);
}

std::string text_of(const DefinitionChange& change, const Output& output) {
  const std::string what = change.type + ' ' + printable(change.name, kNameMax);
  if (!change.after) return output.paint(Paint::kBad, "- " + what);
  return output.paint(change.before ? Paint::kWarning : Paint::kGood,
                      (change.before ? "~ " : "+ ") + what) +
         "  " + printable(*change.after, kSqlMax);
}

Json json_of(const RowChange& change) {
  return {{"table", change.relation->name},
          {"change", change.before ? change.after ? "update" : "delete" : "insert"},
          {"key", json_of(change.relation->key, change.key)},
          {"before", row_json(change, change.before)},
          {"after", row_json(change, change.after)}};
}

Json json_of(const DefinitionChange& change) {
  return {{"table", change.name},
          {"change", "definition"},
          {"type", change.type},
          {"before", change.before ? Json(*change.before) : Json(nullptr)},
          {"after", change.after ? Json(*change.after) : Json(nullptr)}};
}

}  // namespace tablog::tools
