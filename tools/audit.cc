#include <algorithm>

#include <nlohmann/json.hpp>

#include "tools/checklist.h"
#include "tools/describe.h"
#include "tools/effect.h"
#include "tools/replayer.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

constexpr std::size_t kSuspectsMax = 100;  // entries of a batch
constexpr std::size_t kSuspectsShown = 12;
constexpr std::size_t kSqlMax = 400;  // characters

struct Suspect {
  Entry entry{};
  std::string sql{};
};

// One entry after which the two executions had different rows.
struct OrderDependence {
  Suspect suspect{};
  std::vector<std::string> tables{};
};

struct Findings {
  std::uint64_t entries{};
  std::uint64_t compared{};
  std::optional<Divergence> divergence{};
  std::vector<Suspect> suspects{};  // the entries of its batch that run SQL
  std::optional<OrderDependence> order{};
  bool order_explains{};  // with rows the other way round the digest is the one that the log names
  std::optional<Error> failure{};  // an entry cannot be executed
  std::optional<Error> damage{};
};

// ---- executing twice

class Auditor {
 public:
  Auditor(Replayer as_ever, Replayer reversed)
      : as_ever_(std::move(as_ever)), reversed_(std::move(reversed)) {}

  // False: what comes behind would only repeat what was found.
  bool add(const Step& step) {
    if (step.entry) {
      ++findings_.entries;
      if (is_app_entry(*step.entry) && suspects_.size() < kSuspectsMax) {
        suspects_.push_back({*step.entry, sql_run_by(*step.entry, as_ever_.state().schema())});
      }
    }
    if (const auto added = as_ever_.add(step); !added) {
      findings_.failure = added.error();
      return false;
    }
    if (reversed_) add_reversed(step);
    return step.entry || commit(*step.frame.commit);
  }

  [[nodiscard]] Findings& findings() { return findings_; }

 private:
  bool commit(const Commit& commit) {
    findings_.compared = as_ever_.compared();
    findings_.divergence = as_ever_.divergence();
    if (findings_.divergence) {
      findings_.order_explains = reversed_ && reversed_->state().digest() == commit.digest;
      findings_.suspects = std::move(suspects_);
      return false;
    }
    if (findings_.order) reversed_.reset();
    suspects_.clear();
    return true;
  }

  void add_reversed(const Step& step) {
    const auto added = reversed_->add(step);
    const bool same = added && as_ever_.state().digest() == reversed_->state().digest();
    if (!same && !findings_.order) {
      OrderDependence found{.tables = differing_tables()};
      if (!suspects_.empty()) found.suspect = suspects_.back();
      findings_.order = std::move(found);
    }
    if (!added) reversed_.reset();
  }

  std::vector<std::string> differing_tables() {
    std::vector<std::string> names;
    const auto one = as_ever_.state().running_table_digests();
    const auto other = reversed_->state().running_table_digests();
    if (!one || !other) return names;
    for (const auto& each : *one) {
      if (std::ranges::find(*other, each) == other->end()) names.push_back(each.first);
    }
    return names;
  }

  Replayer as_ever_;
  std::optional<Replayer> reversed_;
  std::vector<Suspect> suspects_;  // of the batch that is being executed
  Findings findings_;
};

Result<Findings> audit_log(Source& source, Output& output) {
  auto as_ever = Replayer::begin(source);
  auto reversed = as_ever ? Replayer::begin(source, Replayer::Rows::kReversed)
                          : Result<Replayer>(fail(as_ever.error()));
  if (!reversed) return fail(reversed.error());
  Auditor auditor(*std::move(as_ever), *std::move(reversed));
  Reading reading(source, output, "executing");
  while (true) {
    const auto step = reading.next();
    if (!step) auditor.findings().damage = step.error();
    if (!step || !*step || !auditor.add(**step)) break;
  }
  return std::move(auditor.findings());
}

ExitCode exit_code_of(const Findings& findings, const Source& source) {
  if (findings.damage) return tools::exit_code_of(*findings.damage);
  if (findings.failure) return tools::exit_code_of(*findings.failure);
  if (findings.divergence || findings.order) return ExitCode::kDiffers;
  return source.log->torn_tail() ? ExitCode::kTornTail : ExitCode::kClean;
}

