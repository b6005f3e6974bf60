#include <filesystem>
#include <fstream>
#include <iostream>

#include <nlohmann/json.hpp>

#include "log/overloaded.h"
#include "storage/image_intake.h"
#include "storage/state_database.h"
#include "tools/json_line.h"
#include "tools/log_lines.h"
#include "tools/log_writer.h"
#include "tools/reading.h"
#include "tools/survey.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

struct Options {
  std::string lines{};  // the ndjson; "-": standard input
  std::string file{};   // the log to make
  bool force{};
};

std::unexpected<Error> corrupt(std::string message) {
  return fail(ErrorCode::kCorrupt, std::move(message));
}

// The base while it comes in, as the database that it is: what it says of itself is held against
// the log.
class Base {
 public:
  Result<void> begin(std::uint64_t bytes) {
    missing_ = bytes;
    if (bytes == 0) return {};
    auto begun = storage::ImageIntake::begin(bytes);
    if (!begun) return fail(begun.error());
    intake_ = *std::move(begun);
    return {};
  }

  Result<void> add(ByteView piece) {
    if (piece.size() > missing_) return corrupt("more of the base than the first line says");
    missing_ -= piece.size();
    if (auto added = intake_->add(piece); !added) return added;
    return missing_ == 0 ? load() : Result<void>{};
  }

  [[nodiscard]] bool is_whole() const { return missing_ == 0; }

  // Each place of the log, from where it begins on: the base is of the same history.
  Result<void> check(const LogPosition& position, StoreId store) {
    if (!state_) return {};
    if (state_->store() != store) return corrupt("the base is of another store");
    if (state_->applied() < first_ && !checked_) return corrupt("the base is of an earlier entry");
    if (state_->applied() != position.index) return {};
    checked_ = true;
    return state_->chain() == position.chain
               ? Result<void>{}
               : corrupt("the base is of another history than the log");
  }
  void begin_at(Index before) { first_ = before; }

 private:
  Result<void> load() {
    auto state = storage::StateDatabase::from_intake(*intake_);
    if (!state) return fail(state.error());
    state_ = *std::move(state);
    intake_.reset();
    return {};
  }

  std::uint64_t missing_{};
  Index first_{};
  bool checked_{};
  std::unique_ptr<storage::ImageIntake> intake_;
  std::unique_ptr<storage::StateDatabase> state_;
};

class Import {
 public:
  explicit Import(std::string path) : path_(std::move(path)) {}

  // Lines in order. kCorrupt, kMalformed: what is wrong with this one.
  Result<void> add(Line line) {
    if (ended_) return corrupt("a line behind the end");
    if (!writer_ && !std::holds_alternative<HeaderLine>(line)) {
      return fail(ErrorCode::kInvalidArgument, "not an exported log: it begins with another line");
    }
    if (writer_ && !base_.is_whole() && !std::holds_alternative<BaseLine>(line)) {
      return corrupt("the base is cut");
    }
    return std::visit([this](auto& each) { return take(std::move(each)); }, line);
  }

  Result<ExportHeader> finish() {
    if (!writer_) return fail(ErrorCode::kInvalidArgument, "not an exported log: it is empty");
    if (!ended_) return corrupt("it is cut: the line that ends an export is missing");
    return writer_->finish();
  }

  [[nodiscard]] std::uint64_t batches() const { return surveyor_.survey().batches; }
  [[nodiscard]] std::uint64_t entries() const { return surveyor_.survey().entries; }

 private:
  Result<void> take(const HeaderLine& header) {
    if (writer_) return corrupt("a second first line");
    auto writer = LogWriter::create(path_, {header.store, header.generation, header.before});
    if (!writer) return fail(writer.error());
    writer_.emplace(*std::move(writer));
    store_ = header.store;
    batch_first_ = next(header.before.index);
    base_.begin_at(header.before.index);
    return base_.begin(header.base_bytes);
  }

  Result<void> take(const BaseLine& base) {
    if (base_.is_whole()) return corrupt("more of the base than the first line says");
    if (auto added = base_.add(base.piece); !added) return added;
    if (auto added = writer_->add_base(base.piece); !added) return added;
    return base_.is_whole() ? base_.check(writer_->position(), store_) : Result<void>{};
  }

  Result<void> take(EntryLine&& line) {
    const Index expected = next(writer_->position().index);
    if (line.entry.index != expected) {
      return corrupt("\"index\" is " + std::to_string(line.entry.index.value) + ", and entry " +
                     std::to_string(expected.value) + " has to come");
    }
    if (auto added = writer_->add(line.entry, line.encoded); !added) return added;
    const Step step{.frame = {.header = {.index = expected}, .body = line.encoded},
                    .entry = std::move(line.entry)};
    if (auto added = surveyor_.add(step); !added) return added;
    return base_.check(writer_->position(), store_);
  }

