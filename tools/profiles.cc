#include <algorithm>

#include <nlohmann/json.hpp>

#include "tools/profile/profile.h"
#include "tools/reading.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

struct Entries {
  Index first{};
  Index last{};
};

struct Row {
  const ProfileStore& store;
  std::optional<Entries> entries{};  // none: the log cannot be read
  std::optional<Error> error{};      // of the log, or of the state beside it
};

Row row_of(const ProfileStore& store) {
  const auto source = open_files(store.current().files);
  if (!source) return {.store = store, .error = source.error()};
  return {.store = store,
          .entries = Entries{source->log->first(), source->log->last()},
          .error = source->state_error};
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json json_of_row(const Row& row) {
  const ProfileStore& store = row.store;
  const ProfileGeneration& current = store.current();
  Json generations = Json::array();
  for (const ProfileGeneration& generation : store.generations) {
    generations.push_back(generation.number);
  }
  return {{"browser", browser_text(store.browser)},
          {"profile", store.profile.string()},
          {"origin", text_or_null(store.origin)},
          {"partition", text_or_null(store.partition)},
          {"name", text_or_null(store.name)},
          {"store", to_hex(store.id.bytes)},
          {"generation", current.number},
          {"generations", generations},
          {"first", row.entries ? Json(row.entries->first.value) : Json(nullptr)},
          {"last", row.entries ? Json(row.entries->last.value) : Json(nullptr)},
          {"bytes", current.bytes},
          {"changed", current.changed_ms},
          {"files", {{"log", current.files.log}, {"pool", current.files.pool}}},
          {"error", row.error ? Json(row.error->message) : Json(nullptr)}};
}

std::string entries_text(const Row& row) {
  if (!row.entries) return "?";
  return row.entries->last < row.entries->first ? "none"
                                                : range_text(row.entries->first, row.entries->last);
}

void print_table(const std::vector<Row>& rows, Output& output) {
  using enum Column::Align;
  constexpr std::size_t kCharactersMax = 60;
  std::vector<std::vector<std::string>> cells;
  for (const Row& row : rows) {
    const ProfileStore& store = row.store;
    const std::string origin = store.origin.empty() ? "?" : store.origin;
    cells.push_back({std::string(browser_text(store.browser)),
                     printable(origin + store.partition, kCharactersMax),
                     store.name.empty() ? "?" : printable(store.name, kCharactersMax),
                     short_id(store.id), std::to_string(store.current().number), entries_text(row),
                     bytes_text(store.current().bytes), time_text(store.current().changed_ms),
                     printable(store.profile.string(), 4096)});
  }
  Table table(output, {{"BROWSER", 0, kLeft},
                       {"ORIGIN", 0, kLeft},
                       {"STORE", 0, kLeft},
                       {"ID", 0, kLeft},
                       {"GEN", 0, kRight},
                       {"ENTRIES", 0, kRight},
                       {"BYTES", 0, kRight},
                       {"CHANGED", 0, kLeft},
                       {"PROFILE", 0, kLeft}});
  table.fit(cells);
  table.print_header();
  for (const auto& line : cells) table.print(line);
}

// Says what could not be read; what the process ends with.
ExitCode tell_troubles(const ProfileStores& found, const std::vector<Row>& rows, Output& output) {
  ExitCode code = ExitCode::kClean;
  for (const Error& trouble : found.troubles) {
    output.warn(trouble.message);
    if (exit_code_of(trouble) == ExitCode::kIo) code = ExitCode::kIo;
  }
  for (const Row& row : rows) {
    if (row.error) output.warn(store_text(row.store) + ": " + row.error->message);
  }
  return code;
}

// Of all usual places that exist.
Result<ProfileStores> find_everywhere() {
  ProfileStores all;
  for (const auto& place : usual_profile_places()) {
    auto found = find_profile_stores(place);
    if (!found) {
      // A place without profiles is nothing to tell of.
      if (found.error().code != ErrorCode::kInvalidArgument) {
        all.troubles.push_back(found.error());
      }
      continue;
    }
    all.profiles += found->profiles;
    std::ranges::move(found->stores, std::back_inserter(all.stores));
    std::ranges::move(found->troubles, std::back_inserter(all.troubles));
  }
  if (all.profiles == 0 && all.troubles.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "no browser's profile was found in the usual places: name a directory");
  }
  return all;
}

struct Options {
  std::string directory{};  // empty: the usual places
};

ExitCode profiles(const Target&, const Options& options, Output& output) {
  const auto found =
      options.directory.empty() ? find_everywhere() : find_profile_stores(options.directory);
  if (!found) return tell(output, found.error());
  std::vector<Row> rows;
  for (const ProfileStore& store : found->stores) rows.push_back(row_of(store));
  if (!output.is_table()) {
    output.begin_rows(
        {.table = "store",
         .columns = {"browser", "profile", "origin", "partition", "name", "store", "generation",
                     "generations", "first", "last", "bytes", "changed", "files", "error"}});
    for (const Row& row : rows) output.row(json_of_row(row));
    output.end_rows();
  } else if (!rows.empty()) {
    print_table(rows, output);
  }
  if (rows.empty()) {
    output.note("no tablog store in " + counted(found->profiles, "profile", "profiles"));
  }
  return tell_troubles(*found, rows, output);
}

}  // namespace

Verb profiles_verb() {
  auto options = std::make_shared<Options>();
  Verb verb{.name = "profiles",
            .what = "The stores in browsers' profiles on this machine",
            .examples =
                "  tablog profiles\n"
                "  tablog profiles ~/.config/chromium -o ndjson | jq .origin",
            .positionals = {{.name = "DIR",
                             .help = "A profile, or a directory of profiles; without it, where "
                                     "browsers keep theirs",
                             .into = &options->directory,
                             .presence = Presence::kOptional}},
            .takes = Takes::kNothing};
  carry_out(verb, std::move(options), profiles);
  return verb;
}

}  // namespace tablog::tools
