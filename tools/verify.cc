#include <nlohmann/json.hpp>

#include "tools/base_check.h"
#include "tools/checklist.h"
#include "tools/replayer.h"
#include "tools/survey.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

enum class Depth : std::uint8_t {
  kLog,     // checksums, hash chain, commit frames, links; the state database's place in the log
  kReplay,  // and every commit frame's digest, by replaying
};

// What the state database says, against what the log says at the same index.
enum class StateVerdict : std::uint8_t { kAbsent, kUnreadable, kMatches, kDiffers };

struct Report {
  Survey survey{};
  std::optional<Error> damage{};  // the first; also an I/O error, which says nothing about the log
  std::optional<Index> base{};    // of a compacted log: the entry that its base is of
  std::optional<Error> base_error{};
  StateVerdict state{};
  std::string state_words{};
  std::uint64_t digests{};  // compared by replaying
  std::optional<Divergence> divergence{};
  std::optional<Error> replay_error{};
};

// ---- the state database's place in the log

class StateCheck {
 public:
  explicit StateCheck(const Source& source) : source_(source) {}

  void add(const Step& step) {
    if (source_.state && step.frame.header.index == source_.state->applied) {
      chain_ = step.frame.chain;
      if (step.frame.commit) {
        digest_ = step.frame.commit->digest;
      }
    }
  }

  void finish(Report& report) const {
    if (source_.state_error) {
      report.state = StateVerdict::kUnreadable;
      report.state_words = source_.state_error->message;
    } else if (source_.state) {
      const std::string difference = this->difference(*source_.state);
      report.state = difference.empty() ? StateVerdict::kMatches : StateVerdict::kDiffers;
      report.state_words = "at entry " + std::to_string(source_.state->applied.value) +
                           (difference.empty() ? "" : ": " + difference);
    }
  }

 private:
  // A database that is ahead of the log is damage, and has been told as that.
  [[nodiscard]] std::string difference(const StateSummary& state) const {
    if (state.applied == Index{}) {
      return "";
    }
    if (state.store != source_.log->store()) {
      return "it belongs to another store";
    }
    if (chain_ && *chain_ != state.chain) {
      return "it has applied other entries than the log has";
    }
    if (digest_ && *digest_ != state.digest) {
      return "its digest is " + to_hex(state.digest.bytes) + ", and the log says " +
             to_hex(digest_->bytes);
    }
    return "";
  }

  const Source& source_;
  std::optional<ChainHash> chain_;
  std::optional<Digest> digest_;
};

// ---- reading

// None: the log goes back to its first entry. Its rows are held against the digests that it names.
Result<std::optional<BaseCheck>> check_base(const Source& source) {
  const auto state = base_state(source);
  if (!state) return fail(state.error());
  if (*state == nullptr) return std::nullopt;
  const auto checked = BaseCheck::begin(source, **state);
  if (!checked) return fail(checked.error());
  return *checked;
}

void replay_step(std::optional<Replayer>& replayer, const Step& step, Report& report) {
  if (!replayer || report.replay_error || replayer->divergence()) {
    return;
  }
  if (const auto added = replayer->add(step); !added) {
    report.replay_error = added.error();
  }
  report.digests = replayer->compared();
  report.divergence = replayer->divergence();
}

Report read(Source& source, Depth depth, Output& output) {
  Report report;
  Surveyor surveyor;
  StateCheck state(source);
  std::optional<Replayer> replayer;
  if (depth == Depth::kReplay) {
    auto begun = Replayer::begin(source);
    if (begun) {
      replayer = *std::move(begun);
    } else {
      report.replay_error = begun.error();
    }
  }
  const auto base = replayer ? replayer->base() : check_base(source);
  if (!base) report.base_error = base.error();
  if (base && *base) report.base = (*base)->index();
  Reading reading(source, output, depth == Depth::kReplay ? "replaying" : "verifying");
  const auto done = for_each_step(reading, [&](const Step& step) -> Result<void> {
    if (const auto added = surveyor.add(step); !added) return added;
    state.add(step);
    if (const auto same = base && *base ? (*base)->add(step) : Result<void>{}; !same) {
      report.base_error = same.error();
    }
    replay_step(replayer, step, report);
    return {};
  });
  if (!done) report.damage = done.error();
  report.survey = surveyor.survey();
  state.finish(report);
  return report;
}

