#include "tools/row_changes.h"

#include <algorithm>
#include <map>

#include "storage/sqlite.h"
#include "tools/sql_text.h"

namespace tablog::tools {

namespace {

using storage::StateDatabase;

constexpr int kPageRows = 512;

std::string joined(const std::vector<std::string>& parts, const std::string& between) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

std::vector<std::string> names_of(const std::vector<std::string>& columns) {
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const std::string& column : columns) names.push_back(sql_name(column));
  return names;
}

// "?1, ?2, …"
std::string placeholders(std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t i = 1; i <= count; ++i) all.push_back("?" + std::to_string(i));
  return joined(all, ", ");
}

std::string text_of(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? *text : std::string();
}

// ---- definitions

struct Definition {
  std::string sql{};
  std::string table{};  // that it is on
};
using Definitions = std::map<std::pair<std::string, std::string>, Definition>;  // by type and name

Result<Definitions> definitions_of(StateDatabase& state) {
  auto found = ask(state,
                   "SELECT type, name, sql, tbl_name FROM sqlite_schema WHERE sql IS NOT NULL AND "
                   "name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND "
                   "tbl_name NOT LIKE 'tablog\\_%' ESCAPE '\\' AND "
                   "name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')");
  if (!found) return fail(found.error());
  Definitions definitions;
  for (const Row& row : found->rows) {
    definitions[{text_of(row[0]), text_of(row[1])}] = {text_of(row[2]), text_of(row[3])};
  }
  return definitions;
}

std::optional<std::string> sql_in(const Definitions& definitions, const std::string& type,
                                  const std::string& name) {
  const auto found = definitions.find({type, name});
  return found == definitions.end() ? std::nullopt : std::optional(found->second.sql);
}

// ---- tables

// A primary key may hold NULLs, which tell no rows apart; the rowid then does, if it can be named.
Result<std::vector<std::string>> key_of(StateDatabase& state, const std::string& table,
                                        const std::vector<std::string>& declared,
                                        const std::vector<std::string>& columns) {
  const auto has_nulls = [&]() -> Result<bool> {
    std::vector<std::string> tests;
    tests.reserve(declared.size());
    for (const std::string& name : names_of(declared)) tests.push_back(name + " IS NULL");
    const auto found = ask(
        state, "SELECT 1 FROM " + sql_name(table) + " WHERE " + joined(tests, " OR ") + " LIMIT 1");
    if (!found) return fail(found.error());
    return !found->rows.empty();
  };
  if (!declared.empty()) {
    const auto nulls = has_nulls();
    if (!nulls) return fail(nulls.error());
    if (!*nulls) return declared;
  }
  for (const char* name : {"rowid", "_rowid_", "oid"}) {
    const bool taken = std::ranges::any_of(
        columns, [&](const std::string& column) { return storage::same_name(column, name); });
    if (!taken) return std::vector<std::string>{name};
  }
  return declared.empty() ? columns : declared;
}

// None: a virtual table, a view, or nothing.
Result<std::shared_ptr<const Relation>> relation_of(StateDatabase& state, const std::string& name,
                                                    const std::optional<std::string>& sql) {
  if (!sql) return nullptr;
  const std::vector<Value> named{name};
  const auto listed =
      ask(state, "SELECT 1 FROM pragma_table_list WHERE name = ?1 AND type = 'table'", named);
  if (!listed) return fail(listed.error());
  if (listed->rows.empty()) return nullptr;
  const auto info = ask(
      state, "SELECT name, pk FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY cid", named);
  if (!info) return fail(info.error());
  Relation relation{.name = name, .sql = *sql};
  std::map<std::int64_t, std::string> declared;
  for (const Row& row : info->rows) {
    relation.columns.push_back(text_of(row[0]));
    const auto position = std::get<std::int64_t>(row[1]);
    if (position > 0) declared[position] = text_of(row[0]);
  }
  std::vector<std::string> key;
  key.reserve(declared.size());
  for (const auto& [position, column] : declared) key.push_back(column);
  auto chosen = key_of(state, name, key, relation.columns);
  if (!chosen) return fail(chosen.error());
  relation.key = *std::move(chosen);
  return std::make_shared<const Relation>(std::move(relation));
}

