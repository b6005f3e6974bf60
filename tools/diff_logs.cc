#include "tools/diff_logs.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "tools/describe.h"
#include "tools/reading.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

// The entries of a log with the chain through each.
class Side {
 public:
  Side(Source& source, Output& output, std::string what)
      : reading_(source, output, std::move(what)) {}

  // Goes to the next entry; false: there is none.
  Result<bool> advance() {
    while (true) {
      auto step = reading_.next();
      if (!step) return fail(step.error());
      if (!*step) {
        at_.reset();
        return false;
      }
      if (!(*step)->entry) continue;
      at_ = **std::move(step);
      return true;
    }
  }
  [[nodiscard]] const std::optional<Step>& at() const { return at_; }

 private:
  Reading reading_;
  std::optional<Step> at_;
};

struct Parting {
  std::optional<Step> a{};  // the first entry that the other does not have
  std::optional<Step> b{};
  std::optional<ChainHash> chain{};  // through the last common entry; none: nothing in common
  Index common{};
  Index index{};  // where they part; zero: nowhere
};

Result<Parting> compare(Source& a, Source& b, Output& output) {
  const Index from = std::max(a.log->first(), b.log->first());
  for (Source* each : {&a, &b}) {
    if (each->log->last() < from && each->log->last() >= each->log->first()) {
      return fail(ErrorCode::kInvalidArgument,
                  "the logs have no index in common: " + range_text(a.log->first(), a.log->last()) +
                      " and " + range_text(b.log->first(), b.log->last()));
    }
    if (const auto sought = each->log->seek(from); !sought) return fail(sought.error());
  }
  Side left(a, output, "comparing");
  Side right(b, output, "comparing");
  Parting parting;
  while (true) {
    const auto has_left = left.advance();
    if (!has_left) return fail(has_left.error());
    const auto has_right = right.advance();
    if (!has_right) return fail(has_right.error());
    const bool both = *has_left && *has_right;
    if (!both || left.at()->frame.chain != right.at()->frame.chain) {
      parting.a = left.at();
      parting.b = right.at();
      if (*has_left || *has_right) {
        parting.index = (*has_left ? left : right).at()->entry->index;
      }
      return parting;
    }
    parting.common = left.at()->entry->index;
    parting.chain = left.at()->frame.chain;
  }
}

Json json_of_side(const std::optional<Step>& step) {
  if (!step) return nullptr;
  Json json = json_of(*step->entry);
  json["chain"] = to_hex(step->frame.chain.bytes);
  return json;
}

void print_side(Output& output, std::string_view mark, const std::string& path,
                const std::optional<Step>& step) {
  output.data() << mark << ' ' << printable(path, 4096) << ": ";
  if (!step) {
    output.data() << "ends there\n";
    return;
  }
  const Entry& entry = *step->entry;
  output.data() << "entry " << entry.index.value << ", term " << term_text(entry.term) << ", "
                << time_text(entry.time_ms) << ", "
                << (entry.request ? short_id(entry.request->client) + " " : "") << kind_of(entry)
                << ' ' << summary_of(entry) << '\n';
}

}  // namespace

ExitCode diff_logs(Source& a, Source& b, Output& output) {
  const auto parting = compare(a, b, output);
  if (!parting) return tell(output, parting.error());
  const bool same = parting->index == Index{};
  if (!output.is_table()) {
    output.document(
        "diff", {{"a", a.path},
                 {"b", b.path},
                 {"same", same},
                 {"common", parting->common.value},
                 {"chain", parting->chain ? Json(to_hex(parting->chain->bytes)) : Json(nullptr)},
                 {"index", same ? Json(nullptr) : Json(parting->index.value)},
                 {"entryA", json_of_side(parting->a)},
                 {"entryB", json_of_side(parting->b)}});
  } else if (same) {
    output.data() << "the same entries through " << parting->common.value << '\n';
  } else {
    output.data() << "they part at entry " << parting->index.value << '\n';
    print_side(output, "-", a.path, parting->a);
    print_side(output, "+", b.path, parting->b);
  }
  const ExitCode tail = std::max(tell_tail(output, a), tell_tail(output, b));
  return same ? tail : ExitCode::kDiffers;
}

}  // namespace tablog::tools
