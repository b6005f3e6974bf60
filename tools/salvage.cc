#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "tools/new_file.h"
#include "tools/reading.h"
#include "tools/replayer.h"
#include "tools/salvage_log.h"
#include "tools/salvage_report.h"
#include "tools/salvage_source.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "prefix.tablog";
constexpr const char* kRescued = "rescued.tablog";
constexpr const char* kEntries = "entries.ndjson";
constexpr const char* kState = "state.sqlite3";
constexpr const char* kReport = "report.json";

struct Options {
  std::string directory{};
};

// ---- where to

bool is_within(const fs::path& path, const fs::path& directory) {
  const auto [end, unused] = std::ranges::mismatch(directory, path);
  return end == directory.end() || end->empty();
}

Result<void> make_directory(const std::string& directory, const std::string& log) {
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorCode::kInvalidArgument, path_text(directory) + " " + why);
  };
  std::error_code error;
  if (directory.empty()) {
    return fail(ErrorCode::kInvalidArgument, "-o DIR is missing: where to put what is saved");
  }
  if (fs::is_directory(log, error) &&
      is_within(fs::weakly_canonical(directory, error), fs::weakly_canonical(log, error))) {
    return refuse("is within the log's own directory, which is only read");
  }
  if (fs::exists(directory, error) && !fs::is_directory(directory, error)) {
    return refuse("is no directory");
  }
  if (fs::exists(directory, error) && !fs::is_empty(directory, error)) {
    return refuse("is not empty: salvage writes to a new directory");
  }
  fs::create_directories(directory, error);
  return error ? fail(ErrorCode::kStorageUnavailable,
                      "cannot make " + path_text(directory) + ": " + error.message())
               : Result<void>{};
}

// ---- what it was

// The highest entry that something says had been flushed.
Index proven_of(const SalvageSource& source, const Scanned& scanned) {
  Index proven;
  for (const PartScan& scan : scanned.parts) proven = std::max(proven, scan.flushed_through);
  for (const SalvagePart& part : source.parts) {
    if (part.header) proven = std::max(proven, part.header->before.index);
  }
  if (source.state) proven = std::max(proven, source.state->applied);
  if (source.base) proven = std::max(proven, source.base->applied);
  if (source.table) proven = std::max(proven, source.table->last);
  return proven;
}

// Segments that something names, and that are not there.
std::vector<std::uint64_t> missing_segments(const SalvageSource& source, const Scanned& scanned) {
  std::vector<std::uint64_t> missing;
  const auto is_there = [&](std::uint64_t salt) {
    const auto of_header = [&](const SalvagePart& part) {
      return part.header && part.header->salt == salt;
    };
    const auto of_frames = [&](const PartScan& scan) {
      return std::ranges::find(scan.salts, salt) != scan.salts.end();
    };
    return std::ranges::any_of(source.parts, of_header) ||
           std::ranges::any_of(scanned.parts, of_frames);
  };
  const Index base = source.base ? source.base->applied : Index{};
  for (std::size_t i = 0; i < source.parts.size(); ++i) {
    const auto& header = source.parts[i].header;
    if (header && header->predecessor && header->before.index > base &&
        !is_there(header->predecessor->salt)) {
      missing.push_back(header->predecessor->sequence);
    }
    const auto& seal = scanned.parts[i].seal;
    if (seal && !is_there(seal->salt)) missing.push_back(seal->sequence);
  }
  std::ranges::sort(missing);
  missing.erase(std::ranges::unique(missing).begin(), missing.end());
  return missing;
}

// Something stands behind the last whole batch, in its own segment.
bool has_tail(const SalvagePlan& plan, const Scanned& scanned) {
  if (plan.spans.empty()) return false;
  const Span& last = *plan.spans.back();
  const bool entries = std::ranges::any_of(scanned.spans, [&](const Span& span) {
    return span.part == last.part && span.begin >= last.end && !span.superseded;
  });
  const PartScan& scan = scanned.parts[last.part];
  return entries || std::ranges::any_of(scan.unreadable, [&](const Range& range) {
           return range.offset >= last.end;
         });
}

// ---- saving

