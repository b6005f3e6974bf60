#include <nlohmann/json.hpp>

#include "tools/log_lines.h"
#include "tools/new_file.h"
#include "tools/reading.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

struct Options {
  std::string file{};  // empty: to standard output
  bool force{};
};

// Lines to the file, or to standard output.
class LineWriter {
 public:
  LineWriter(NewFile* file, Output& output) : file_(file), output_(output) {}

  Result<void> write(const Json& line) {
    const std::string text = line_text(line);
    bytes_ += text.size();
    if (file_ != nullptr) {
      return file_->append(text);
    }
    output_.data() << text;
    return output_.data() ? Result<void>{}
                          : fail(ErrorCode::kStorageUnavailable, "the output could not be written");
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  NewFile* file_;
  Output& output_;
  std::uint64_t bytes_{};
};

struct Exported {
  Index first{};
  EndLine end{};
  std::uint64_t batches{};
  std::uint64_t bytes{};
  std::optional<Error> damage{};  // where it ends, without its last line
};

Result<void> write_beginning(const Source& source, LineWriter& lines) {
  const HeaderLine header{.store = source.log->store(),
                          .generation = source.log->generation(),
                          .before = source.log->begin(),
                          .base_bytes = source.base_bytes};
  if (auto written = lines.write(json_of_line(header)); !written) {
    return written;
  }
  const auto base = source.read_base();
  if (!base) {
    return fail(base.error());
  }
  for (std::size_t at = 0; at < base->size(); at += kBasePieceBytes) {
    const ByteView rest = ByteView(*base).subspan(at);
    const ByteView piece = rest.first(std::min(rest.size(), kBasePieceBytes));
    if (auto written = lines.write(json_of_line(BaseLine{{piece.begin(), piece.end()}}));
        !written) {
      return written;
    }
  }
  return {};
}

// A term or a time that the line does not have would be lost.
Result<void> check_commit(const Commit& commit, const LogPosition& position, const Step& step) {
  if (commit.term == position.term && commit.time_ms == position.time_ms) {
    return {};
  }
  return fail({.code = ErrorCode::kCorrupt,
               .message = "the commit frame behind entry " + std::to_string(commit.last.value) +
                          " names another term or time",
               .index = commit.last,
               .offset = step.frame.offset});
}

Result<void> write_step(const Step& step, LogPosition& position, Exported& exported,
                        LineWriter& lines) {
  if (step.entry) {
    position = {step.entry->index, step.frame.chain, step.entry->term, step.entry->time_ms, {}};
    ++exported.end.entries;
    return lines.write(json_of_line(*step.entry, step.frame.body));
  }
  const Commit& commit = *step.frame.commit;
  if (auto checked = check_commit(commit, position, step); !checked) {
    return checked;
  }
  ++exported.batches;
  exported.end.last = commit.last;
  exported.end.chain = commit.chain;
  return lines.write(
      json_of_line(CommitLine{commit.first, commit.last, commit.chain, commit.digest}));
}

// Damage is no error here: what is before it has been written.
Result<Exported> write_lines(const Source& source, LineWriter& lines) {
  LogPosition position = source.log->begin();
  Exported exported{.first = source.log->first(),
                    .end = {.last = position.index, .chain = position.chain}};
  if (auto begun = write_beginning(source, lines); !begun) {
    return fail(begun.error());
  }
  auto done = for_each_step(
      *source.log, [&](const Step& step) { return write_step(step, position, exported, lines); });
  if (done) {
    done = lines.write(json_of_line(exported.end));
  } else if (done.error().code == ErrorCode::kCorrupt) {
    exported.damage = done.error();
    done = {};
  }
  exported.bytes = lines.bytes();
  return done ? Result<Exported>(exported) : fail(done.error());
}

void print(const Source& source, const Exported& exported, const Options& options, Output& output) {
  const EndLine& end = exported.end;
  if (!output.is_table()) {
    output.document("export", {{"path", source.path},
                               {"file", options.file},
                               {"bytes", exported.bytes},
                               {"first", exported.first.value},
                               {"last", end.last.value},
                               {"entries", end.entries},
                               {"batches", exported.batches},
                               {"chain", to_hex(end.chain.bytes)},
                               {"whole", !exported.damage}});
    return;
  }
  Facts facts;
  facts.add("entries", count_text(end.entries) +
                           (end.entries > 0 ? " (" + range_text(exported.first, end.last) + ")"
                                            : std::string()));
  facts.add("batches", count_text(exported.batches));
  facts.add("chain", to_hex(end.chain.bytes));
  facts.add("file", printable(options.file, 4096) + ", " + bytes_text(exported.bytes));
  facts.print(output);
}

ExitCode run(const Source& source, NewFile* file, const Options& options, Output& output) {
  LineWriter lines(file, output);
  const auto exported = write_lines(source, lines);
  if (!exported) {
    return tell(output, exported.error());
  }
  if (file != nullptr) {
    if (const auto placed = file->place(); !placed) {
      return tell(output, placed.error());
    }
    print(source, *exported, options, output);
  }
  if (exported->damage) {
    tell(output, *exported->damage);
    output.note("what is before the damage was exported, without the line that ends an export");
    return ExitCode::kCorrupt;
  }
  return tell_tail(output, source);
}

ExitCode export_log(const Target& target, const Options& options, Output& output) {
  auto source = open_source(target);
  if (!source) {
    return tell(output, source.error());
  }
  if (options.file.empty()) {
    return run(*source, nullptr, options, output);
  }
  const Replace replace = options.force ? Replace::kYes : Replace::kNo;
  if (const auto ready = check_new_file(options.file, replace, input_of(target)); !ready) {
    return tell(output, ready.error());
  }
  auto file = NewFile::create(options.file);
  return file ? run(*source, &*file, options, output) : tell(output, file.error());
}

}  // namespace

Verb export_verb() {
  const auto options = std::make_shared<Options>();
  Verb verb{.name = "export",
            .what = "The whole log as ndjson, from which import makes it again",
            .examples =
                "  tablog export notes.tablog -o notes.ndjson\n"
                "  tablog export opfs/tablog/notes/g0 | gzip > notes.ndjson.gz",
            .options = {{.names = "-o,--file",
                         .value = "FILE",
                         .help = "The file to write; without it, standard output",
                         .into = &options->file},
                        {.names = "--force",
                         .help = "Replace FILE where it exists",
                         .into = &options->force}},
            .format_names = "--output,--format"};
  carry_out(verb, options, export_log);
  return verb;
}

}  // namespace tablog::tools
