#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "tools/survey.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

constexpr std::size_t kLinesMax = 12;  // of terms and of types, in the table

struct Info {
  Survey survey{};
  std::optional<Error> damage{};
};

Info read(storage::LogReader& log) {
  Surveyor surveyor;
  std::optional<Error> damage;
  while (!damage) {
    const auto step = next_step(log);
    if (!step) {
      damage = step.error();
    } else if (!*step) {
      break;
    } else if (const auto added = surveyor.add(**step); !added) {
      damage = added.error();
    }
  }
  return {surveyor.survey(), damage};
}

std::string_view status_of(const Source& source, const Info& info) {
  return info.damage ? "corrupt" : source.log->torn_tail() ? "torn" : "clean";
}

std::vector<std::uint64_t> generations_of(const storage::LogReader& log) {
  std::set<std::uint64_t> found{log.generation().value};
  for (const auto& segment : log.segments()) {
    found.insert(segment.generation.value);
  }
  return {found.begin(), found.end()};
}

// ---- JSON

Json json_of_head(const Survey& survey) {
  if (!survey.head) {
    return nullptr;
  }
  const Commit& head = *survey.head;
  return {{"index", head.last.value},
          {"term", head.term.value},
          {"time", head.time_ms},
          {"chain", to_hex(head.chain.bytes)},
          {"digest", to_hex(head.digest.bytes)}};
}

Json json_of_terms(const Survey& survey) {
  Json terms = Json::array();
  for (const TermSpan& span : survey.terms) {
    terms.push_back({{"term", span.term.value},
                     {"first", span.first.value},
                     {"last", span.last.value},
                     {"time", span.time_ms},
                     {"leader", span.leader ? Json(to_hex(span.leader->bytes)) : Json(nullptr)}});
  }
  return terms;
}

Json json_of_schemas(const Survey& survey) {
  Json schemas = Json::array();
  for (const SchemaSpan& span : survey.schemas) {
    schemas.push_back(
        {{"index", span.index.value}, {"version", span.version}, {"engine", span.engine}});
  }
  return schemas;
}

Json json_of_state(const Source& source) {
  if (source.state_error) {
    return {{"error", source.state_error->message}};
  }
  if (!source.state) {
    return nullptr;
  }
  const StateSummary& state = *source.state;
  return {{"applied", state.applied.value},       {"chain", to_hex(state.chain.bytes)},
          {"digest", to_hex(state.digest.bytes)}, {"bytes", state.bytes},
          {"sessions", state.sessions},           {"schemaVersion", state.schema_version}};
}

Json json_of_torn(const Source& source) {
  const auto& torn = source.log->torn_tail();
  if (!torn) {
    return nullptr;
  }
  return {{"after", torn->after.value},
          {"slot", torn->slot},
          {"offset", torn->offset},
          {"bytes", torn->bytes},
          {"why", source.log->torn_why()}};
}

Json json_of_damage(const std::optional<Error>& damage) {
  if (!damage) {
    return nullptr;
  }
  Json json{{"message", damage->message}};
  json["index"] = damage->index ? Json(damage->index->value) : Json(nullptr);
  json["offset"] = damage->offset ? Json(*damage->offset) : Json(nullptr);
  return json;
}

Json json_of_info(const Source& source, const Info& info) {
  const storage::LogReader& log = *source.log;
  const Survey& survey = info.survey;
  return {{"path", source.path},
          {"kind", source.kind == SourceKind::kExport ? "export" : "directory"},
          {"status", status_of(source, info)},
          {"formatVersion", kFormatVersion},
          {"store", to_hex(log.store().bytes)},
          {"generations", generations_of(log)},
          {"first", log.first().value},
          {"last", log.last().value},
          {"entries", survey.entries},
          {"batches", survey.batches},
          {"segments", log.segments().size()},
          {"spareSlots", source.spares},
          {"bytes", source.bytes},
          {"entryBytes", survey.body_bytes},
          {"head", json_of_head(survey)},
          {"checkpoint", survey.checkpoint.value},
          {"terms", json_of_terms(survey)},
          {"schemas", json_of_schemas(survey)},
          {"kinds", survey.kinds},
          {"types", survey.types},
          {"state", json_of_state(source)},
          {"tornTail", json_of_torn(source)},
          {"damage", json_of_damage(info.damage)}};
}

// ---- for a person

std::string generations_text(const storage::LogReader& log) {
  std::string text;
  for (const std::uint64_t generation : generations_of(log)) {
    text += (text.empty() ? "" : ", ") + std::to_string(generation);
  }
  return text;
}