// The database that prefix.tablog makes.
Result<SavedState> replay(const std::string& log) {
  auto source = open_source({log});
  if (!source) return fail(source.error());
  auto replayer = Replayer::begin(*source);
  if (!replayer) return fail(replayer.error());
  const auto replayed = for_each_step(*source->log, [&](const Step& step) {
    auto added = replayer->add(step);
    return added && replayer->divergence()
               ? fail(ErrorCode::kRejected, divergence_text(*replayer->divergence()))
               : added;
  });
  if (!replayed) return fail(replayed.error());
  storage::StateDatabase& state = replayer->state();
  if (auto committed = state.commit(); !committed) return fail(committed.error());
  const auto digest = state.recompute_digest();
  if (!digest) return fail(digest.error());
  auto image = state.snapshot();
  if (!image) return fail(image.error());
  return SavedState{.store = state.store(),
                    .applied = state.applied(),
                    .chain = state.chain(),
                    .digest = *digest,
                    .image = *std::move(image)};
}

class Salvage {
 public:
  Salvage(SalvageSource& source, const Scanned& scanned, std::string directory)
      : source_(source), scanned_(scanned), directory_(std::move(directory)) {
    report_.problems = source.problems;
    report_.proven = proven_of(source, scanned);
  }

  Result<SalvageReport> run() {
    Result<void> done = save_prefix();
    if (done) done = save_entries();
    if (done) done = save_rescued();
    if (done) done = save_state();
    if (!done) return fail(done.error());
    judge();
    return report_;
  }

 private:
  [[nodiscard]] std::string at(const char* name) const {
    return (fs::path(directory_) / name).string();
  }
  [[nodiscard]] Index prefix_last() const {
    return report_.prefix ? report_.prefix->log.last : Index{};
  }

  // None, with a problem told: the log says that this state is not its own.
  Result<std::optional<SalvagePlan>> plan_on(std::optional<SavedState>& state, const char* what) {
    auto plan = plan_behind(source_, scanned_, *state);
    if (plan) return *std::move(plan);
    if (plan.error().code != ErrorCode::kCorrupt) return fail(plan.error());
    report_.problems.push_back(std::string(what) + " is damaged: " + plan.error().message);
    state.reset();
    return std::nullopt;
  }

  Result<void> save_prefix() {
    std::optional<SalvagePlan> plan;
    if (source_.base) {
      auto behind = plan_on(source_.base, "the log's base");
      if (!behind) return fail(behind.error());
      plan = *std::move(behind);
    }
    if (!plan) plan = plan_from_first(scanned_);
    if (!plan) return {};
    plan_ = *std::move(plan);
    const auto written =
        write_log(at(kPrefix), source_, plan_, source_.base ? &*source_.base : nullptr);
    if (!written) return fail(written.error());
    report_.prefix = {kPrefix, *written, base_index()};
    return {};
  }

  Result<void> save_entries() {
    auto written = write_entries(at(kEntries), source_, scanned_);
    if (!written) return fail(written.error());
    report_.entries_file = kEntries;
    report_.entries = *std::move(written);
    return {};
  }

  // The state database is further than what is whole before the damage: what is behind it can go
  // on.
  Result<void> save_rescued() {
    if (!source_.state) return {};
    const auto behind = plan_on(source_.state, "the state database");
    if (!behind) return fail(behind.error());
    if (!*behind) return {};
    const SalvagePlan& plan = **behind;
    if (source_.state->applied <= prefix_last()) {
      if (plan.spans.empty() && source_.state->applied > base_index()) {
        report_.problems.emplace_back(
            "the state database has applied other entries than the log has: it is left alone");
        source_.state.reset();
      }
      return {};
    }
    const auto written = write_log(at(kRescued), source_, plan, &*source_.state);
    if (!written) return fail(written.error());
    report_.rescued = {kRescued, *written, source_.state->applied};
    return {};
  }

  [[nodiscard]] Index base_index() const { return source_.base ? source_.base->applied : Index{}; }

  // Of the two, the one that is further.
  Result<void> save_state() {
    const bool further = prefix_last() > (source_.state ? source_.state->applied : Index{});
    std::optional<SavedState> replayed;
    if (further) {
      auto made = replay(at(kPrefix));
      if (made) {
        replayed = *std::move(made);
      } else {
        report_.problems.push_back("prefix.tablog cannot be replayed: " + made.error().message);
      }
    }
    const SavedState* const state = replayed        ? &*replayed
                                    : source_.state ? &*source_.state
                                                    : nullptr;
    if (state == nullptr) return {};
    if (auto written = write_database(at(kState), state->image); !written) return written;
    report_.state = {kState, replayed.has_value(), state->applied, state->digest,
                     state->image.size()};
    return {};
  }

