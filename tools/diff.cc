#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "tools/change_text.h"
#include "tools/diff_logs.h"
#include "tools/replayer.h"
#include "tools/row_changes.h"
#include "tools/sql_text.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

struct Options {
  std::string a{};
  std::string b{};
};

// ---- two states of one log

struct States {
  std::unique_ptr<storage::StateDatabase> before{};
  std::unique_ptr<storage::StateDatabase> after{};
  storage::Changes touched{};  // on the way from one to the other
};

void merge(storage::Changes&& more, storage::Changes& into) {
  into.everything = into.everything || more.everything;
  into.tables.merge(more.tables);
}

Result<States> states_at(Source& source, Index from, Index to, Output& output) {
  auto replayer = Replayer::begin(source);
  if (!replayer) return fail(replayer.error());
  Reading reading(source, output, "replaying");
  States states;
  if (const auto done = replayer->advance(reading, from); !done) return fail(done.error());
  if (const auto done = replayer->state().commit(); !done) return fail(done.error());
  const auto image = replayer->state().snapshot();
  if (!image) return fail(image.error());
  auto before = storage::StateDatabase::from_image(*image);
  if (!before) return fail(before.error());
  states.before = *std::move(before);
  std::ignore = replayer->state().take_changes();
  const auto touch = [&](const Step&) -> Result<void> {
    merge(replayer->state().take_changes(), states.touched);
    return {};
  };
  if (const auto done = replayer->advance(reading, to, touch); !done) return fail(done.error());
  if (const auto done = replayer->state().commit(); !done) return fail(done.error());
  if (const auto& divergence = replayer->divergence()) {
    return fail(ErrorCode::kRejected, divergence_text(*divergence));
  }
  states.after = replayer->take_state();
  return states;
}

class Printer {
 public:
  explicit Printer(Output& output) : output_(output) {}

  ChangeSink sink() {
    return {.definition = [this](const DefinitionChange& change) { return print(change); },
            .row = [this](const RowChange& change) { return print(change); }};
  }

  void begin() {
    if (output_.format() == Format::kSql) {
      output_.data() << "PRAGMA foreign_keys = OFF;\nBEGIN;\n";
    } else if (!output_.is_table()) {
      output_.begin_rows({.table = "change"});
    }
  }

  void end() {
    if (output_.format() == Format::kSql) {
      output_.data() << "COMMIT;\n";
    } else if (!output_.is_table()) {
      output_.end_rows();
    }
  }

  [[nodiscard]] std::uint64_t changes() const { return changes_; }

 private:
  bool print(const DefinitionChange& change) {
    if (change.goes_with_table && output_.format() != Format::kSql) return true;
    ++changes_;
    if (output_.format() == Format::kSql) {
      for (const std::string& statement : sql_of(change)) output_.data() << statement << ";\n";
    } else if (output_.is_table()) {
      output_.data() << text_of(change, output_) << '\n';
    } else {
      output_.row(json_of(change));
    }
    return true;
  }

  bool print(const RowChange& change) {
    ++changes_;
    if (output_.format() == Format::kSql) {
      output_.data() << sql_of(change) << ";\n";
    } else if (output_.is_table()) {
      output_.data() << text_of(change, output_) << '\n';
    } else {
      output_.row(json_of(change));
    }
    return true;
  }

  Output& output_;
  std::uint64_t changes_{};
};

ExitCode diff_states(Source& source, Index from, Index to, Output& output) {
  const bool backwards = from > to;
  auto states = states_at(source, std::min(from, to), std::max(from, to), output);
  if (!states) return tell(output, states.error());
  if (backwards) std::swap(states->before, states->after);
  Printer printer(output);
  printer.begin();
  const auto done =
      compare_states(*states->before, *states->after, states->touched, printer.sink());
  printer.end();
  if (!done) return tell(output, done.error());
  const ExitCode tail = tell_tail(output, source);
  return printer.changes() > 0 ? ExitCode::kDiffers : tail;
}

// ---- the command line

std::optional<std::uint64_t> number_in(const std::string& word) {
  std::uint64_t number = 0;
  const char* end = word.data() + word.size();
  const auto [stopped, error] = std::from_chars(word.data(), end, number);
  return error == std::errc() && stopped == end ? std::optional(number) : std::nullopt;
}

ExitCode diff(const Target& target, const Options& options, Output& output) {
  auto source = open_source(target);
  if (!source) return tell(output, source.error());
  if (options.b.empty()) {
    auto other = open_source({.path = options.a});
    if (!other) return tell(output, other.error());
    return diff_logs(*source, *other, output);
  }
  const auto from = number_in(options.a);
  const auto to = number_in(options.b);
  if (!from || !to) {
    output.error("the two states are named by their indexes: diff LOG FROM TO");
    return ExitCode::kUsage;
  }
  for (const std::uint64_t each : {*from, *to}) {
    if (const auto there = index_in(*source, each); !there) return tell(output, there.error());
  }
  return diff_states(*source, Index{*from}, Index{*to}, output);
}

}  // namespace

Verb diff_verb() {
  const auto options = std::make_shared<Options>();
  Verb verb{
      .name = "diff",
      .what = "Where two logs part, or which rows changed between two indexes",
      .examples =
          "  tablog diff before.tablog after.tablog\n"
          "  tablog diff notes.tablog 4000 4711\n"
          "  tablog diff notes.tablog 4000 4711 -o sql > patch.sql",
      .positionals = {
          {.name = "OTHER", .help = "The other log; with TO, the first index", .into = &options->a},
          {.name = "TO",
           .help = "The second index: rows that changed from OTHER to TO",
           .into = &options->b,
           .presence = Presence::kOptional}}};
  carry_out(verb, options, diff);
  return verb;
}

}  // namespace tablog::tools
