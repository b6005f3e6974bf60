#include <nlohmann/json.hpp>

#include "tools/gap_finder.h"
#include "tools/missing_segments.h"
#include "tools/reading.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

constexpr std::uint64_t kPauseSeconds = 60;
constexpr std::uint64_t kPauseSecondsMax = std::uint64_t{1} << 40U;

struct Options {
  std::uint64_t pause_seconds{kPauseSeconds};
};

class Printer {
 public:
  explicit Printer(Output& output)
      : output_(output),
        table_(output, {{"KIND", 9, Column::Align::kLeft},
                        {"FROM", 9, Column::Align::kRight},
                        {"TO", 9, Column::Align::kRight},
                        {"CLIENT", 8, Column::Align::kLeft},
                        {"WHAT", 0, Column::Align::kLeft}}) {
    if (output_.is_table()) {
      table_.print_header();
    } else {
      output_.begin_rows({.table = "gap",
                          .columns = {"kind", "from", "to", "client", "firstNumber", "lastNumber",
                                      "milliseconds", "what"}});
    }
  }

  void print(const Gap& gap) {
    output_.draw_status("");
    print_row(gap);
    if (output_.width() > 0) {
      output_.data().flush();  // before the bar is drawn behind it
    }
  }

  void print(const std::vector<Gap>& gaps) {
    for (const Gap& gap : gaps) print(gap);
  }

  void finish() {
    if (!output_.is_table()) {
      output_.end_rows();
    }
  }

 private:
  void print_row(const Gap& gap) {
    if (output_.is_table()) {
      table_.print({gap.kind, text(gap.from), text(gap.to), gap.client ? short_id(*gap.client) : "",
                    printable(gap.what, 4096)},
                   gap.kind == "missing" || gap.kind == "damaged" ? Paint::kBad : Paint::kPlain);
      return;
    }
    output_.row({{"kind", gap.kind},
                 {"from", json(gap.from)},
                 {"to", json(gap.to)},
                 {"client", gap.client ? Json(to_hex(gap.client->bytes)) : Json(nullptr)},
                 {"firstNumber", json(gap.first_number)},
                 {"lastNumber", json(gap.last_number)},
                 {"milliseconds", gap.ms ? Json(*gap.ms) : Json(nullptr)},
                 {"what", gap.what}});
  }

  static std::string text(const std::optional<Index>& index) {
    return index ? std::to_string(index->value) : "";
  }
  template <class Number>
  static Json json(const std::optional<Number>& number) {
    return number ? Json(number->value) : Json(nullptr);
  }

  Output& output_;
  Table table_;
};

Gap missing(const MissingRange& range) {
  const bool one = range.first_sequence == range.last_sequence;
  return {.kind = "missing",
          .from = range.first,
          .to = range.last,
          .what = (one ? "segment " : "segments ") +
                  range_text(Index{range.first_sequence}, Index{range.last_sequence}) +
                  (one ? " is missing" : " are missing")};
}

// What can be told of segments that make no log.
ExitCode tell_missing(const Target& target, const Error& error, Output& output) {
  const auto ranges = error.code == ErrorCode::kCorrupt
                          ? missing_ranges(target)
                          : Result<std::vector<MissingRange>>(fail(error));
  if (ranges) {
    Printer printer(output);
    for (const MissingRange& range : *ranges) {
      printer.print(missing(range));
    }
    printer.finish();
  }
  return tell(output, error);
}

Result<void> find(Source& source, GapFinder& finder, Printer& printer, Output& output) {
  const Index first = source.log->first();
  if (first > Index{1}) {
    printer.print({.kind = "compacted",
                   .from = Index{1},
                   .to = Index{first.value - 1},
                   .what = "the log begins with entry " + std::to_string(first.value)});
  }
  Reading reading(source, output, "reading");
  const auto read = for_each_step(reading, [&](const Step& step) -> Result<void> {
    if (step.entry) printer.print(finder.add(*step.entry));
    return {};
  });
  if (read) {
    printer.print(finder.finish());
  } else if (read.error().code == ErrorCode::kCorrupt) {
    printer.print({.kind = "damaged", .from = read.error().index, .what = read.error().message});
  }
  return read;
}

ExitCode gaps(const Target& target, const Options& options, Output& output) {
  auto source = open_source(target);
  if (!source) {
    return tell_missing(target, source.error(), output);
  }
  const std::uint64_t seconds = std::min(options.pause_seconds, kPauseSecondsMax);
  GapFinder finder(static_cast<std::int64_t>(seconds) * 1000, source->log->first() == Index{1});
  Printer printer(output);
  const auto done = find(*source, finder, printer, output);
  printer.finish();
  if (!done) {
    return tell(output, done.error());
  }
  if (finder.unfollowed() > 0) {
    output.warn("more than " + count_text(GapFinder::kSessionsMax) +
                " sessions are open at once: the numbers of the others, in " +
                counted(finder.unfollowed(), "entry", "entries") + ", were not looked at");
  }
  return tell_tail(output, *source);
}

}  // namespace

Verb gaps_verb() {
  const auto options = std::make_shared<Options>();
  Verb verb{.name = "gaps",
            .what = "What is missing or odd: indexes, request numbers, pauses, hand-overs, clocks",
            .examples =
                "  tablog gaps notes.tablog\n"
                "  tablog gaps notes.tablog --pause 5 -o ndjson | jq 'select(.kind == \"pause\")'",
            .options = {{.names = "--pause",
                         .value = "SECONDS",
                         .help = "No entry for so long is a pause (60)",
                         .into = &options->pause_seconds}}};
  carry_out(verb, options, gaps);
  return verb;
}

}  // namespace tablog::tools
