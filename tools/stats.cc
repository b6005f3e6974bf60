#include <algorithm>

#include <nlohmann/json.hpp>

#include "tools/reading.h"
#include "tools/tally.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

constexpr std::size_t kBarMax = 40;    // characters
constexpr std::size_t kSpansMax = 24;  // lines of the histogram through time
constexpr std::size_t kLinesMax = 12;  // of names, in the table

struct Options {
  std::string by{};
};

struct Named {
  std::string name{};
  Share share{};
};

// The largest first.
template <class Map>
std::vector<Named> ranked(const Map& map) {
  std::vector<Named> all;
  all.reserve(map.size());
  for (const auto& [name, share] : map) all.push_back({name, share});
  std::ranges::sort(all, [](const Named& a, const Named& b) {
    return a.share.entries != b.share.entries ? a.share.entries > b.share.entries : a.name < b.name;
  });
  return all;
}

std::vector<Named> terms_of(const Tally& tally) {
  std::vector<Named> all;
  for (const auto& [term, share] : tally.terms) {
    const bool joined = all.empty() && tally.terms_joined();
    all.push_back({(joined ? "up to " : "") + term_text(Term{term}), share});
  }
  return all;
}

// Of power-of-two buckets: the first and the last one that counts.
std::pair<std::size_t, std::size_t> range_of(const Magnitudes& sizes) {
  const auto counts = [](std::uint64_t count) { return count > 0; };
  const auto first = std::ranges::find_if(sizes.buckets, counts);
  if (first == sizes.buckets.end()) return {1, 0};
  const auto last = std::find_if(sizes.buckets.rbegin(), sizes.buckets.rend(), counts);
  return {static_cast<std::size_t>(first - sizes.buckets.begin()),
          static_cast<std::size_t>(sizes.buckets.rend() - last) - 1};
}

std::uint64_t smallest_of(std::size_t bucket) {
  return bucket == 0 ? 0 : std::uint64_t{1} << (bucket - 1);
}
std::uint64_t largest_of(std::size_t bucket) {
  return bucket == 0 ? 0 : smallest_of(bucket) * 2 - 1;
}

// ---- for a program

Json json_of(const Magnitudes& sizes) {
  Json buckets = Json::array();
  const auto [first, last] = range_of(sizes);
  for (std::size_t i = first; i <= last; ++i) {
    buckets.push_back(
        {{"from", smallest_of(i)}, {"to", largest_of(i)}, {"count", sizes.buckets.at(i)}});
  }
  return {{"count", sizes.count},
          {"sum", sizes.sum},
          {"max", sizes.max},
          {"buckets", std::move(buckets)}};
}

Json json_of(const std::string& key, const Named& named) {
  return {{key, named.name},
          {"entries", named.share.entries},
          {"bytes", named.share.bytes},
          {"first", named.share.first.value},
          {"last", named.share.last.value}};
}

Json json_of(const std::string& key, const std::vector<Named>& all) {
  Json rows = Json::array();
  for (const Named& named : all) rows.push_back(json_of(key, named));
  return rows;
}

Json json_of(const Timeline& timeline) {
  Json rows = Json::array();
  for (const auto& [begin, entries] : timeline.spans(kSpansMax)) {
    rows.push_back({{"time", begin}, {"entries", entries}});
  }
  return rows;
}

Json json_of(const Source& source, const Tally& tally) {
  return {{"path", source.path},
          {"entries", tally.entries},
          {"batches", tally.batches},
          {"segments", source.log->segments().size()},
          {"bytes", source.bytes},
          {"entryBytes", json_of(tally.body_bytes)},
          {"batchEntries", json_of(tally.batch_entries)},
          {"kinds", json_of("kind", ranked(tally.kinds))},
          {"types", json_of("type", ranked(tally.types))},
          {"terms", json_of("term", terms_of(tally))},
          {"clients", json_of("client", ranked(tally.clients))},
          {"spanMs", tally.timeline.length_ms(kSpansMax)},
          {"times", json_of(tally.timeline)}};
}

// ---- for a person

std::string padding(std::size_t width) {
  return std::string(width, ' ');
}

class Bars {
 public:
  Bars(Output& output, std::string title) : output_(output), title_(std::move(title)) {}

  void add(std::string label, std::uint64_t count, std::string more = {}) {
    rows_.push_back({std::move(label), count, std::move(more)});
  }

  void print() const {
    std::uint64_t most = 1;
    std::size_t label_width = 0;
    std::size_t count_width = 0;
    for (const Row& row : rows_) {
      most = std::max(most, row.count);
      label_width = std::max(label_width, width_of(row.label));
      count_width = std::max(count_width, count_text(row.count).size());
    }
    output_.data() << output_.paint(Paint::kBold, title_) << '\n';
    for (const Row& row : rows_) {
      const std::string count = count_text(row.count);
      const auto length = static_cast<std::size_t>(static_cast<double>(row.count) /
                                                   static_cast<double>(most) * kBarMax);
      std::string line = "  " + row.label + padding(label_width - width_of(row.label) + 2) +
                         padding(count_width - count.size()) + count;
      if (length > 0) line += "  " + output_.paint(Paint::kGood, std::string(length, '#'));
      if (!row.more.empty()) {
        line +=
            padding(kBarMax - length + (length > 0 ? 2 : 4)) + output_.paint(Paint::kDim, row.more);
      }
      output_.data() << line << '\n';
    }
  }

