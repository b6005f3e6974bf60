#include "tools/outline.h"

#include <algorithm>
#include <ranges>

#include "log/codec.h"
#include "tools/reading.h"

namespace tablog::tools {

namespace {

using storage::LogReader;
using storage::SegmentInfo;

constexpr std::size_t kSkimmedMax = 24;  // segments whose frame headers are read: 100 MB
constexpr std::size_t kReadMax = 2;      // segments that are read whole
constexpr int kSampleEntries = 8;        // at a segment's beginning

bool has_entries(const SegmentInfo& segment) {
  return segment.last >= segment.base;
}

// ---- terms: they begin with a batch, and a segment's header tells the term before it

class Terms {
 public:
  Terms(LogReader& log, Outline& outline)
      : log_(log), outline_(outline), segments_(log.segments()) {}

  Result<void> find() {
    std::size_t skimmed = 0;
    std::vector<LogReader::Batch> begins;  // the newest first
    for (std::size_t i = segments_.size(); i > 0; --i) {
      const SegmentInfo& segment = segments_[i - 1];
      if (!has_entries(segment) || !may_have_begin(i - 1)) continue;
      if (skimmed++ == kSkimmedMax) {
        outline_.terms_from = next(segment.last);
        break;
      }
      if (const auto added = skim(segment, begins); !added) return added;
    }
    std::ranges::reverse(begins);
    for (const LogReader::Batch& begin : begins) {
      if (const auto added = add(begin); !added) return added;
    }
    for (std::size_t i = 0; i < outline_.terms.size(); ++i) {
      const bool is_last = i + 1 == outline_.terms.size();
      outline_.terms[i].last = is_last ? log_.last() : Index{outline_.terms[i + 1].first.value - 1};
    }
    return {};
  }

 private:
  // Of the last segment nobody says the term at its end.
  [[nodiscard]] bool may_have_begin(std::size_t i) const {
    return i + 1 == segments_.size() || segments_[i + 1].term != segments_[i].term;
  }

  // The batches with which a term begins, the newest first.
  Result<void> skim(const SegmentInfo& segment, std::vector<LogReader::Batch>& begins) {
    const auto batches = log_.outline(segment.sequence);
    if (!batches) return fail(batches.error());
    if (!outline_.head && !batches->empty()) outline_.head = batches->back().commit;
    std::vector<LogReader::Batch> found;
    Term term = segment.term;
    for (const LogReader::Batch& batch : *batches) {
      if (batch.commit.term > term) found.push_back(batch);
      term = batch.commit.term;
    }
    begins.insert(begins.end(), found.rbegin(), found.rend());
    return {};
  }

  Result<void> add(const LogReader::Batch& begin) {
    TermSpan span{
        .term = begin.commit.term, .first = begin.commit.first, .time_ms = begin.commit.time_ms};
    const auto body = log_.first_entry(begin);
    if (!body && body.error().code != ErrorCode::kCorrupt) return fail(body.error());
    const auto entry = body ? decode_entry(*body) : fail(body.error());
    if (entry) {
      span.time_ms = entry->time_ms;
      if (const auto* start = std::get_if<TermStart>(&entry->body)) span.leader = start->leader;
    }
    outline_.terms.push_back(span);
    return {};
  }

  LogReader& log_;
  Outline& outline_;
  std::vector<SegmentInfo> segments_;
};

// ---- schemas: events name the version that they were written for

class Schemas {
 public:
  Schemas(LogReader& log, Outline& outline) : log_(log), outline_(outline) {}

  void find() {
    const auto segments = log_.segments();
    std::vector<std::uint32_t> versions;  // at the segments' beginnings
    versions.reserve(segments.size());
    for (const SegmentInfo& segment : segments) versions.push_back(sample(segment));
    std::vector<SchemaSpan> later;  // the newest first
    std::size_t read = 0;
    for (std::size_t i = segments.size(); i-- > 0;) {
      const bool is_last = i + 1 == segments.size();
      if (is_last || versions[i + 1] > versions[i]) {
        if (read++ < kReadMax) {
          read_segment(segments[i], later);
        } else {
          later.push_back({.version = versions[i + 1]});
        }
      }
    }
    for (const SchemaSpan& span : later | std::views::reverse) {
      const bool known = std::ranges::any_of(outline_.schemas, [&](const SchemaSpan& other) {
        return other.version == span.version &&
               (span.index == Index{} || other.index == span.index);
      });
      if (!known) outline_.schemas.push_back(span);
    }
  }

 private:
  void add(const Entry& entry, std::vector<SchemaSpan>& to) {
    if (const auto* schema = std::get_if<Schema>(&entry.body)) {
      to.push_back({entry.index, schema->version, schema->engine});
    }
  }

  // The highest version that the first few entries name; it never falls from segment to segment.
  std::uint32_t sample(const SegmentInfo& segment) {
    if (!has_entries(segment) || !log_.seek(segment.base)) return highest_;
    for (int i = 0; i < kSampleEntries; ++i) {
      const auto step = next_step(log_);
      if (!step || !*step) break;  // verify tells of damage
      if (!(*step)->entry) continue;
      highest_ = std::max(highest_, (*step)->entry->schema_version);
      add(*(*step)->entry, outline_.schemas);
    }
    return highest_;
  }

  void read_segment(const SegmentInfo& segment, std::vector<SchemaSpan>& later) {
    if (!has_entries(segment) || !log_.seek(segment.base)) return;
    outline_.checkpoint_from = segment.base;
    std::vector<SchemaSpan> found;
    Index checkpoint;
    while (true) {
      const auto step = next_step(log_);
      if (!step) outline_.damage = step.error();
      if (!step || !*step || (*step)->frame.sequence != segment.sequence) break;
      const auto& entry = (*step)->entry;
      if (!entry) continue;
      add(*entry, found);
      if (const auto* mark = std::get_if<CheckpointMark>(&entry->body)) checkpoint = mark->index;
    }
    outline_.checkpoint = std::max(outline_.checkpoint, checkpoint);
    later.insert(later.end(), found.rbegin(), found.rend());
  }

  LogReader& log_;
  Outline& outline_;
  std::uint32_t highest_{};
};

}  // namespace

Result<Outline> outline_of(Source& source) {
  LogReader& log = *source.log;
  Outline outline{.terms_from = log.first()};
  if (const auto found = Terms(log, outline).find(); !found) return fail(found.error());
  Schemas(log, outline).find();
  if (const auto rewound = log.seek(log.first()); !rewound) return fail(rewound.error());
  return outline;
}

}  // namespace tablog::tools
