#include "tools/salvage_report.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "tools/text.h"

namespace tablog::tools {

namespace {

std::string_view status_text(SalvageStatus status) {
  switch (status) {
    case SalvageStatus::kWhole:
      return "whole";
    case SalvageStatus::kTorn:
      return "torn";
    case SalvageStatus::kDamaged:
      return "damaged";
  }
  return "";
}

Json json_of_part(const SalvagePart& part, const PartScan& scan) {
  Json ranges = Json::array();
  for (const Range& range : scan.unreadable) {
    ranges.push_back({{"offset", range.offset}, {"bytes", range.bytes}});
  }
  const bool any = scan.entries > 0;
  return {{"slot", part.name},
          {"fileOffset", part.file_offset},
          {"bytes", part.bytes},
          {"header", part.header.has_value()},
          {"sequence", part.header ? Json(part.header->sequence) : Json(nullptr)},
          {"base", part.header ? Json(part.header->base().value) : Json(nullptr)},
          {"first", any ? Json(scan.first.value) : Json(nullptr)},
          {"last", any ? Json(scan.last.value) : Json(nullptr)},
          {"frames", scan.frames},
          {"entries", scan.entries},
          {"batches", scan.batches},
          {"unreadableBytes", scan.unreadable_bytes},
          {"unreadableRanges", scan.unreadable_ranges},
          {"unreadable", std::move(ranges)}};
}

Json json_of_log(const std::optional<SavedLogFile>& saved) {
  if (!saved) return nullptr;
  return {{"file", saved->file},
          {"bytes", saved->log.bytes},
          {"first", saved->log.first.value},
          {"last", saved->log.last.value},
          {"entries", saved->log.entries},
          {"chain", to_hex(saved->log.chain.bytes)},
          {"base", saved->base > Index{} ? Json(saved->base.value) : Json(nullptr)}};
}

Json json_of_state(const std::optional<SavedStateFile>& state) {
  if (!state) return nullptr;
  return {{"file", state->file},
          {"bytes", state->bytes},
          {"from", state->replayed ? "replay" : "state database"},
          {"applied", state->applied.value},
          {"digest", to_hex(state->digest.bytes)}};
}

void print_parts(const SalvageSource& source, const Scanned& scanned, Output& output) {
  using enum Column::Align;
  std::vector<std::vector<std::string>> cells;
  for (std::size_t i = 0; i < source.parts.size(); ++i) {
    const SalvagePart& part = source.parts[i];
    const PartScan& scan = scanned.parts[i];
    const bool any = scan.entries > 0;
    cells.push_back(
        {part.header ? std::to_string(part.header->sequence) : "?", printable(part.name, 64),
         any ? std::to_string(scan.first.value) : "-", any ? std::to_string(scan.last.value) : "-",
         count_text(scan.entries), count_text(scan.batches), part.header ? "ok" : "lost",
         scan.unreadable_bytes == 0 ? "-"
                                    : count_text(scan.unreadable_bytes) + " bytes from " +
                                          std::to_string(scan.unreadable.front().offset) + " on"});
  }
  Table table(output, {{"SEQ", 0, kRight},
                       {"SLOT", 0, kLeft},
                       {"FIRST", 0, kRight},
                       {"LAST", 0, kRight},
                       {"ENTRIES", 0, kRight},
                       {"BATCHES", 0, kRight},
                       {"HEADER", 0, kLeft},
                       {"UNREADABLE", 0, kLeft}});
  table.fit(cells);
  table.print_header();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool bad = !source.parts[i].header || scanned.parts[i].unreadable_bytes > 0;
    table.print(cells[i], bad ? Paint::kWarning : Paint::kPlain);
  }
}

std::string log_text(const std::optional<SavedLogFile>& saved, const std::string& none) {
  if (!saved) return none;
  const WrittenLog& log = saved->log;
  return saved->file + ": " +
         (saved->base > Index{} ? "the state after entry " + count_text(saved->base.value) + ", "
                                : std::string()) +
         (log.entries == 0 ? "no entries"
                           : counted(log.entries, "entry", "entries") + " (" +
                                 range_text(log.first, log.last) + ")");
}

std::string state_text(const std::optional<SavedStateFile>& state) {
  if (!state) return "none";
  return state->file + ": after entry " + count_text(state->applied.value) + ", " +
         (state->replayed ? "by replaying prefix.tablog" : "the store's state database");
}

std::string missing_text(const SalvageReport& report) {
  if (report.missing.empty()) return "nothing";
  constexpr std::size_t kShown = 8;
  std::string text = counted(report.missing_entries, "entry", "entries") + ": ";
  for (std::size_t i = 0; i < std::min(kShown, report.missing.size()); ++i) {
    text += (i > 0 ? ", " : "") + range_text(report.missing[i].first, report.missing[i].last);
  }
  return text + (report.missing.size() > kShown ? ", …" : "");
}

}  // namespace