// The rows of a table in the order of their keys, a page at a time.
class Pages {
 public:
  Pages(StateDatabase& state, const Relation& relation) : state_(state) {
    const std::string key = joined(names_of(relation.key), ", ");
    select_ = "SELECT " + key + ", " + joined(names_of(relation.columns), ", ") + " FROM " +
              sql_name(relation.name);
    after_ = " WHERE (" + key + ") > (" + placeholders(relation.key.size()) + ")";
    order_ = " ORDER BY " + key + " LIMIT " + std::to_string(kPageRows);
    key_columns_ = relation.key.size();
  }

  // Key and columns of each; empty: there is no more.
  Result<std::vector<Row>> next() {
    auto page = ask(state_, select_ + (last_.empty() ? "" : after_) + order_, last_);
    if (!page) return fail(page.error());
    if (!page->rows.empty()) {
      const Row& row = page->rows.back();
      last_.assign(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(key_columns_));
    }
    return std::move(page->rows);
  }

 private:
  StateDatabase& state_;
  std::string select_;
  std::string after_;
  std::string order_;
  std::size_t key_columns_;
  Row last_;
};

std::string lookup_sql(const Relation& relation) {
  std::vector<std::string> tests;
  tests.reserve(relation.key.size());
  for (std::size_t i = 0; i < relation.key.size(); ++i) {
    tests.push_back(sql_name(relation.key[i]) + " IS ?" + std::to_string(i + 1));
  }
  return "SELECT " + joined(names_of(relation.columns), ", ") + " FROM " + sql_name(relation.name) +
         " WHERE " + joined(tests, " AND ");
}

// ---- comparing

class Comparison {
 public:
  Comparison(StateDatabase& before, StateDatabase& after, const ChangeSink& sink)
      : before_(before), after_(after), sink_(sink) {}

  // False: the sink has had enough.
  Result<bool> definition(const std::string& type, const std::string& name,
                          const std::optional<std::string>& was,
                          const std::optional<std::string>& is) {
    if (was == is) return true;
    return sink_.definition({.name = name, .type = type, .before = was, .after = is});
  }

  Result<bool> made_again(const std::string& type, const std::string& name,
                          const std::string& sql) {
    return sink_.definition({.name = name,
                             .type = type,
                             .before = std::nullopt,
                             .after = sql,
                             .goes_with_table = true});
  }

  Result<bool> rows(const std::shared_ptr<const Relation>& was,
                    const std::shared_ptr<const Relation>& is) {
    const bool same = was && is && was->sql == is->sql && was->key == is->key;
    if (same) {
      const auto go_on = each(before_, was, [&](Row key, Row row) -> Result<bool> {
        auto other = find(after_, *is, key);
        if (!other) return fail(other.error());
        if (*other == row) return true;
        return sink_.row({was, std::move(key), std::move(row), *std::move(other)});
      });
      if (!go_on || !*go_on) return go_on;
    }
    if (!is) return true;
    return each(after_, is, [&](Row key, Row row) -> Result<bool> {
      const auto other = same ? find(before_, *was, key) : Result<std::optional<Row>>(std::nullopt);
      if (!other) return fail(other.error());
      return other->has_value() || sink_.row({is, std::move(key), std::nullopt, std::move(row)});
    });
  }

 private:
  using Visit = std::function<Result<bool>(Row key, Row row)>;

  static Result<bool> each(StateDatabase& state, const std::shared_ptr<const Relation>& relation,
                           const Visit& visit) {
    Pages pages(state, *relation);
    while (true) {
      auto page = pages.next();
      if (!page) return fail(page.error());
      if (page->empty()) return true;
      for (Row& whole : *page) {
        const auto middle = whole.begin() + static_cast<std::ptrdiff_t>(relation->key.size());
        Row row(std::make_move_iterator(middle), std::make_move_iterator(whole.end()));
        whole.erase(middle, whole.end());
        const auto go_on = visit(std::move(whole), std::move(row));
        if (!go_on || !*go_on) return go_on;
      }
    }
  }

