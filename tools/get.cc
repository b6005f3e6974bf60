#include <nlohmann/json.hpp>

#include "tools/change_text.h"
#include "tools/describe.h"
#include "tools/effect.h"
#include "tools/reading.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

constexpr std::uint64_t kRowsMax = 100;

struct Options {
  std::uint64_t index{};
  std::uint64_t rows{kRowsMax};
  bool brief{};
};

using Effects = std::optional<Effect>;  // none: not asked for, or the log cannot be replayed

struct Found {
  Entry entry{};
  std::string slot{};
  std::uint64_t sequence{};
  std::uint64_t offset{};  // of its frame in the segment
  FrameHeader header{};
  ChainHash previous{};  // chain before it
  ChainHash chain{};
  Commit commit{};  // that closes its batch
  std::uint64_t commit_offset{};
};

// The entry, and on to its batch's commit frame.
Result<Found> find(storage::LogReader& log, Index index) {
  if (index < log.first() || index > log.last()) {
    return fail(ErrorCode::kInvalidArgument,
                "there is no entry " + std::to_string(index.value) + ": the log holds " +
                    std::to_string(log.first().value) + " to " + std::to_string(log.last().value));
  }
  Found found;
  // From the entry before, where there is one: its chain hash is what this one is chained to.
  const Index from{index > log.first() ? index.value - 1 : index.value};
  if (const auto sought = log.seek(from); !sought) {
    return fail(sought.error());
  }
  while (true) {
    auto step = next_step(log);
    if (!step) {
      return fail(step.error());
    }
    if (!*step) {
      return fail(ErrorCode::kCorrupt, "the log ends before the batch of the entry does");
    }
    auto& [frame, entry] = **step;
    if (frame.commit && found.entry.index == index) {
      found.commit = *frame.commit;
      found.commit_offset = frame.offset;
      return found;
    }
    if (entry && entry->index < index) {
      found.previous = frame.chain;
    }
    if (entry && entry->index == index) {
      found.entry = *std::move(entry);
      found.slot = frame.slot;
      found.sequence = frame.sequence;
      found.offset = frame.offset;
      found.header = frame.header;
      found.chain = frame.chain;
    }
  }
}

Json json_of_effect(const Effect& effect) {
  Json changes = Json::array();
  for (const DefinitionChange& change : effect.definitions) changes.push_back(json_of(change));
  for (const RowChange& change : effect.rows) changes.push_back(json_of(change));
  return {{"sql", effect.sql},
          {"upcast", effect.upcast.empty() ? Json(nullptr) : Json(effect.upcast)},
          {"changes", std::move(changes)},
          {"more", effect.cut}};
}

Json json_of_found(const Found& found, const Effects& effect, const Source& source) {
  Json json = json_in_full(found.entry);
  json["previousChain"] = to_hex(found.previous.bytes);
  json["chain"] = to_hex(found.chain.bytes);
  json["frame"] = {{"slot", found.slot},
                   {"sequence", found.sequence},
                   {"offset", found.offset},
                   {"bytes", frame_bytes(found.header.body_bytes)},
                   {"bodyBytes", found.header.body_bytes},
                   {"bodyHash", hex64(found.header.body_hash)},
                   {"flushedThrough", found.header.flushed_through.value}};
  if (source.kind == SourceKind::kExport) {
    json["frame"]["fileOffset"] = source.file_offset_of(found.sequence) + found.offset;
  }
  json["effect"] = effect ? json_of_effect(*effect) : Json(nullptr);
  json["batch"] = {{"first", found.commit.first.value},
                   {"last", found.commit.last.value},
                   {"commitOffset", found.commit_offset},
                   {"digest", to_hex(found.commit.digest.bytes)}};
  return json;
}

void add_body(Facts& facts, const Entry& entry) {
  const auto add_values = [&facts](const std::vector<Argument>& arguments) {
    for (const Argument& argument : arguments) {
      facts.add("  :" + printable(argument.name, 64), literal(argument.value));
    }
  };
  if (const auto* event = std::get_if<Event>(&entry.body)) {
    facts.add("type", printable(event->type, 1000));
    add_values(event->args);
  } else if (const auto* exec = std::get_if<Exec>(&entry.body)) {
    facts.add("sql", printable(exec->sql, 4000));
    add_values(exec->params);
    facts.add("changed", counted(static_cast<std::uint64_t>(exec->changes), "row", "rows"));
  } else if (const auto* schema = std::get_if<Schema>(&entry.body)) {
    facts.add("schema", summary_of(entry));
    for (std::size_t i = 0; i < schema->migrations.size(); ++i) {
      facts.add("  to version " + std::to_string(i + 1), printable(schema->migrations[i], 4000));
    }
    for (const Materializer& materializer : schema->materializers) {
      facts.add("  " + printable(materializer.type, 80), printable(materializer.sql, 4000));
    }
  } else {
    facts.add("says", summary_of(entry));
  }
}

