#include <algorithm>
#include <deque>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "tools/base_check.h"
#include "tools/reading.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

namespace fs = std::filesystem;

// A place from which the state need not be made from the log's beginning.
struct Place {
  std::string kind{};
  Index index{};                         // the state is of this entry
  std::optional<Index> entry{};          // of a checkpoint: where the log says so
  std::optional<std::int64_t> time{};    // of that entry
  std::optional<std::uint64_t> until{};  // bytes of frames from the log's first through `index`
  std::string what{};
};

// How many bytes stand before an entry, near the end of what has been read.
class Ledger {
 public:
  void add(Index last, std::uint64_t bytes) {
    ends_.push_back({last, bytes});
    if (ends_.size() > kEndsMax) ends_.pop_front();
  }
  [[nodiscard]] std::optional<std::uint64_t> until(Index index) const {
    const auto behind = std::ranges::upper_bound(ends_, index, {}, &End::last);
    return behind == ends_.begin() ? std::nullopt : std::optional(std::prev(behind)->bytes);
  }

 private:
  static constexpr std::size_t kEndsMax = 1U << 16U;
  struct End {
    Index last{};
    std::uint64_t bytes{};
  };
  std::deque<End> ends_{{Index{}, 0}};
};

// ---- what stands beside the log

// As web/src/snapshots.ts names them.
std::optional<Index> snapshot_index(const std::string& name) {
  if (name.empty() || name.size() > 16 || name.front() == '0' ||
      name.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return Index{std::stoull(name)};
}

void add_snapshots(const Target& target, std::vector<Place>& places) {
  const auto log = open_log_slots(target);
  if (!log) {
    return;
  }
  std::error_code error;
  fs::directory_iterator at(fs::path(log->directory).parent_path() / "snapshots", error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code ignored;
    const auto index = snapshot_index(at->path().filename().string());
    const auto bytes = fs::file_size(at->path(), ignored);
    if (index && !ignored) {
      places.push_back(
          {.kind = "snapshot", .index = *index, .what = bytes_text(bytes) + ", beside the log"});
    }
  }
}

// The state that a compacted log begins with; it may be of a later entry than the one before the
// first. Zero: it is not there.
Index base_index(const Source& source) {
  if (source.kind == SourceKind::kDirectory) {
    return source.base;
  }
  const auto base = base_state(source);
  return base && *base ? (*base)->applied() : Index{};
}

std::optional<Place> base_of(const Source& source) {
  const Index base = base_index(source);
  if (base > Index{}) {
    return Place{.kind = "base",
                 .index = base,
                 .what = bytes_text(source.base_bytes) + ", that the log begins with"};
  }
  if (source.log->first() == Index{1}) {
    return std::nullopt;
  }
  return Place{.kind = "base",
               .index = Index{source.log->first().value - 1},
               .what = "the log begins behind it, and its state is not there"};
}

// What is known before the log is read, ascending; and the entry from which a recovery goes on.
struct Known {
  std::vector<Place> places{};
  std::optional<Index> flushed{};
};

Known find_known(const Source& source, Output& output) {
  Known known;
  if (auto base = base_of(source)) {
    known.places.push_back(*std::move(base));
  }
  if (source.kind == SourceKind::kDirectory) {
    add_snapshots(source.target, known.places);
  }
  if (source.state) {
    known.places.push_back({.kind = "state",
                            .index = source.state->applied,
                            .what = bytes_text(source.state->bytes) + ", the state database"});
    auto pool = open_pool_slots(source.target);
    const auto flushed = pool ? flushed_through(std::move(pool->slots)) : fail(pool.error());
    if (flushed) {
      known.flushed = *flushed;
      known.places.push_back(
          {.kind = "flushed", .index = *flushed, .what = "the state database without its WAL"});
    } else {
      output.warn("the state database cannot be read without its WAL: " + flushed.error().message);
    }
  }
  std::ranges::stable_sort(known.places, {}, &Place::index);
  return known;
}

// ---- the log

class Gatherer {
 public:
  explicit Gatherer(Known known) : places_(std::move(known.places)), before_(places_.size()) {}

  void add(const Step& step) {
    bytes_ += frame_bytes(step.frame.body.size());
    if (step.entry) {
      if (const auto* mark = std::get_if<CheckpointMark>(&step.entry->body)) {
        places_.push_back(
            {.kind = "checkpoint",
             .index = mark->index,
             .entry = step.entry->index,
             .time = step.entry->time_ms,
             .until = ledger_.until(mark->index),
             .what = "the log says so in entry " + std::to_string(step.entry->index.value)});
      }
      return;
    }
    const Index last = step.frame.commit->last;
    for (; passed_ < before_ && places_[passed_].index <= last; ++passed_) {
      const bool here = places_[passed_].index == last;
      places_[passed_].until = here ? bytes_ : ledger_.until(places_[passed_].index);
    }
    ledger_.add(last, bytes_);
  }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::vector<Place> places() && {
    std::ranges::stable_sort(places_, {}, &Place::index);
    return std::move(places_);
  }

 private:
  std::vector<Place> places_;
  std::size_t before_;  // of `places_`: those known before
  std::size_t passed_{};
  Ledger ledger_;
  std::uint64_t bytes_{};
};

Result<void> read(Source& source, Gatherer& gatherer, Output& output) {
  Reading reading(source, output, "reading");
  return for_each_step(reading, [&](const Step& step) -> Result<void> {
    gatherer.add(step);
    return {};
  });
}

// ---- telling

struct Row {
  Place place{};
  std::optional<std::uint64_t> entries{};  // since the index before; of a replay: to apply
  std::optional<std::uint64_t> bytes{};
};

std::optional<std::uint64_t> between(std::optional<std::uint64_t> from,
                                     std::optional<std::uint64_t> to) {
  return from && to && *from <= *to ? std::optional(*to - *from) : std::nullopt;
}

std::vector<Row> rows_of(const std::vector<Place>& places) {
  std::vector<Row> rows;
  Place before{.until = 0};
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (i > 0 && places[i - 1].index < places[i].index) before = places[i - 1];
    rows.push_back({.place = places[i],
                    .entries = places[i].index.value - before.index.value,
                    .bytes = between(before.until, places[i].until)});
  }
  return rows;
}