  static Result<std::optional<Row>> find(StateDatabase& state, const Relation& relation,
                                         const Row& key) {
    auto found = ask(state, lookup_sql(relation), key);
    if (!found) return fail(found.error());
    return found->rows.empty() ? std::nullopt : std::optional(std::move(found->rows.front()));
  }

  StateDatabase& before_;
  StateDatabase& after_;
  const ChangeSink& sink_;
};

Definitions united(const Definitions& a, const Definitions& b) {
  Definitions all = a;
  all.insert(b.begin(), b.end());
  return all;
}

}  // namespace

Result<void> compare_states(StateDatabase& before, StateDatabase& after,
                            const storage::Changes& touched, const ChangeSink& sink) {
  const auto was = definitions_of(before);
  const auto is = was ? definitions_of(after) : was;
  if (!is) return fail(is.error());
  Comparison comparison(before, after, sink);
  storage::TableNames redefined;
  // Tables with their rows come before what is defined on them.
  for (const bool tables : {true, false}) {
    for (const auto& [what, definition] : united(*was, *is)) {
      const auto& [type, name] = what;
      if ((type == "table") != tables) continue;
      const auto old_sql = sql_in(*was, type, name);
      const auto new_sql = sql_in(*is, type, name);
      auto go_on = comparison.definition(type, name, old_sql, new_sql);
      if (!go_on) return fail(go_on.error());
      if (!*go_on) return {};
      const bool same = old_sql == new_sql;
      if (tables && old_sql && new_sql && !same) redefined.insert(name);
      if (!tables && same && redefined.contains(definition.table)) {
        go_on = comparison.made_again(type, name, definition.sql);
        if (!go_on) return fail(go_on.error());
        if (!*go_on) return {};
      }
      if (!tables || (same && !touched.everything && !touched.tables.contains(name))) continue;
      const auto old_relation = relation_of(before, name, old_sql);
      const auto new_relation =
          old_relation ? relation_of(after, name, new_sql) : fail(old_relation.error());
      if (!new_relation) return fail(new_relation.error());
      go_on = comparison.rows(*old_relation, *new_relation);
      if (!go_on) return fail(go_on.error());
      if (!*go_on) return {};
    }
  }
  return {};
}

std::string sql_of(const RowChange& change) {
  const Relation& relation = *change.relation;
  const std::string table = sql_name(relation.name);
  std::vector<std::string> tests;
  tests.reserve(relation.key.size());
  for (std::size_t i = 0; i < relation.key.size(); ++i) {
    tests.push_back(sql_name(relation.key[i]) + " IS " + sql_literal(change.key[i]));
  }
  const std::string where = " WHERE " + joined(tests, " AND ");
  if (!change.after) return "DELETE FROM " + table + where;
  if (change.before) {
    std::vector<std::string> sets;
    for (std::size_t i = 0; i < relation.columns.size(); ++i) {
      if ((*change.before)[i] == (*change.after)[i]) continue;
      sets.push_back(sql_name(relation.columns[i]) + " = " + sql_literal((*change.after)[i]));
    }
    return "UPDATE " + table + " SET " + joined(sets, ", ") + where;
  }
  // A rowid that no column shows is kept, too: the next change names the row by it.
  std::vector<std::string> columns = names_of(relation.columns);
  std::vector<std::string> values;
  values.reserve(change.after->size() + 1);
  for (const Value& value : *change.after) values.push_back(sql_literal(value));
  if (std::ranges::find(relation.columns, relation.key.front()) == relation.columns.end()) {
    columns.insert(columns.begin(), relation.key.front());
    values.insert(values.begin(), sql_literal(change.key.front()));
  }
  return "INSERT INTO " + table + "(" + joined(columns, ", ") + ") VALUES (" +
         joined(values, ", ") + ")";
}

std::vector<std::string> sql_of(const DefinitionChange& change) {
  std::vector<std::string> statements;
  if (change.before) {
    std::string type = change.type;
    std::ranges::transform(type, type.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    statements.push_back("DROP " + type + " IF EXISTS " + sql_name(change.name));
  }
  if (change.after) statements.push_back(*change.after);
  return statements;
}

}  // namespace tablog::tools