// ---- telling

Json json_of(const Suspect& suspect) {
  Json json = tools::json_of(suspect.entry);
  json["ran"] = suspect.sql;
  return json;
}

Json json_of(const Findings& findings, const Source& source) {
  Json json{{"path", source.path},
            {"entries", findings.entries},
            {"digestsCompared", findings.compared},
            {"divergence", nullptr},
            {"orderDependent", nullptr},
            {"failure", findings.failure ? Json(findings.failure->message) : Json(nullptr)},
            {"damage", findings.damage ? Json(findings.damage->message) : Json(nullptr)}};
  if (const auto& divergence = findings.divergence) {
    Json suspects = Json::array();
    for (const Suspect& suspect : findings.suspects) suspects.push_back(json_of(suspect));
    json["divergence"] = {{"index", divergence->index.value},
                          {"expected", to_hex(divergence->expected.bytes)},
                          {"actual", to_hex(divergence->actual.bytes)},
                          {"orderExplains", findings.order_explains},
                          {"suspects", std::move(suspects)}};
  }
  if (findings.order) {
    json["orderDependent"] = {{"entry", json_of(findings.order->suspect)},
                              {"tables", findings.order->tables}};
  }
  return json;
}

std::string suspect_text(const Suspect& suspect) {
  return "entry " + std::to_string(suspect.entry.index.value) + ": " + summary_of(suspect.entry);
}

void print_suspect(const Suspect& suspect, Checklist& list) {
  list.more(suspect_text(suspect));
  if (std::holds_alternative<Event>(suspect.entry.body)) {
    list.more("  ran " + printable(suspect.sql, kSqlMax));
  }
}

void print_divergence(const Findings& findings, Checklist& list) {
  list.bad(divergence_text(*findings.divergence));
  const auto& suspects = findings.suspects;
  if (suspects.empty()) return;
  list.more(suspects.size() == 1
                ? "this entry did something else when it was appended, or its digest is wrong"
                : "one of these did something else when it was appended, or the digest is wrong");
  for (std::size_t i = 0; i < std::min(suspects.size(), kSuspectsShown); ++i) {
    print_suspect(suspects[i], list);
  }
  if (suspects.size() > kSuspectsShown) {
    list.more("and " + counted(suspects.size() - kSuspectsShown, "more", "more"));
  }
}

void print_order(const OrderDependence& order, bool explains, Checklist& list) {
  std::string tables;
  for (const std::string& name : order.tables) {
    tables += (tables.empty() ? "" : ", ") + printable(name, 64);
  }
  list.bad("the state depends on the order of rows that no ORDER BY says" +
           (tables.empty() ? "" : ", in " + tables));
  print_suspect(order.suspect, list);
  if (explains)
    list.more("in that order the digest is the one that the log names: that is the cause");
}

void print(const Findings& findings, Output& output) {
  Checklist list(output);
  if (findings.divergence) {
    print_divergence(findings, list);
  } else {
    list.good("executed " + counted(findings.entries, "entry", "entries") +
              " again: the digests of " + counted(findings.compared, "commit", "commits") +
              " are those that the log names");
  }
  if (findings.order) {
    print_order(*findings.order, findings.order_explains, list);
  } else if (!findings.failure && !findings.divergence) {
    list.good("and once more with unordered rows the other way round: the same state");
  }
  if (findings.failure) list.bad(printable(findings.failure->message, 4096));
  if (findings.damage) list.bad(printable(findings.damage->message, 4096));
}

ExitCode audit(const Target& target, Output& output) {
  auto source = open_source(target);
  if (!source) return tell(output, source.error());
  const auto findings = audit_log(*source, output);
  if (!findings) return tell(output, findings.error());
  if (output.is_table()) {
    print(*findings, output);
  } else {
    output.document("audit", json_of(*findings, *source));
  }
  std::ignore = tell_tail(output, *source);
  return exit_code_of(*findings, *source);
}

}  // namespace

Verb audit_verb() {
  return {.name = "audit",
          .what = "Executes the log again and names the first entry that is not deterministic",
          .examples =
              "  tablog audit notes.tablog\n"
              "  tablog audit notes.tablog -o json | jq .divergence.suspects",
          .run = audit};
}

}  // namespace tablog::tools
