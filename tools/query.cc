#include <nlohmann/json.hpp>

#include "tools/describe.h"
#include "tools/replayer.h"
#include "tools/result_set.h"
#include "tools/sql_text.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

constexpr std::size_t kCellMax = 60;  // characters, in the table

struct Options {
  std::string sql{};
  std::optional<std::uint64_t> at{};
};

Result<ResultSet> run(Source& source, const Options& options, Output& output) {
  const auto at = end_of_replay(source, options.at);
  if (!at) return fail(at.error());
  auto replayer = Replayer::begin(source);
  if (!replayer) return fail(replayer.error());
  Reading reading(source, output, "replaying");
  if (const auto done = replayer->advance(reading, *at); !done) return fail(done.error());
  if (const auto& divergence = replayer->divergence()) {
    return fail(ErrorCode::kRejected, divergence_text(*divergence));
  }
  if (const auto committed = replayer->state().commit(); !committed) {
    return fail(committed.error());
  }
  return ask(replayer->state(), options.sql);
}

std::string cell_text(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? printable(*text, kCellMax) : literal(value);
}

std::vector<std::string> sql_literals(const Row& row) {
  std::vector<std::string> literals;
  for (const Value& value : row) literals.push_back(sql_literal(value));
  return literals;
}

void print(const ResultSet& result, Output& output) {
  std::vector<Column> columns;
  columns.reserve(result.columns.size());
  for (const std::string& name : result.columns) columns.push_back({printable(name, kCellMax)});
  std::vector<std::vector<std::string>> cells;
  for (const Row& row : result.rows) {
    std::vector<std::string> line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line.push_back(cell_text(row[i]));
      const bool number =
          std::holds_alternative<std::int64_t>(row[i]) || std::holds_alternative<double>(row[i]);
      if (cells.empty() && number) columns[i].align = Column::Align::kRight;
    }
    cells.push_back(std::move(line));
  }
  Table table(output, columns);
  table.fit(cells);
  table.print_header();
  for (const auto& line : cells) table.print(line);
}

ExitCode query(const Target& target, const Options& options, Output& output) {
  auto source = open_source(target);
  if (!source) return tell(output, source.error());
  auto result = run(*source, options, output);
  if (!result) {
    const ExitCode code = tell(output, result.error());
    return result.error().code == ErrorCode::kQueryFailed ? ExitCode::kUsage : code;
  }
  if (output.is_table()) {
    print(*result, output);
  } else {
    make_unique(result->columns);
    output.begin_rows({.table = "result", .columns = result->columns});
    for (const Row& row : result->rows) {
      if (output.format() == Format::kSql) {
        output.sql_row(sql_literals(row));
      } else {
        output.row(json_of(result->columns, row));
      }
    }
    output.end_rows();
  }
  return tell_tail(output, *source);
}

}  // namespace

Verb query_verb() {
  const auto options = std::make_shared<Options>();
  Verb verb{
      .name = "query",
      .what = "Rows of the database as of an entry, made from the log alone",
      .examples =
          "  tablog query notes.tablog 'SELECT count(*) FROM todo'\n"
          "  tablog query notes.tablog --at 4711 'SELECT * FROM todo' -o json",
      .options = {{.names = "--at",
                   .value = "INDEX",
                   .help = "As it was behind this entry; without it, at the head",
                   .into = &options->at}},
      .positionals = {{.name = "SQL", .help = "One reading statement", .into = &options->sql}}};
  carry_out(verb, options, query);
  return verb;
}

}  // namespace tablog::tools