std::string size_text(const Source& source, const Survey& survey) {
  std::string text = bytes_text(source.bytes) + " in " +
                     counted(source.log->segments().size(), "segment", "segments");
  if (source.spares > 0) {
    text += " and " + counted(source.spares, "spare slot", "spare slots");
  }
  if (survey.entries > 0) {
    text += ", " + bytes_text(survey.body_bytes / survey.entries) + " per entry";
  }
  return text;
}

void add_terms(Facts& facts, const Survey& survey) {
  facts.add("terms", count_text(survey.terms.size()));
  // The latest ones: those are what somebody looks for.
  const std::size_t hidden = survey.terms.size() - std::min(survey.terms.size(), kLinesMax);
  if (hidden > 0) {
    facts.add("  …", counted(hidden, "earlier one", "earlier ones"));
  }
  for (std::size_t i = hidden; i < survey.terms.size(); ++i) {
    const TermSpan& span = survey.terms[i];
    facts.add("  " + term_text(span.term),
              range_text(span.first, span.last) + ", from " + time_text(span.time_ms) +
                  (span.leader ? ", led by " + short_id(*span.leader) : ""));
  }
}

void add_contents(Facts& facts, const Survey& survey) {
  std::string kinds;
  for (const auto& [kind, count] : survey.kinds) {
    kinds += (kinds.empty() ? "" : " · ") + count_text(count) + " " + kind;
  }
  facts.add("kinds", kinds);
  std::vector<std::pair<std::string, std::uint64_t>> types(survey.types.begin(),
                                                           survey.types.end());
  std::ranges::stable_sort(types, std::ranges::greater{},
                           [](const auto& type) { return type.second; });
  for (std::size_t i = 0; i < std::min(types.size(), kLinesMax); ++i) {
    facts.add("  " + printable(types[i].first, 60), count_text(types[i].second));
  }
  if (types.size() > kLinesMax) {
    facts.add("  …", counted(types.size() - kLinesMax, "more type", "more types"));
  }
}

std::string state_text(const Source& source) {
  const StateSummary& state = *source.state;
  return "at entry " + std::to_string(state.applied.value) + ", " + bytes_text(state.bytes) + ", " +
         counted(state.sessions, "session", "sessions") + ", digest " + to_hex(state.digest.bytes);
}

void print_table(const Source& source, const Info& info, Output& output) {
  const storage::LogReader& log = *source.log;
  const Survey& survey = info.survey;
  Facts facts;
  facts.add("log", printable(source.path, 4096) +
                       (source.kind == SourceKind::kExport ? " (export)" : " (directory)"));
  const std::string status(status_of(source, info));
  facts.add("status", output.paint(info.damage               ? Paint::kBad
                                   : source.log->torn_tail() ? Paint::kWarning
                                                             : Paint::kGood,
                                   status));
  facts.add("store", to_hex(log.store().bytes));
  facts.add("format",
            "version " + std::to_string(kFormatVersion) + ", generation " + generations_text(log));
  facts.add("entries", survey.entries == 0 ? "none"
                                           : count_text(survey.entries) + " (" +
                                                 range_text(log.first(), log.last()) + ") in " +
                                                 counted(survey.batches, "batch", "batches"));
  facts.add("size", size_text(source, survey));
  if (survey.head) {
    facts.add("head", "entry " + std::to_string(survey.head->last.value) + ", term " +
                          term_text(survey.head->term) + ", " + time_text(survey.head->time_ms));
    facts.add("  chain", to_hex(survey.head->chain.bytes));
    facts.add("  digest", to_hex(survey.head->digest.bytes));
  }
  facts.add("checkpoint", survey.checkpoint == Index{}
                              ? "none"
                              : "at entry " + std::to_string(survey.checkpoint.value));
  if (source.state) {
    facts.add("state", state_text(source));
  }
  for (const SchemaSpan& span : survey.schemas) {
    facts.add("schema", "version " + std::to_string(span.version) + " from entry " +
                            std::to_string(span.index.value) + ", SQLite " +
                            printable(span.engine, 32));
  }
  add_terms(facts, survey);
  add_contents(facts, survey);
  facts.print(output);
}

ExitCode info(const Target& target, Output& output) {
  const auto source = open_source(target);
  if (!source) {
    return tell(output, source.error());
  }
  const Info info = read(*source->log);
  if (info.damage && info.damage->code != ErrorCode::kCorrupt) {
    return tell(output, *info.damage);
  }
  if (output.is_table()) {
    print_table(*source, info, output);
  } else {
    output.document("info", json_of_info(*source, info));
  }
  return info.damage ? tell(output, *info.damage) : tell_tail(output, *source);
}

}  // namespace

Verb info_verb() {
  return {.name = "info",
          .what = "What the log is and what is in it",
          .examples =
              "  tablog info notes.tablog\n"
              "  tablog info opfs/tablog/notes/g0 -o json | jq .head",
          .run = info};
}

}  // namespace tablog::tools
