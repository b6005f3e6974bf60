#include <algorithm>

#include "tools/describe.h"
#include "tools/entry_printer.h"
#include "tools/reading.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

struct Options {
  std::optional<std::uint64_t> from{};
  std::optional<std::uint64_t> to{};
  std::vector<std::string> types{};  // of events; empty: any entry
  std::vector<std::string> kinds{};  // as kind_of(); empty: any
  std::string client{};              // the first digits of its id
  std::optional<std::uint64_t> term{};
  std::optional<std::uint64_t> limit{};
  bool reverse{};
};

// ---- which entries

bool is_wanted(const Entry& entry, const Options& options) {
  const auto among = [](const std::vector<std::string>& words, std::string_view word) {
    return words.empty() || std::ranges::find(words, word) != words.end();
  };
  const auto* event = std::get_if<Event>(&entry.body);
  if (!options.types.empty() && (event == nullptr || !among(options.types, event->type))) {
    return false;
  }
  if (options.term && entry.term.value != *options.term) {
    return false;
  }
  if (!options.client.empty() &&
      (!entry.request || !to_hex(entry.request->client.bytes).starts_with(options.client))) {
    return false;
  }
  return among(options.kinds, kind_of(entry));
}

struct Range {
  Index from;
  Index to;
};

// ---- in order

class Dump {
 public:
  Dump(Source& source, const Options& options, Output& output)
      : log_(*source.log), options_(options), printer_(output, log_.last()) {
    range_ = {std::max(Index{options.from.value_or(0)}, log_.first()),
              std::min(Index{options.to.value_or(UINT64_MAX)}, log_.last())};
    left_ = options.limit.value_or(UINT64_MAX);
  }

  Result<void> run() {
    const auto done = options_.reverse ? reverse() : forward();
    printer_.finish();
    return done;
  }

 private:
  Result<void> forward() {
    if (const auto sought = log_.seek(range_.from); !sought) {
      return sought;
    }
    while (left_ > 0) {
      // Without --to the end is asked for, and with it the verdict on what stands there.
      const auto step = next_step(log_);
      if (!step) {
        return fail(step.error());
      }
      if (!*step || (options_.to && (*step)->frame.header.index > range_.to)) {
        break;
      }
      if ((*step)->entry) {
        offer(*(*step)->entry);
      }
    }
    return {};
  }

  // Segment by segment from the last one on, each read forwards and held in memory.
  Result<void> reverse() {
    const auto segments = log_.segments();
    for (std::size_t i = segments.size(); i > 0 && left_ > 0; --i) {
      const auto& segment = segments[i - 1];
      const Range part{std::max(range_.from, segment.base), std::min(range_.to, segment.last)};
      if (part.from > part.to) {
        continue;
      }
      std::vector<Entry> entries;
      const auto read = collect(part, entries);
      std::ranges::for_each(entries.rbegin(), entries.rend(),
                            [this](const Entry& entry) { offer(entry); });
      if (!read) {
        return read;
      }
    }
    return {};
  }

  Result<void> collect(const Range& part, std::vector<Entry>& entries) {
    if (const auto sought = log_.seek(part.from); !sought) {
      return sought;
    }
    for (Index at = part.from; at <= part.to;) {
      auto step = next_step(log_);
      if (!step) {
        return fail(step.error());
      }
      if (!*step) {
        break;
      }
      if ((*step)->entry) {
        at = next((*step)->entry->index);
        if (is_wanted(*(*step)->entry, options_)) {
          entries.push_back(std::move(*(*step)->entry));
        }
      }
    }
    return {};
  }

  void offer(const Entry& entry) {
    if (left_ > 0 && is_wanted(entry, options_)) {
      printer_.print(entry);
      --left_;
    }
  }

  storage::LogReader& log_;
  const Options& options_;
  EntryPrinter printer_;
  Range range_{};
  std::uint64_t left_{};
};

ExitCode dump(const Target& target, const Options& options, Output& output) {
  auto source = open_source(target);
  if (!source) {
    return tell(output, source.error());
  }
  if (const auto done = Dump(*source, options, output).run(); !done) {
    return tell(output, done.error());
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
          "  tablog dump notes.tablog --type todo.added --client 3f2a -o ndjson",
      .options = {
          {.names = "--from", .value = "INDEX", .help = "First index", .into = &options->from},
          {.names = "--to", .value = "INDEX", .help = "Last index", .into = &options->to},
          {.names = "--type",
           .value = "TYPE",
           .help = "Only events of this type; may be repeated",
           .into = &options->types},
          {.names = "--kind",
           .value = "KIND",
           .help = "Only event, exec, void, term, schema, checkpoint, close; may be repeated",
           .into = &options->kinds,
           .choices = kinds()},
          {.names = "--client",
           .value = "HEX",
           .help = "Only of the tab whose id begins so",
           .into = &options->client},
          {.names = "--term", .value = "TERM", .help = "Only of this term", .into = &options->term},
          {.names = "--limit",
           .value = "COUNT",
           .help = "At most so many entries",
           .into = &options->limit},
          {.names = "--reverse", .help = "The last entries first", .into = &options->reverse}}};
  carry_out(verb, options, dump);
  return verb;
}

}  // namespace tablog::tools