  void judge() {
    const std::vector<std::uint64_t> segments = missing_segments(source_, scanned_);
    for (const std::uint64_t sequence : segments) {
      report_.problems.push_back("segment " + std::to_string(sequence) + " is missing");
    }
    find_missing(scanned_, begin_index(), report_);
    const bool more = std::ranges::any_of(scanned_.spans, [&](const Span& span) {
      return span.chained && !span.superseded && span.last > prefix_last();
    });
    const bool complete = prefix_last() >= report_.proven && !more && segments.empty();
    report_.status = !complete                   ? SalvageStatus::kDamaged
                     : has_tail(plan_, scanned_) ? SalvageStatus::kTorn
                                                 : SalvageStatus::kWhole;
  }

  // The entry behind which the log has to have all: of its base, or of what its first segment says.
  [[nodiscard]] Index begin_index() const {
    if (source_.base) return source_.base->applied;
    for (const SalvagePart& part : source_.parts) {
      if (part.header && part.header->sequence == 1) return part.header->before.index;
    }
    return {};
  }

  SalvageSource& source_;
  const Scanned& scanned_;
  std::string directory_;
  SalvagePlan plan_;
  SalvageReport report_;
};

// ---- the verb

ExitCode exit_code_of(SalvageStatus status) {
  switch (status) {
    case SalvageStatus::kWhole:
      return ExitCode::kClean;
    case SalvageStatus::kTorn:
      return ExitCode::kTornTail;
    case SalvageStatus::kDamaged:
      return ExitCode::kCorrupt;
  }
  return ExitCode::kCorrupt;
}

Result<SalvageReport> run(SalvageSource& source, const Scanned& scanned, const Options& options) {
  auto report = Salvage(source, scanned, options.directory).run();
  if (!report) return report;
  const std::string text =
      json_of(source, scanned, *report).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  const std::string path = (fs::path(options.directory) / kReport).string();
  if (auto written = write_new_file(path, std::as_bytes(std::span(text))); !written) {
    return fail(written.error());
  }
  return report;
}

bool was_a_log(const SalvageSource& source, const Scanned& scanned) {
  const auto has_header = [](const SalvagePart& part) { return part.header.has_value(); };
  const auto has_frames = [](const PartScan& scan) { return scan.frames > 0; };
  return source.state || source.base || std::ranges::any_of(source.parts, has_header) ||
         std::ranges::any_of(scanned.parts, has_frames);
}

ExitCode salvage(const Target& target, const Options& options, Output& output) {
  auto source = open_salvage(target.path);
  if (!source) {
    return tell(output, source.error());
  }
  const auto scanned = scan_all(*source);
  if (!scanned) {
    return tell(output, scanned.error());
  }
  if (!was_a_log(*source, *scanned)) {
    return tell(output, {.code = ErrorCode::kInvalidArgument,
                         .message = path_text(target.path) + " holds nothing that was a log"});
  }
  if (auto made = make_directory(options.directory, target.path); !made) {
    return tell(output, made.error());
  }
  const auto report = run(*source, *scanned, options);
  if (!report) {
    return tell(output, report.error());
  }
  if (output.is_table()) {
    print(*source, *scanned, *report, output);
  } else {
    output.document("salvage", json_of(*source, *scanned, *report));
  }
  return exit_code_of(report->status);
}

}  // namespace

Verb salvage_verb() {
  const auto options = std::make_shared<Options>();
  Verb verb{.name = "salvage",
            .what = "Saves what can be read of a damaged log, to new files, with a report",
            .examples =
                "  tablog salvage opfs/tablog/notes/g0 -o saved\n"
                "  tablog salvage half.tablog -o saved --output json",
            .options = {{.names = "-o,--directory",
                         .value = "DIR",
                         .help = "Where to; new or empty",
                         .into = &options->directory}},
            .format_names = "--output,--format"};
  carry_out(verb, options, salvage);
  return verb;
}

}  // namespace tablog::tools