void find_missing(const Scanned& scanned, Index from, SalvageReport& report) {
  Index next_wanted = next(from);
  const auto miss = [&](Index first, Index last) {
    report.missing_entries += last.value + 1 - first.value;
    if (report.missing.size() < SalvageReport::kMissingMax) report.missing.push_back({first, last});
  };
  for (const Span& span : scanned.spans) {  // by their first entry
    if (next_wanted > report.proven) return;
    if (span.first > next_wanted) {
      miss(next_wanted, std::min(Index{span.first.value - 1}, report.proven));
    }
    next_wanted = std::max(next_wanted, next(span.last));
  }
  if (next_wanted <= report.proven) miss(next_wanted, report.proven);
}

Json json_of(const SalvageSource& source, const Scanned& scanned, const SalvageReport& report) {
  Json parts = Json::array();
  for (std::size_t i = 0; i < source.parts.size(); ++i) {
    parts.push_back(json_of_part(source.parts[i], scanned.parts[i]));
  }
  Json missing = Json::array();
  for (const IndexRange& range : report.missing) {
    missing.push_back({{"first", range.first.value}, {"last", range.last.value}});
  }
  Json duplicated = Json::array();
  for (const Index index : report.entries.duplicated) duplicated.push_back(index.value);
  return {{"path", source.path},
          {"kind", source.kind == SourceKind::kExport ? "export" : "directory"},
          {"status", status_text(report.status)},
          {"store", to_hex(source.store.bytes)},
          {"proven", report.proven.value},
          {"slots", std::move(parts)},
          {"spares", source.spares},
          {"missingEntries", report.missing_entries},
          {"missing", std::move(missing)},
          {"prefix", json_of_log(report.prefix)},
          {"entries",
           {{"file", report.entries_file},
            {"entries", report.entries.entries},
            {"chained", report.entries.chained},
            {"duplicates", report.entries.duplicates},
            {"duplicated", std::move(duplicated)}}},
          {"state", json_of_state(report.state)},
          {"rescued", json_of_log(report.rescued)},
          {"problems", report.problems}};
}

void print(const SalvageSource& source, const Scanned& scanned, const SalvageReport& report,
           Output& output) {
  print_parts(source, scanned, output);
  output.data() << '\n';
  Facts facts;
  const Paint paint = report.status == SalvageStatus::kWhole  ? Paint::kGood
                      : report.status == SalvageStatus::kTorn ? Paint::kWarning
                                                              : Paint::kBad;
  facts.add("log", output.paint(paint, status_text(report.status)) +
                       ", had been flushed through entry " + count_text(report.proven.value));
  facts.add("prefix", log_text(report.prefix, "none: the log's beginning is lost"));
  facts.add(
      "entries",
      report.entries_file + ": " + counted(report.entries.entries, "entry", "entries") + ", " +
          count_text(report.entries.chained) + " chained" +
          (report.entries.duplicates > 0 ? ", " + counted(report.entries.duplicates, "is", "are") +
                                               " a second one of its index"
                                         : ""));
  facts.add("state", state_text(report.state));
  if (report.rescued) facts.add("rescued", log_text(report.rescued, ""));
  facts.add("missing", missing_text(report));
  for (const std::string& problem : report.problems) {
    facts.add("damage", printable(problem, 500));
  }
  facts.print(output);
}

}  // namespace tablog::tools
