#include <nlohmann/json.hpp>

#include "tools/reading.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

using storage::SegmentInfo;

struct Row {
  SegmentInfo info{};
  std::optional<Term> term{};  // of its first entry; none: it has none
  std::uint64_t file_offset{};
};

// Reads one frame of each segment, not all of them.
Result<std::vector<Row>> read_rows(Source& source) {
  std::vector<Row> rows;
  for (const SegmentInfo& info : source.log->segments()) {
    Row row{.info = info, .file_offset = source.file_offset_of(info.sequence)};
    if (info.last >= info.base) {
      if (const auto sought = source.log->seek(info.base); !sought) {
        return fail(sought.error());
      }
      const auto step = next_step(*source.log);
      if (!step) {
        return fail(step.error());
      }
      if (*step && (*step)->entry) {
        row.term = (*step)->entry->term;
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::uint64_t entries_of(const SegmentInfo& info) {
  return info.last.value + 1 - info.base.value;
}

std::string_view state_of(const Source& source, const SegmentInfo& info) {
  if (info.sealed) {
    return "sealed";
  }
  if (source.log->torn_tail()) {
    return "torn";
  }
  return source.kind == SourceKind::kExport ? "last" : "active";
}

Json json_of_row(const Source& source, const Row& row) {
  const SegmentInfo& info = row.info;
  Json json{{"slot", info.slot},
            {"sequence", info.sequence},
            {"generation", info.generation.value},
            {"term", row.term ? Json(row.term->value) : Json(nullptr)},
            {"base", info.base.value},
            {"last", info.last.value},
            {"entries", entries_of(info)},
            {"bytes", info.bytes},
            {"capacity", info.capacity},
            {"sealed", info.sealed},
            {"state", state_of(source, info)}};
  if (source.kind == SourceKind::kExport) {
    json["fileOffset"] = row.file_offset;
  }
  return json;
}

void print_table(const Source& source, const std::vector<Row>& rows, Output& output) {
  using enum Column::Align;
  std::vector<std::vector<std::string>> cells;
  for (const Row& row : rows) {
    const SegmentInfo& info = row.info;
    cells.push_back({std::to_string(info.sequence), printable(info.slot, 64),
                     std::to_string(info.base.value), std::to_string(info.last.value),
                     count_text(entries_of(info)), row.term ? term_text(*row.term) : "-",
                     count_text(info.bytes), count_text(info.capacity),
                     std::string(state_of(source, info))});
  }
  Table table(output, {{"SEQ", 0, kRight},
                       {"SLOT", 0, kLeft},
                       {"BASE", 0, kRight},
                       {"LAST", 0, kRight},
                       {"ENTRIES", 0, kRight},
                       {"TERM", 0, kRight},
                       {"BYTES", 0, kRight},
                       {"CAPACITY", 0, kRight},
                       {"STATE", 0, kLeft}});
  table.fit(cells);
  table.print_header();
  for (const auto& line : cells) {
    table.print(line);
  }
}

ExitCode segments(const Target& target, Output& output) {
  auto source = open_source(target);
  if (!source) {
    return tell(output, source.error());
  }
  const auto rows = read_rows(*source);
  if (!rows) {
    return tell(output, rows.error());
  }
  if (output.is_table()) {
    print_table(*source, *rows, output);
  } else {
    output.begin_rows(
        {.table = "segment",
         .columns = {"slot", "sequence", "generation", "term", "base", "last", "entries", "bytes",
                     "capacity", "sealed", "state", "fileOffset"}});
    for (const Row& row : *rows) {
      output.row(json_of_row(*source, row));
    }
    output.end_rows();
  }
  if (source->spares > 0) {
    output.note("and " + counted(source->spares, "spare slot", "spare slots"));
  }
  return tell_tail(output, *source);
}

}  // namespace

Verb segments_verb() {
  return {.name = "segments",
          .what = "The segments: slot, entries, term, bytes",
          .examples =
              "  tablog segments notes.tablog\n"
              "  tablog segments opfs/tablog/notes/g0 -o ndjson",
          .run = segments};
}

}  // namespace tablog::tools
