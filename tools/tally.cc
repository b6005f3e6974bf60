#include "tools/tally.h"

#include <algorithm>
#include <bit>

#include "tools/describe.h"

namespace tablog::tools {

namespace {

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
// Each a multiple of the one before, so that spans can be joined.
constexpr std::array<std::int64_t, 13> kLengths{kSecond,
                                                10 * kSecond,
                                                kMinute,
                                                10 * kMinute,
                                                30 * kMinute,
                                                kHour,
                                                6 * kHour,
                                                kDay,
                                                7 * kDay,
                                                28 * kDay,
                                                364 * kDay,
                                                3640 * kDay,
                                                INT64_MAX / 3640 / kDay * 3640 * kDay};

std::int64_t floor_div(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

void count(Share& share, const Step& step) {
  const Index index = step.entry->index;
  if (share.entries++ == 0) share.first = index;
  share.last = index;
  share.bytes += step.frame.body.size();
}

// Of a map that an app's names must not fill memory with.
template <class Map>
Share& bounded(Map& map, const std::string& name) {
  if (const auto known = map.find(name); known != map.end()) return known->second;
  return map.size() < Tally::kNamesMax ? map[name] : map[std::string(Tally::kOthers)];
}

}  // namespace

void Magnitudes::add(std::uint64_t number) {
  ++buckets.at(std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(number)), 63));
  ++count;
  sum += number;
  max = std::max(max, number);
}

void Timeline::add(std::int64_t time_ms) {
  const std::int64_t number = floor_div(time_ms, kLengths.at(length_));
  if (last_ == nullptr || number != last_number_) {
    last_ = &counts_[number];
    last_number_ = number;
  }
  ++*last_;
  if (counts_.size() <= kSpansMax) return;
  const std::int64_t times = kLengths.at(length_ + 1) / kLengths.at(length_);
  std::map<std::int64_t, std::uint64_t> joined;
  for (const auto& [old, entries] : counts_) joined[floor_div(old, times)] += entries;
  counts_ = std::move(joined);
  ++length_;
  last_ = nullptr;
}

std::size_t Timeline::longer(std::size_t length, std::size_t spans_max) const {
  if (counts_.empty()) return length;
  const std::int64_t base = kLengths.at(length_);
  for (; length + 1 < kLengths.size(); ++length) {
    const std::int64_t times = kLengths.at(length) / base;
    const auto spans =
        floor_div(counts_.rbegin()->first, times) - floor_div(counts_.begin()->first, times) + 1;
    if (spans <= static_cast<std::int64_t>(spans_max)) break;
  }
  return length;
}

std::int64_t Timeline::length_ms(std::size_t spans_max) const {
  return kLengths.at(longer(length_, spans_max));
}

std::vector<Timeline::Span> Timeline::spans(std::size_t spans_max) const {
  std::vector<Span> all;
  if (counts_.empty()) return all;
  const std::int64_t length = length_ms(spans_max);
  const std::int64_t times = length / kLengths.at(length_);
  const std::int64_t begin = floor_div(counts_.begin()->first, times);
  const std::int64_t end = floor_div(counts_.rbegin()->first, times);
  for (std::int64_t number = begin; number <= end; ++number) all.push_back({number * length, 0});
  for (const auto& [number, entries] : counts_) {
    all.at(static_cast<std::size_t>(floor_div(number, times) - begin)).entries += entries;
  }
  return all;
}

void Tally::join_oldest_terms() {
  Share joined = terms.begin()->second;
  terms.erase(terms.begin());
  auto& [term, share] = *terms.begin();
  share.entries += joined.entries;
  share.bytes += joined.bytes;
  share.first = joined.first;
  terms_joined_ = true;
}

void Tally::add(const Step& step) {
  if (!step.entry) {
    ++batches;
    batch_entries.add(step.frame.commit->last.value + 1 - step.frame.commit->first.value);
    return;
  }
  const Entry& entry = *step.entry;
  ++entries;
  count(kinds[std::string(kind_of(entry))], step);
  count(terms[entry.term.value], step);
  if (terms.size() > kNamesMax) join_oldest_terms();
  if (const auto* event = std::get_if<Event>(&entry.body)) count(bounded(types, event->type), step);
  if (entry.request) count(bounded(clients, to_hex(entry.request->client.bytes)), step);
  body_bytes.add(step.frame.body.size());
  timeline.add(entry.time_ms);
}

}  // namespace tablog::tools