// What is to be applied once more if the power fails now. Without a state database the log's word
// counts, and always a base.
Row replay_row(Index last, std::uint64_t bytes, const std::vector<Place>& places,
               std::optional<Index> flushed) {
  Place from{.until = 0};
  for (const Place& place : places) {
    const bool counts = place.kind == "base" || place.kind == (flushed ? "flushed" : "checkpoint");
    if (counts && place.index <= last) from = place;
  }
  return {.place = {.kind = "replay",
                    .index = last,
                    .what = "if the power failed now: what is behind entry " +
                            std::to_string(from.index.value)},
          .entries = last.value - from.index.value,
          .bytes = between(from.until, bytes)};
}

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

void print(const std::vector<Row>& rows, Output& output) {
  using enum Column::Align;
  Table table(output, {{"KIND", 10, kLeft},
                       {"INDEX", 9, kRight},
                       {"TIME", 24, kLeft},
                       {"ENTRIES", 9, kRight},
                       {"BYTES", 11, kRight},
                       {"WHAT", 0, kLeft}});
  if (output.is_table()) {
    table.print_header();
  } else {
    output.begin_rows({.table = "checkpoint",
                       .columns = {"kind", "index", "entry", "time", "entries", "bytes", "what"}});
  }
  for (const auto& [place, entries, bytes] : rows) {
    if (output.is_table()) {
      table.print(
          {place.kind, std::to_string(place.index.value), place.time ? time_text(*place.time) : "",
           entries ? count_text(*entries) : "", bytes ? count_text(*bytes) : "", place.what},
          place.kind == "replay" ? Paint::kBold : Paint::kPlain);
    } else {
      output.row({{"kind", place.kind},
                  {"index", place.index.value},
                  {"entry", place.entry ? Json(place.entry->value) : Json(nullptr)},
                  {"time", or_null(place.time)},
                  {"entries", or_null(entries)},
                  {"bytes", or_null(bytes)},
                  {"what", place.what}});
    }
  }
  if (!output.is_table()) {
    output.end_rows();
  }
}

ExitCode checkpoints(const Target& target, Output& output) {
  auto source = open_source(target);
  if (!source) {
    return tell(output, source.error());
  }
  Known known = find_known(*source, output);
  const std::optional<Index> flushed = known.flushed;
  Gatherer gatherer(std::move(known));
  const auto done = read(*source, gatherer, output);
  const std::uint64_t bytes = gatherer.bytes();
  const std::vector<Place> places = std::move(gatherer).places();
  std::vector<Row> rows = rows_of(places);
  if (done && source->kind == SourceKind::kDirectory) {
    rows.push_back(replay_row(source->log->last(), bytes, places, flushed));
  }
  print(rows, output);
  return done ? tell_tail(output, *source) : tell(output, done.error());
}

}  // namespace

Verb checkpoints_verb() {
  return {.name = "checkpoints",
          .what = "From where the state need not be made anew, and what a power loss would cost",
          .examples =
              "  tablog checkpoints opfs/tablog/notes\n"
              "  tablog checkpoints opfs/tablog/notes -o json | jq '.[-1].entries'",
          .run = checkpoints};
}

}  // namespace tablog::tools
