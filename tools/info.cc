#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "tools/outline.h"
#include "tools/reading.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

constexpr std::size_t kLinesMax = 12;  // of terms, in the table

std::string_view status_of(const Source& source, const Outline& outline) {
  return outline.damage ? "corrupt" : source.log->torn_tail() ? "torn" : "clean";
}

std::uint64_t entries_of(const storage::LogReader& log) {
  return log.last().value + 1 - log.first().value;
}

// Of the segments, and of the terms: a copy begins as its original's segments.
std::vector<std::uint64_t> generations_of(const storage::LogReader& log, const Outline& outline) {
  std::set<std::uint64_t> found{log.generation().value};
  for (const TermSpan& span : outline.terms) {
    found.insert(span.term.generation().value);
  }
  for (const auto& segment : log.segments()) {
    found.insert(segment.generation.value);
  }
  return {found.begin(), found.end()};
}

// ---- JSON

Json json_of_head(const Outline& outline) {
  if (!outline.head) {
    return nullptr;
  }
  const Commit& head = *outline.head;
  return {{"index", head.last.value},
          {"term", head.term.value},
          {"time", head.time_ms},
          {"chain", to_hex(head.chain.bytes)},
          {"digest", to_hex(head.digest.bytes)}};
}

Json json_of_terms(const Outline& outline) {
  Json terms = Json::array();
  for (const TermSpan& span : outline.terms) {
    terms.push_back({{"term", span.term.value},
                     {"first", span.first.value},
                     {"last", span.last.value},
                     {"time", span.time_ms},
                     {"leader", span.leader ? Json(to_hex(span.leader->bytes)) : Json(nullptr)}});
  }
  return terms;
}

Json json_of_schemas(const Outline& outline) {
  Json schemas = Json::array();
  for (const SchemaSpan& span : outline.schemas) {
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

Json json_of_info(const Source& source, const Outline& outline) {
  const storage::LogReader& log = *source.log;
  return {{"path", source.path},
          {"kind", source.kind == SourceKind::kExport ? "export" : "directory"},
          {"status", status_of(source, outline)},
          {"formatVersion", kFormatVersion},
          {"store", to_hex(log.store().bytes)},
          {"generations", generations_of(log, outline)},
          {"first", log.first().value},
          {"last", log.last().value},
          {"entries", entries_of(log)},
          {"segments", log.segments().size()},
          {"spareSlots", source.spares},
          {"bytes", source.bytes},
          {"head", json_of_head(outline)},
          {"checkpoint", outline.checkpoint.value},
          {"terms", json_of_terms(outline)},
          {"termsFrom", outline.terms_from.value},
          {"schemas", json_of_schemas(outline)},
          {"state", json_of_state(source)},
          {"tornTail", json_of_torn(source)},
          {"damage", json_of_damage(outline.damage)}};
}

// ---- for a person

std::string generations_text(const storage::LogReader& log, const Outline& outline) {
  std::string text;
  for (const std::uint64_t generation : generations_of(log, outline)) {
    text += (text.empty() ? "" : ", ") + std::to_string(generation);
  }
  return text;
}

std::string size_text(const Source& source) {
  std::string text = bytes_text(source.bytes) + " in " +
                     counted(source.log->segments().size(), "segment", "segments");
  if (source.spares > 0) {
    text += " and " + counted(source.spares, "spare slot", "spare slots");
  }
  return text;
}

void add_terms(Facts& facts, const Source& source, const Outline& outline) {
  const bool all = outline.terms_from == source.log->first();
  facts.add("terms",
            count_text(outline.terms.size()) + (all ? "" : ", and earlier ones: see stats"));
  // The latest ones: those are what somebody looks for.
  const std::size_t hidden = outline.terms.size() - std::min(outline.terms.size(), kLinesMax);
  if (hidden > 0) {
    facts.add("  …", counted(hidden, "earlier one", "earlier ones"));
  }
  for (std::size_t i = hidden; i < outline.terms.size(); ++i) {
    const TermSpan& span = outline.terms[i];
    facts.add("  " + term_text(span.term),
              range_text(span.first, span.last) + ", from " + time_text(span.time_ms) +
                  (span.leader ? ", led by " + short_id(*span.leader) : ""));
  }
}

std::string state_text(const Source& source) {
  const StateSummary& state = *source.state;
  return "at entry " + std::to_string(state.applied.value) + ", " + bytes_text(state.bytes) + ", " +
         counted(state.sessions, "session", "sessions") + ", digest " + to_hex(state.digest.bytes);
}

void print_table(const Source& source, const Outline& outline, Output& output) {
  const storage::LogReader& log = *source.log;
  Facts facts;
  facts.add("log", printable(source.path, 4096) +
                       (source.kind == SourceKind::kExport ? " (export)" : " (directory)"));
  const std::string status(status_of(source, outline));
  const std::string clean = status == "clean" ? " at its end: verify reads all of it" : "";
  facts.add("status", output.paint(outline.damage            ? Paint::kBad
                                   : source.log->torn_tail() ? Paint::kWarning
                                                             : Paint::kGood,
                                   status) +
                          clean);
  facts.add("store", to_hex(log.store().bytes));
  facts.add("format", "version " + std::to_string(kFormatVersion) + ", generation " +
                          generations_text(log, outline));
  const std::uint64_t entries = entries_of(log);
  facts.add("entries",
            entries == 0 ? "none"
                         : count_text(entries) + " (" + range_text(log.first(), log.last()) + ")");
  facts.add("size", size_text(source));
  if (outline.head) {
    facts.add("head", "entry " + std::to_string(outline.head->last.value) + ", term " +
                          term_text(outline.head->term) + ", " + time_text(outline.head->time_ms));
    facts.add("  chain", to_hex(outline.head->chain.bytes));
    facts.add("  digest", to_hex(outline.head->digest.bytes));
  }
  facts.add("checkpoint",
            outline.checkpoint == Index{}
                ? "none" + (outline.checkpoint_from > log.first()
                                ? " since entry " + std::to_string(outline.checkpoint_from.value)
                                : "")
                : "at entry " + std::to_string(outline.checkpoint.value));
  if (source.state) {
    facts.add("state", state_text(source));
  }
  for (const SchemaSpan& span : outline.schemas) {
    const std::string version = "version " + std::to_string(span.version);
    facts.add("schema", span.index == Index{}
                            ? version
                            : version + " from entry " + std::to_string(span.index.value) +
                                  ", SQLite " + printable(span.engine, 32));
  }
  add_terms(facts, source, outline);
  facts.print(output);
}

ExitCode info(const Target& target, Output& output) {
  auto source = open_source(target);
  if (!source) {
    return tell(output, source.error());
  }
  const auto outline = outline_of(*source);
  if (!outline) {
    return tell(output, outline.error());
  }
  if (output.is_table()) {
    print_table(*source, *outline, output);
  } else {
    output.document("info", json_of_info(*source, *outline));
  }
  return outline->damage ? tell(output, *outline->damage) : tell_tail(output, *source);
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