  Result<void> take(const CommitLine& line) {
    const LogPosition& at = writer_->position();
    if (line.first != batch_first_ || line.last != at.index || line.first > line.last) {
      return corrupt("\"commit\" names other entries than stand before it");
    }
    if (line.chain != at.chain) {
      return corrupt("\"commit.chain\" is not what the entries before it give: " +
                     to_hex(at.chain.bytes));
    }
    const Commit commit{line.first, line.last, at.term, at.time_ms, line.chain, line.digest};
    Step step{.frame = {.header = {.index = line.last}, .commit = commit}, .entry = {}};
    if (auto added = surveyor_.add(step); !added) return added;
    batch_first_ = next(line.last);
    return writer_->commit(line.digest);
  }

  Result<void> take(const EndLine& line) {
    const LogPosition& at = writer_->position();
    if (batch_first_ != next(at.index)) return corrupt("the last batch has no \"commit\"");
    if (line.entries != entries() || line.last != at.index) {
      return corrupt("\"end\" names other entries than stand before it");
    }
    if (line.chain != at.chain) {
      return corrupt("\"end.chain\" is not what the entries before it give: " +
                     to_hex(at.chain.bytes));
    }
    ended_ = true;
    return {};
  }

  std::string path_;
  std::optional<LogWriter> writer_;
  StoreId store_{};
  Base base_;
  Surveyor surveyor_;
  Index batch_first_{};
  bool ended_{};
};

// What does not decode is damage to whoever imports it.
Error at_line(Error error, std::uint64_t number) {
  error.message = "line " + std::to_string(number) + ": " + error.message;
  if (error.code == ErrorCode::kMalformed) error.code = ErrorCode::kCorrupt;
  return error;
}

Result<ExportHeader> read_lines(std::istream& in, Import& import) {
  LineReader reader(in);
  while (true) {
    const auto text = reader.next();
    if (!text) return fail(at_line(text.error(), reader.number()));
    if (!*text) break;
    auto line = read_line(**text);
    const Result<void> added = line ? import.add(*std::move(line)) : fail(line.error());
    if (!added) {
      // The first line decides whether it is an export at all.
      const bool foreign = reader.number() == 1 && added.error().code == ErrorCode::kMalformed;
      if (foreign) {
        return fail(ErrorCode::kInvalidArgument, "not an exported log: " + added.error().message);
      }
      return fail(at_line(added.error(), reader.number()));
    }
  }
  auto header = import.finish();
  return header ? header : fail(at_line(header.error(), reader.number()));
}

Result<ExportHeader> read_file(const std::string& path, Import& import) {
  if (path == "-") return read_lines(std::cin, import);
  std::error_code error;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, error)) {
    return fail(ErrorCode::kStorageUnavailable, "cannot read " + path_text(path));
  }
  return read_lines(file, import);
}

void print(const Options& options, const Import& import, const ExportHeader& header,
           Output& output) {
  if (!output.is_table()) {
    return output.document("import", {{"path", options.lines},
                                      {"file", options.file},
                                      {"bytes", header.total_bytes()},
                                      {"store", to_hex(header.store.bytes)},
                                      {"first", header.first.value},
                                      {"last", header.last.value},
                                      {"entries", import.entries()},
                                      {"batches", import.batches()},
                                      {"segments", header.segments.size()},
                                      {"chain", to_hex(header.chain.bytes)}});
  }
  Facts facts;
  facts.add("store", to_hex(header.store.bytes));
  facts.add("entries",
            count_text(import.entries()) +
                (import.entries() > 0 ? " (" + range_text(header.first, header.last) + ")" : ""));
  facts.add("chain", to_hex(header.chain.bytes) + ", as the lines say");
  facts.add("log", printable(options.file, 4096) + ", " + bytes_text(header.total_bytes()) + ", " +
                       counted(header.segments.size(), "segment", "segments"));
  facts.print(output);
}

ExitCode import_log(const Target& /*target*/, const Options& options, Output& output) {
  if (options.file.empty()) {
    return tell(output, {.code = ErrorCode::kInvalidArgument,
                         .message = "-o FILE is missing: the log to make"});
  }
  const Replace replace = options.force ? Replace::kYes : Replace::kNo;
  if (const auto ready = check_new_file(options.file, replace, options.lines); !ready) {
    return tell(output, ready.error());
  }
  Import import(options.file);
  const auto header = read_file(options.lines, import);
  if (!header) {
    return tell(output, header.error());
  }
  print(options, import, *header, output);
  return ExitCode::kClean;
}

}  // namespace

Verb import_verb() {
  const auto options = std::make_shared<Options>();
  Verb verb{.name = "import",
            .what = "Makes a log of what export wrote: the same entries, the same chain hash",
            .examples =
                "  tablog import notes.ndjson -o notes.tablog\n"
                "  gunzip < notes.ndjson.gz | tablog import - -o notes.tablog",
            .options = {{.names = "-o,--log",
                         .value = "LOG",
                         .help = "The exported log to write",
                         .into = &options->file},
                        {.names = "--force",
                         .help = "Replace LOG where it exists",
                         .into = &options->force}},
            .positionals = {{.name = "FILE",
                             .help = "What export wrote; - is standard input",
                             .into = &options->lines}},
            .takes = Takes::kNothing,
            .format_names = "--output,--format"};
  carry_out(verb, options, import_log);
  return verb;
}

}  // namespace tablog::tools
