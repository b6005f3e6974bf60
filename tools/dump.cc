#include <algorithm>

#include "tools/entry_filter.h"
#include "tools/entry_printer.h"
#include "tools/point_in_time.h"
#include "tools/reading.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

struct Options {
  std::optional<std::uint64_t> from{};
  std::optional<std::uint64_t> to{};
  std::optional<std::uint64_t> limit{};
  bool reverse{};
  FilterOptions filter{};
};

struct Range {
  Index from;
  Index to;
};

// ---- in order

class Dump {
 public:
  Dump(Source& source, const Options& options, Range range, EntryFilter& filter, Output& output)
      : source_(source),
        options_(options),
        range_(range),
        filter_(filter),
        output_(output),
        printer_(output, source.log->last()),
        left_(options.limit.value_or(UINT64_MAX)) {}

  Result<void> run() {
    const auto done = options_.reverse ? reverse() : forward();
    printer_.finish();
    return done;
  }

 private:
  Result<void> forward() {
    if (const auto sought = source_.log->seek(range_.from); !sought) {
      return sought;
    }
    Reading reading(source_, output_, "reading", Reading::Bar::kUnlessRowsAreSeen);
    while (left_ > 0) {
      // Without --to the end is asked for, and with it the verdict on what stands there.
      const auto step = reading.next();
      if (!step) {
        return fail(step.error());
      }
      if (!*step || (options_.to && (*step)->frame.header.index > range_.to)) {
        break;
      }
      if (!(*step)->entry) {
        continue;
      }
      const Entry& entry = *(*step)->entry;
      const auto wanted = filter_.matches(entry);
      if (!wanted) {
        return fail(wanted.error());
      }
      if (*wanted) {
        print(entry);
      }
    }
    return {};
  }

  // Segment by segment from the last one on, each read forwards and held in memory.
  Result<void> reverse() {
    const auto segments = source_.log->segments();
    for (std::size_t i = segments.size(); i > 0 && left_ > 0; --i) {
      const auto& segment = segments[i - 1];
      const Range part{std::max(range_.from, segment.base), std::min(range_.to, segment.last)};
      if (part.from > part.to) {
        continue;
      }
      std::vector<Entry> entries;
      const auto read = collect(part, entries);
      std::ranges::for_each(entries.rbegin(), entries.rend(),
                            [this](const Entry& entry) { print(entry); });
      if (!read) {
        return read;
      }
    }
    return {};
  }

  Result<void> collect(const Range& part, std::vector<Entry>& entries) {
    if (const auto sought = source_.log->seek(part.from); !sought) {
      return sought;
    }
    for (Index at = part.from; at <= part.to;) {
      auto step = next_step(*source_.log);
      if (!step) {
        return fail(step.error());
      }
      if (!*step) {
        break;
      }
      if (!(*step)->entry) {
        continue;
      }
      at = next((*step)->entry->index);
      const auto wanted = filter_.matches(*(*step)->entry);
      if (!wanted) {
        return fail(wanted.error());
      }
      if (*wanted) {
        entries.push_back(std::move(*(*step)->entry));
      }
    }
    return {};
  }

  void print(const Entry& entry) {
    if (left_ > 0) {
      printer_.print(entry);
      --left_;
    }
  }

  Source& source_;
  const Options& options_;
  Range range_;
  EntryFilter& filter_;
  Output& output_;
  EntryPrinter printer_;
  std::uint64_t left_;
};

ExitCode dump(const Target& target, const Options& options, Output& output) {
  auto source = open_source(target);
  if (!source) {
    return tell(output, source.error());
  }
  const storage::LogReader& log = *source->log;
  const Range range{std::max(Index{options.from.value_or(0)}, log.first()),
                    std::min(Index{options.to.value_or(UINT64_MAX)}, log.last())};
  auto filter = EntryFilter::make(options.filter, *source, range.to, wall_clock_ms(), output);
  if (!filter) {
    return tell(output, filter.error());
  }
  if (const auto done = Dump(*source, options, range, *filter, output).run(); !done) {
    return tell(output, done.error());
  }
  if (!filter->remark().empty()) {
    output.error("--where: " + filter->remark() + " in any entry");
    return ExitCode::kUsage;
  }
  return tell_tail(output, *source);
}

}  // namespace

Verb dump_verb() {
  const auto options = std::make_shared<Options>();
  Verb verb{
      .name = "dump",
      .what = "The entries, with their arguments",
      .examples =
          "  tablog dump notes.tablog --from 100 --to 200\n"
          "  tablog dump notes.tablog --limit 20 --reverse\n"
          "  tablog dump notes.tablog --type todo.added --client 3f2a -o ndjson\n"
          "  tablog dump notes.tablog --since 2h --where \"title LIKE '%milk%'\"",
      .options = {
          {.names = "--from", .value = "INDEX", .help = "First index", .into = &options->from},
          {.names = "--to", .value = "INDEX", .help = "Last index", .into = &options->to},
          {.names = "--limit",
           .value = "COUNT",
           .help = "At most so many entries",
           .into = &options->limit},
          {.names = "--reverse", .help = "The last entries first", .into = &options->reverse}}};
  const auto filters = options_of(options->filter);
  verb.options.insert(verb.options.end(), filters.begin(), filters.end());
  carry_out(verb, options, dump);
  return verb;
}

}  // namespace tablog::tools
