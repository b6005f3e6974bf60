#include <unistd.h>

#include "tools/entry_printer.h"
#include "tools/file_watch.h"
#include "tools/interrupts.h"
#include "tools/log_follower.h"
#include "tools/reading.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

constexpr std::uint64_t kCount = 10;
constexpr std::chrono::milliseconds kPoll{250};  // where nothing tells of a change

struct Options {
  std::uint64_t count{kCount};
  bool follow{};
};

Index first_of(const storage::LogReader& log, std::uint64_t count) {
  const std::uint64_t end = log.last().value + 1;
  return {std::max(end - std::min(count, end), log.first().value)};
}

ExitCode print_last(Source& source, Index from, Output& output) {
  EntryPrinter printer(output, source.log->last());
  auto done = source.log->seek(from);
  if (done) {
    done = for_each_step(*source.log, [&](const Step& step) -> Result<void> {
      if (step.entry) printer.print(*step.entry);
      return {};
    });
  }
  printer.finish();
  return done ? tell_tail(output, source) : tell(output, done.error());
}

class Following {
 public:
  Following(Source source, Index from, Output& output)
      : output_(output), printer_(output, source.log->last()), follower_(std::move(source), from) {}

  ExitCode run() {
    Result<void> done;
    Woken woken = Woken::kLook;
    while (done && woken == Woken::kLook) {
      watch_.set(follower_.directory());  // before it is read: no change goes unseen
      done = tell_news();
      output_.data().flush();
      if (!output_.data()) {
        break;
      }
      woken = watch_.wait(kPoll, interrupts_.descriptor(), STDOUT_FILENO);
    }
    if (woken == Woken::kReaderGone) {
      return ExitCode::kClean;
    }
    printer_.finish();
    return done ? ExitCode::kClean : tell(output_, done.error());
  }

 private:
  Result<void> tell_news() {
    while (output_.data() && !interrupts_.came()) {
      const auto news = follower_.next();
      if (!news) {
        return fail(news.error());
      }
      if (!*news) {
        break;
      }
      if (!(*news)->note.empty()) {
        output_.note((*news)->note);
      }
      for (const Entry& entry : (*news)->entries) {
        printer_.print(entry);
      }
    }
    return {};
  }

  Output& output_;
  EntryPrinter printer_;
  LogFollower follower_;
  FileWatch watch_;
  Interrupts interrupts_;
};

ExitCode tail(const Target& target, const Options& options, Output& output) {
  auto source = open_source(target);
  if (!source) {
    return tell(output, source.error());
  }
  const Index from = first_of(*source->log, options.count);
  if (options.follow && source->kind == SourceKind::kDirectory) {
    return Following(*std::move(source), from, output).run();
  }
  if (options.follow) {
    output.note("an exported log does not grow: this is its end");
  }
  return print_last(*source, from, output);
}

}  // namespace

Verb tail_verb() {
  const auto options = std::make_shared<Options>();
  Verb verb{.name = "tail",
            .what = "The last entries, and those to come",
            .examples =
                "  tablog tail notes.tablog -n 20\n"
                "  tablog tail opfs/tablog/notes --follow\n"
                "  tablog tail opfs/tablog/notes -n 0 -f -o ndjson | jq .args",
            .options = {{.names = "-n,--count",
                         .value = "COUNT",
                         .help = "So many entries (10)",
                         .into = &options->count},
                        {.names = "-f,--follow",
                         .help = "Go on as the log grows, until it is interrupted",
                         .into = &options->follow}}};
  carry_out(verb, options, tail);
  return verb;
}

}  // namespace tablog::tools