ExitCode exit_code_of(const Report& report, const Source& source) {
  if (report.damage) {
    return tools::exit_code_of(*report.damage);
  }
  if (report.base_error) {
    return tools::exit_code_of(*report.base_error);
  }
  if (report.replay_error) {
    return tools::exit_code_of(*report.replay_error);
  }
  if (report.state == StateVerdict::kUnreadable) {
    return tools::exit_code_of(*source.state_error);
  }
  if (report.divergence || report.state == StateVerdict::kDiffers) {
    return ExitCode::kDiffers;
  }
  return source.log->torn_tail() ? ExitCode::kTornTail : ExitCode::kClean;
}

std::string_view status_of(ExitCode code) {
  switch (code) {
    case ExitCode::kClean:
      return "clean";
    case ExitCode::kDiffers:
      return "differs";
    case ExitCode::kUsage:
      return "not replayable";
    case ExitCode::kTornTail:
      return "torn";
    case ExitCode::kCorrupt:
      return "corrupt";
    case ExitCode::kIo:
      return "unreadable";
    case ExitCode::kUnknownVersion:
      return "unknown version";
  }
  return "";
}

// Nothing later is in the file and nothing beside it says more: what recovery will cut.
std::string torn_proof(const Source& source) {
  std::string text = "no later frame, no later segment";
  if (source.state) {
    text += " and no state database (it is at entry " +
            std::to_string(source.state->applied.value) + ")";
  }
  return text + " proves that it had been flushed: nothing acknowledged as durable is missing";
}

// ---- JSON

std::string_view word_of(StateVerdict verdict) {
  switch (verdict) {
    case StateVerdict::kAbsent:
      return "absent";
    case StateVerdict::kUnreadable:
      return "unreadable";
    case StateVerdict::kMatches:
      return "matches";
    case StateVerdict::kDiffers:
      return "differs";
  }
  return "";
}

const storage::SegmentInfo* segment_of(const std::vector<storage::SegmentInfo>& segments,
                                       const Error& damage) {
  const storage::SegmentInfo* found = nullptr;
  for (const auto& segment : segments) {
    if (damage.index && segment.base <= *damage.index) {
      found = &segment;
    }
  }
  return found;
}

Json json_of_damage(const Source& source, const Error& damage) {
  const auto segments = source.log->segments();
  const auto* segment = segment_of(segments, damage);
  Json json{{"message", damage.message}};
  json["index"] = damage.index ? Json(damage.index->value) : Json(nullptr);
  json["slot"] = segment != nullptr ? Json(segment->slot) : Json(nullptr);
  json["sequence"] = segment != nullptr ? Json(segment->sequence) : Json(nullptr);
  json["offset"] = damage.offset ? Json(*damage.offset) : Json(nullptr);
  if (source.kind == SourceKind::kExport && segment != nullptr && damage.offset) {
    json["fileOffset"] = source.file_offset_of(segment->sequence) + *damage.offset;
  }
  return json;
}

