#include "tools/entry_filter.h"

#include <algorithm>

#include "tools/describe.h"
#include "tools/point_in_time.h"
#include "tools/result_set.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

bool among(const std::vector<std::string>& words, std::string_view word) {
  return words.empty() || std::ranges::find(words, word) != words.end();
}

Result<std::optional<std::int64_t>> time_in(const std::string& text, std::int64_t now_ms) {
  if (text.empty()) return std::nullopt;
  const auto time = parse_point_in_time(text, now_ms);
  if (!time) return fail(time.error());
  return *time;
}

// By replaying: an entry's SQL tells little of what triggers and foreign keys do.
Result<std::set<Index>> entries_of_table(const std::string& table, Source& source, Index to,
                                         Output& output) {
  auto replayer = Replayer::begin(source);
  if (!replayer) return fail(replayer.error());
  if (const auto rewound = source.log->seek(source.log->first()); !rewound) {
    return fail(rewound.error());
  }
  Reading reading(source, output, "replaying");
  std::set<Index> found;
  std::string definition;  // of the table; empty: there is none
  bool known = false;
  const std::vector<Value> named{table};
  // Definitions are told all at once: whether this table's are among them, its SQL says.
  const auto is_redefined = [&]() -> Result<bool> {
    const auto rows = ask(replayer->state(),
                          "SELECT coalesce(group_concat(sql, ';'), '') FROM (SELECT sql FROM "
                          "sqlite_schema WHERE tbl_name = ?1 COLLATE NOCASE ORDER BY name)",
                          named);
    if (!rows) return fail(rows.error());
    const auto& now = std::get<std::string>(rows->rows.front().front());
    known = known || !now.empty();
    return std::exchange(definition, now) != now;
  };
  const auto look = [&](const Step& step) -> Result<void> {
    const storage::Changes changes = replayer->state().take_changes();
    auto changed = changes.everything ? is_redefined() : Result<bool>(false);
    if (!changed) return fail(changed.error());
    if (*changed || changes.tables.contains(table)) found.insert(step.entry->index);
    return {};
  };
  if (const auto before = is_redefined(); !before) return fail(before.error());
  const auto done = replayer->advance(reading, to, look, Replayer::Stop::kAnywhere);
  if (!done) return fail(done.error());
  if (!known) {
    return fail(ErrorCode::kInvalidArgument, "there has never been a table " + path_text(table));
  }
  return found;
}

}  // namespace

std::vector<Option> options_of(FilterOptions& options) {
  return {
      {.names = "--since",
       .value = "TIME",
       .help = "Not before: 2026-11-23, 2026-11-23T13:04:05Z, 2h (ago)",
       .into = &options.since},
      {.names = "--until", .value = "TIME", .help = "Not after", .into = &options.until},
      {.names = "--term", .value = "TERM", .help = "Only of this term", .into = &options.term},
      {.names = "--client",
       .value = "HEX",
       .help = "Only of the tab whose id begins so",
       .into = &options.client},
      {.names = "--type",
       .value = "TYPE",
       .help = "Only events of this type; may be repeated",
       .into = &options.types},
      {.names = "--kind",
       .value = "KIND",
       .help = "Only event, exec, void, term, schema, checkpoint, close; may be repeated",
       .into = &options.kinds,
       .choices = kinds()},
      {.names = "--table",
       .value = "TABLE",
       .help = "Only what changed rows of this table, triggers included; replays the log",
       .into = &options.table},
      {.names = "--where",
       .value = "SQL",
       .help = "Only where this is true of the arguments: \"title LIKE '%milk%' AND id > 3\"",
       .into = &options.where},
  };
}

Result<EntryFilter> EntryFilter::make(const FilterOptions& options, Source& source, Index to,
                                      std::int64_t now_ms, Output& output) {
  EntryFilter filter;
  filter.options_ = options;
  if (options.client.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return fail(ErrorCode::kInvalidArgument,
                "--client takes the first hexadecimal digits of a tab's id, in small letters");
  }
  const auto since = time_in(options.since, now_ms);
  const auto until = since ? time_in(options.until, now_ms) : since;
  if (!until) return fail(until.error());
  filter.since_ms_ = *since;
  filter.until_ms_ = *until;
  if (!options.where.empty()) {
    auto where = Where::compile(options.where);
    if (!where) return fail(where.error());
    filter.where_ = *std::move(where);
  }
  if (!options.table.empty()) {
    auto entries = entries_of_table(options.table, source, to, output);
    if (!entries) return fail(entries.error());
    filter.of_table_ = *std::move(entries);
  }
  return filter;
}

Result<bool> EntryFilter::matches(const Entry& entry) {
  const auto* event = std::get_if<Event>(&entry.body);
  if (!options_.types.empty() && (event == nullptr || !among(options_.types, event->type))) {
    return false;
  }
  if (options_.term && entry.term.value != *options_.term) return false;
  if ((since_ms_ && entry.time_ms < *since_ms_) || (until_ms_ && entry.time_ms > *until_ms_)) {
    return false;
  }
  if (!options_.client.empty() &&
      (!entry.request || !to_hex(entry.request->client.bytes).starts_with(options_.client))) {
    return false;
  }
  if (!among(options_.kinds, kind_of(entry))) return false;
  if (of_table_ && !of_table_->contains(entry.index)) return false;
  return where_ == nullptr ? Result<bool>(true) : where_->matches(entry);
}

}  // namespace tablog::tools