 private:
  struct Row {
    std::string label;
    std::uint64_t count;
    std::string more;
  };
  Output& output_;
  std::string title_;
  std::vector<Row> rows_;
};

void print_names(Output& output, const std::string& title, const std::vector<Named>& all,
                 std::size_t lines_max) {
  if (all.empty()) return;
  Bars bars(output, title);
  for (std::size_t i = 0; i < std::min(all.size(), lines_max); ++i) {
    bars.add(printable(all[i].name, 60), all[i].share.entries, bytes_text(all[i].share.bytes));
  }
  bars.print();
  if (all.size() > lines_max) {
    output.data() << "  … " << counted(all.size() - lines_max, "more", "more") << '\n';
  }
}

void print_sizes(Output& output, const std::string& title, const Magnitudes& sizes) {
  if (sizes.count == 0) return;
  Bars bars(output, title + ", mean " + count_text(sizes.sum / sizes.count) + ", largest " +
                        count_text(sizes.max));
  const auto [first, last] = range_of(sizes);
  for (std::size_t i = first; i <= last; ++i) {
    const std::string from = count_text(smallest_of(i));
    bars.add(smallest_of(i) == largest_of(i) ? from : from + " to " + count_text(largest_of(i)),
             sizes.buckets.at(i));
  }
  bars.print();
}

void print_times(Output& output, const Timeline& timeline) {
  const auto spans = timeline.spans(kSpansMax);
  if (spans.empty()) return;
  Bars bars(output, "time, in spans of " + duration_text(timeline.length_ms(kSpansMax)));
  for (const auto& [begin, entries] : spans)
    bars.add(time_text(begin).substr(0, 16) + "Z", entries);
  bars.print();
}

void print_all(const Source& source, const Tally& tally, const std::string& by, Output& output) {
  const auto wanted = [&by](const char* name) { return by.empty() || by == name; };
  const std::size_t lines = by.empty() ? kLinesMax : SIZE_MAX;
  if (by.empty()) {
    Facts facts;
    facts.add("entries", count_text(tally.entries) + " in " +
                             counted(tally.batches, "batch", "batches") + " and " +
                             counted(source.log->segments().size(), "segment", "segments"));
    facts.add("size",
              bytes_text(source.bytes) + ", of which entries " + bytes_text(tally.body_bytes.sum));
    facts.print(output);
  }
  if (wanted("kind")) print_names(output, "kinds", ranked(tally.kinds), lines);
  if (wanted("type")) print_names(output, "event types", ranked(tally.types), lines);
  if (wanted("client")) print_names(output, "clients", ranked(tally.clients), lines);
  if (wanted("term")) print_names(output, "terms", terms_of(tally), lines);
  if (wanted("time")) print_times(output, tally.timeline);
  if (wanted("size")) print_sizes(output, "entries' bytes", tally.body_bytes);
  if (wanted("batch")) print_sizes(output, "batches' entries", tally.batch_entries);
}

// ---- one table, for a program

void tell_rows(const Tally& tally, const std::string& by, Output& output) {
  Json rows;
  std::vector<std::string> columns{by, "entries", "bytes", "first", "last"};
  if (by == "kind") rows = json_of(by, ranked(tally.kinds));
  if (by == "type") rows = json_of(by, ranked(tally.types));
  if (by == "client") rows = json_of(by, ranked(tally.clients));
  if (by == "term") rows = json_of(by, terms_of(tally));
  if (by == "time") {
    rows = json_of(tally.timeline);
    columns = {"time", "entries"};
  }
  if (by == "size" || by == "batch") {
    rows = json_of(by == "size" ? tally.body_bytes : tally.batch_entries)["buckets"];
    columns = {"from", "to", "count"};
  }
  output.begin_rows({.table = by, .columns = columns});
  for (const Json& row : rows) output.row(row);
  output.end_rows();
}

ExitCode stats(const Target& target, const Options& options, Output& output) {
  auto source = open_source(target);
  if (!source) return tell(output, source.error());
  Tally tally;
  Reading reading(*source, output, "counting");
  const auto read = for_each_step(reading, [&](const Step& step) -> Result<void> {
    tally.add(step);
    return {};
  });
  if (output.is_table()) {  // of damage too: what stands before it counts
    print_all(*source, tally, options.by, output);
  } else if (options.by.empty()) {
    output.document("stats", json_of(*source, tally));
  } else {
    tell_rows(tally, options.by, output);
  }
  return read ? tell_tail(output, *source) : tell(output, read.error());
}

}  // namespace

Verb stats_verb() {
  const auto options = std::make_shared<Options>();
  Verb verb{
      .name = "stats",
      .what = "How many entries, of what, when and how large",
      .examples =
          "  tablog stats notes.tablog\n"
          "  tablog stats notes.tablog --by type -o ndjson",
      .options = {{.names = "--by",
                   .value = "WHAT",
                   .help = "Only by kind, type, client, term, time, size or batch; all of them",
                   .into = &options->by,
                   .choices = {"kind", "type", "client", "term", "time", "size", "batch"}}}};
  carry_out(verb, options, stats);
  return verb;
}

}  // namespace tablog::tools
