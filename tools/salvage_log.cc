#include "tools/salvage_log.h"

#include <algorithm>

#include "log/codec.h"
#include "log/segment_walk.h"
#include "tools/log_writer.h"

namespace tablog::tools {

namespace {

bool is_log(const Span& span) {
  return span.chained && !span.superseded && span.after.digest.has_value();
}

bool follows(const Span& span, const LogPosition& position) {
  return span.before.index == position.index && span.before.chain == position.chain;
}

// Of several that go on from there, the one that goes furthest.
const Span* successor_of(const Scanned& scanned, const LogPosition& position) {
  const Span* best = nullptr;
  for (const Span& span :
       std::ranges::equal_range(scanned.spans, next(position.index), {}, &Span::first)) {
    if (!is_log(span) || !follows(span, position)) continue;
    if (best == nullptr || span.last > best->last) best = &span;
  }
  return best;
}

void extend(const Scanned& scanned, SalvagePlan& plan) {
  for (const Span* span = successor_of(scanned, plan.after); span != nullptr;
       span = successor_of(scanned, plan.after)) {
    plan.spans.push_back(span);
    plan.after = span->after;
  }
}

SegmentWalk walk_of(const SalvageSource& source, const Span& span) {
  return {*source.parts[span.part].source,
          span.salt,
          {span.begin, span.before.index, span.before.chain},
          SegmentWalk::Start::kBetweenBatches,
          span.end};
}

// What the log knows of the state after an entry.
struct Place {
  ChainHash chain{};
  std::optional<Digest> digest{};  // where a batch ends there
};

// At `index`, which the span has, or begins behind.
Result<Place> place_at(const SalvageSource& source, const Span& span, Index index) {
  if (span.before.index == index) return Place{span.before.chain, span.before.digest};
  SegmentWalk walk = walk_of(source, span);
  while (walk.position().index < index) {
    const auto frame = walk.next();
    if (!frame) return fail(frame.error());
  }
  Place place{.chain = walk.position().chain};
  const auto behind = walk.next();
  if (behind && behind->commit) place.digest = behind->commit->digest;
  return place;
}

// A state does not say of which term and time its last entry was. That of the last entry that is
// known up to there, so that neither goes back in what follows.
LogPosition position_of(const SavedState& base, const Scanned& scanned) {
  LogPosition at{.index = base.applied, .chain = base.chain, .digest = base.digest};
  const auto consider = [&](const LogPosition& known) {
    if (known.index > base.applied || known.term < at.term) return;
    at.time_ms = known.term > at.term ? known.time_ms : std::max(at.time_ms, known.time_ms);
    at.term = known.term;
  };
  for (const Span& span : scanned.spans) {
    consider(span.before);
    consider(span.after);
  }
  return at;
}

Result<void> write_span(const SalvageSource& source, const Span& span, LogWriter& writer) {
  SegmentWalk walk = walk_of(source, span);
  while (walk.position().offset < span.end) {
    const auto frame = walk.next();
    if (!frame) return fail(frame.error());
    if (frame->commit) {
      if (auto committed = writer.commit(frame->commit->digest); !committed) return committed;
    } else if (!frame->seal) {
      const auto entry = decode_entry(frame->body);
      if (!entry) return fail(entry.error());
      if (auto added = writer.add(*entry, frame->body); !added) return added;
    }
  }
  return {};
}

}  // namespace

Result<Scanned> scan_all(const SalvageSource& source) {
  KnownPositions known;
  std::vector<std::pair<Index, std::size_t>> order;
  for (std::size_t i = 0; i < source.parts.size(); ++i) {
    const SalvagePart& part = source.parts[i];
    Index first{};
    if (part.header) {
      first = part.header->base();
      known.emplace(part.header->before.index, part.header->before);
    } else {
      const auto found = first_entry_of(part);
      if (!found) return fail(found.error());
      first = found->value_or(kIndexMax);
    }
    order.emplace_back(first, i);
  }
  std::ranges::stable_sort(order, {}, [](const auto& each) { return each.first; });
  Scanned scanned{.parts = std::vector<PartScan>(source.parts.size())};
  for (const auto& [first, number] : order) {
    auto scan = scan_part(source.parts[number], number, known, scanned.spans);
    if (!scan) return fail(scan.error());
    scanned.parts[number] = *std::move(scan);
  }
  std::ranges::stable_sort(scanned.spans, {}, &Span::first);
  return scanned;
}

std::optional<SalvagePlan> plan_from_first(const Scanned& scanned) {
  SalvagePlan plan;
  extend(scanned, plan);
  return plan.spans.empty() ? std::nullopt : std::optional(std::move(plan));
}

Result<SalvagePlan> plan_behind(const SalvageSource& source, const Scanned& scanned,
                                const SavedState& base) {
  std::optional<SalvagePlan> best;
  for (const Span& span : scanned.spans) {
    if (!is_log(span) || span.before.index > base.applied || span.last < base.applied) continue;
    const auto place = place_at(source, span, base.applied);
    if (!place) return fail(place.error());
    if (place->chain != base.chain) continue;  // of another history
    if (place->digest && *place->digest != base.digest) {
      return fail(ErrorCode::kCorrupt, "after entry " + std::to_string(base.applied.value) +
                                           " the log names another digest than it has");
    }
    SalvagePlan plan{.before = span.before, .spans = {&span}, .after = span.after};
    extend(scanned, plan);
    if (!best || plan.after.index > best->after.index) best = std::move(plan);
  }
  if (best) return *std::move(best);
  const LogPosition at = position_of(base, scanned);
  SalvagePlan plan{.before = at, .spans = {}, .after = at};
  extend(scanned, plan);
  return plan;
}

Result<WrittenLog> write_log(const std::string& path, const SalvageSource& source,
                             const SalvagePlan& plan, const SavedState* base) {
  auto writer = LogWriter::create(path, {source.store, source.generation, plan.before});
  if (!writer) return fail(writer.error());
  if (base != nullptr) {
    if (auto added = writer->add_base(base->image); !added) return fail(added.error());
  }
  for (const Span* span : plan.spans) {
    if (auto written = write_span(source, *span, *writer); !written) return fail(written.error());
  }
  const auto header = writer->finish();
  if (!header) return fail(header.error());
  return WrittenLog{.first = header->first,
                    .last = header->last,
                    .entries = header->last.value + 1 - header->first.value,
                    .chain = header->chain,
                    .bytes = header->total_bytes()};
}

}  // namespace tablog::tools