std::string rows_text(const Effect& effect) {
  if (effect.rows.empty())
    return effect.definitions.empty() ? "none changed" : "definitions changed";
  return effect.cut ? "the first " + count_text(effect.rows.size()) + " that changed"
                    : count_text(effect.rows.size()) + " changed";
}

void print_effect(const Effect& effect, Output& output) {
  Facts facts;
  if (!effect.upcast.empty()) facts.add("upcast", printable(effect.upcast, 4000));
  if (!effect.sql.empty()) facts.add("ran", printable(effect.sql, 4000));
  facts.add("rows", rows_text(effect));
  facts.print(output);
  for (const DefinitionChange& change : effect.definitions) {
    output.data() << "  " << text_of(change, output) << '\n';
  }
  for (const RowChange& change : effect.rows) {
    output.data() << "  " << text_of(change, output) << '\n';
  }
}

void print_table(const Found& found, const Source& source, Output& output) {
  const Entry& entry = found.entry;
  Facts facts;
  facts.add("entry", std::to_string(entry.index.value));
  facts.add("kind", std::string(kind_of(entry)));
  add_body(facts, entry);
  facts.add("term", term_text(entry.term));
  facts.add("time",
            time_text(entry.time_ms) +
                (entry.wall_ms == entry.time_ms ? "" : ", wall clock " + time_text(entry.wall_ms)));
  if (entry.request) {
    const RequestStamp& stamp = *entry.request;
    facts.add("client", to_hex(stamp.client.bytes));
    facts.add("request", std::to_string(stamp.number.value) + ", entry " +
                             std::to_string(stamp.position + 1) + " of " +
                             std::to_string(stamp.count) + ", settled through " +
                             std::to_string(stamp.settled_through.value) + ", hash " +
                             hex64(stamp.request_hash));
  }
  facts.add("schema version", std::to_string(entry.schema_version));
  facts.add("seed", hex64(entry.seed));
  facts.add("batch", range_text(found.commit.first, found.commit.last) + ", state digest " +
                         to_hex(found.commit.digest.bytes));
  facts.add("chain", to_hex(found.chain.bytes));
  facts.add("  before it", to_hex(found.previous.bytes));
  std::string where = "offset " + std::to_string(found.offset) + " of " + found.slot;
  if (source.kind == SourceKind::kExport) {
    where += " (" + std::to_string(source.file_offset_of(found.sequence) + found.offset) +
             " of the file)";
  } else {
    where += ", segment " + std::to_string(found.sequence);
  }
  facts.add("frame", where);
  facts.add("  body", counted(found.header.body_bytes, "byte", "bytes") + ", hash " +
                          hex64(found.header.body_hash));
  facts.add("  flushed before",
            "through entry " + std::to_string(found.header.flushed_through.value));
  facts.print(output);
}

ExitCode get(const Target& target, const Options& options, Output& output) {
  auto source = open_source(target);
  if (!source) {
    return tell(output, source.error());
  }
  const auto found = find(*source->log, Index{options.index});
  if (!found) {
    return tell(output, found.error());
  }
  Effects effect;
  if (!options.brief) {
    auto replayed = effect_of(*source, Index{options.index}, options.rows, output);
    if (replayed) {
      effect = *std::move(replayed);
    } else {
      output.warn("what it did is not known: " + replayed.error().message);
    }
  }
  if (output.is_table()) {
    print_table(*found, *source, output);
    if (effect) print_effect(*effect, output);
  } else {
    output.document("entry", json_of_found(*found, effect, *source));
  }
  return tell_tail(output, *source);
}

}  // namespace

Verb get_verb() {
  const auto options = std::make_shared<Options>();
  Verb verb{
      .name = "get",
      .what = "One entry with everything that is known of it",
      .examples =
          "  tablog get notes.tablog 42\n"
          "  tablog get notes.tablog 42 --brief -o json | jq .frame\n"
          "  tablog get notes.tablog 42 -o json | jq .effect.changes",
      .options = {{.names = "--brief",
                   .help =
                       "Do not replay the log for the SQL that it ran and the rows that changed",
                   .into = &options->brief},
                  {.names = "--rows",
                   .value = "COUNT",
                   .help = "At most so many changed rows; default 100",
                   .into = &options->rows}},
      .positionals = {{.name = "INDEX", .help = "Of the entry", .into = &options->index}}};
  carry_out(verb, options, get);
  return verb;
}

}  // namespace tablog::tools