Json json_of_report(const Source& source, const Report& report) {
  const auto& torn = source.log->torn_tail();
  const auto& head = report.survey.head;
  Json json{{"path", source.path},
            {"status", status_of(exit_code_of(report, source))},
            {"store", to_hex(source.log->store().bytes)},
            {"first", source.log->first().value},
            {"last", head ? Json(head->last.value) : Json(0)},
            {"chain", head ? Json(to_hex(head->chain.bytes)) : Json(nullptr)},
            {"digest", head ? Json(to_hex(head->digest.bytes)) : Json(nullptr)},
            {"entries", report.survey.entries},
            {"batches", report.survey.batches},
            {"segments", source.log->segments().size()},
            {"bytes", source.bytes}};
  json["damage"] = report.damage ? json_of_damage(source, *report.damage) : Json(nullptr);
  json["tornTail"] = torn ? Json{{"after", torn->after.value},    {"slot", torn->slot},
                                 {"offset", torn->offset},        {"bytes", torn->bytes},
                                 {"why", source.log->torn_why()}, {"proof", torn_proof(source)}}
                          : Json(nullptr);
  json["base"] =
      source.base_bytes == 0
          ? Json(nullptr)
          : Json{{"index", report.base ? Json(report.base->value) : Json(nullptr)},
                 {"error", report.base_error ? Json(report.base_error->message) : Json(nullptr)}};
  json["state"] = {{"verdict", word_of(report.state)}, {"message", report.state_words}};
  json["digestsCompared"] = report.digests;
  json["divergence"] = report.divergence
                           ? Json{{"index", report.divergence->index.value},
                                  {"expected", to_hex(report.divergence->expected.bytes)},
                                  {"actual", to_hex(report.divergence->actual.bytes)}}
                           : Json(nullptr);
  json["replayError"] = report.replay_error ? Json(report.replay_error->message) : Json(nullptr);
  return json;
}

// ---- for a person

void print_log(const Source& source, const Report& report, Checklist& list) {
  const Survey& survey = report.survey;
  list.good(counted(survey.entries, "entry", "entries") + " in " +
            counted(survey.batches, "batch", "batches") + " and " +
            counted(source.log->segments().size(), "segment", "segments") +
            ": checksums, hash chain, commit frames, links" +
            (survey.head ? "; through entry " + std::to_string(survey.head->last.value) : ""));
  if (report.damage) {
    list.bad(printable(report.damage->message, 4096));
    return;
  }
  if (report.base_error) {
    list.bad(printable(report.base_error->message, 4096));
  } else if (report.base) {
    list.good("base: the state after entry " + std::to_string(report.base->value) +
              " has its digests, and is of this log");
  }
  if (source.kind == SourceKind::kExport) {
    list.good("whole: the footer seals " + count_text(source.bytes) + " bytes");
  }
  if (source.log->torn_tail()) {
    list.warning("tail " + torn_text(source));
    list.warning(torn_proof(source));
  }
}

void print_state(const Report& report, Checklist& list) {
  switch (report.state) {
    case StateVerdict::kAbsent:
      break;
    case StateVerdict::kUnreadable:
      list.bad("state database: " + printable(report.state_words, 4096));
      break;
    case StateVerdict::kMatches:
      list.good("state database " + report.state_words + ": hash chain and digest are the log's");
      break;
    case StateVerdict::kDiffers:
      list.bad("state database " + report.state_words);
      break;
  }
}

void print_replay(const Report& report, Checklist& list) {
  if (report.replay_error) {
    list.bad("replay: " + printable(report.replay_error->message, 4096));
  } else if (report.divergence) {
    list.bad("replay: " + divergence_text(*report.divergence));
  } else {
    list.good("replayed " + counted(report.digests, "commit", "commits") +
              ": each gives the digest that the log names");
  }
}

struct Options {
  bool deep{};
};

ExitCode verify(const Target& target, const Options& options, Output& output) {
  const Depth depth = options.deep ? Depth::kReplay : Depth::kLog;
  auto source = open_source(target);
  if (!source) {
    return tell(output, source.error());
  }
  const Report report = read(*source, depth, output);
  const ExitCode code = exit_code_of(report, *source);
  if (!output.is_table()) {
    output.document("verify", json_of_report(*source, report));
    return code;
  }
  Checklist list(output);
  print_log(*source, report, list);
  print_state(report, list);
  if (depth == Depth::kReplay) {
    print_replay(report, list);
  }
  output.data() << status_of(code) << '\n';
  return code;
}

}  // namespace

Verb verify_verb() {
  const auto options = std::make_shared<Options>();
  Verb verb{.name = "verify",
            .what = "Checks every byte that counts; tells a torn tail from damage",
            .examples =
                "  tablog verify notes.tablog && echo whole\n"
                "  tablog verify --deep opfs/tablog/notes/g0",
            .options = {{.names = "--deep",
                         .help = "Also replay, and compare the digest of every commit",
                         .into = &options->deep}}};
  carry_out(verb, options, verify);
  return verb;
}

}  // namespace tablog::tools
