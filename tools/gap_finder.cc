#include "tools/gap_finder.h"

#include <algorithm>
#include <utility>

#include "tools/text.h"

namespace tablog::tools {

namespace {

// Times are what the log says, and may be anything.
std::int64_t difference(std::int64_t later, std::int64_t earlier) {
  std::int64_t ms = 0;
  return __builtin_sub_overflow(later, earlier, &ms) ? INT64_MAX : ms;
}

std::string numbers_text(RequestNumber first, RequestNumber last) {
  return (first == last ? "request " : "requests ") +
         range_text(Index{first.value}, Index{last.value});
}

}  // namespace

std::vector<Gap> GapFinder::add(const Entry& entry) {
  std::vector<Gap> found;
  add_time(entry, found);
  add_clock(entry, found);
  add_request(entry, found);
  before_ = {entry.index, entry.term, entry.time_ms};
  return found;
}

std::vector<Gap> GapFinder::finish() {
  std::vector<Gap> found;
  if (clock_) found.push_back(*std::exchange(clock_, std::nullopt));
  return found;
}

void GapFinder::add_time(const Entry& entry, std::vector<Gap>& found) {
  if (!before_) {
    return;
  }
  const std::int64_t ms = difference(entry.time_ms, before_->time_ms);
  Gap gap{.from = before_->index, .to = entry.index, .ms = ms};
  if (entry.term != before_->term) {
    const auto* start = std::get_if<TermStart>(&entry.body);
    gap.kind = "handover";
    gap.what = elapsed_text(ms) + " from term " + term_text(before_->term) + " to term " +
               term_text(entry.term) +
               (start != nullptr ? ", led by " + short_id(start->leader) : "");
    found.push_back(std::move(gap));
  } else if (ms >= pause_ms_) {
    gap.kind = "pause";
    gap.what = elapsed_text(ms) + " without an entry";
    found.push_back(std::move(gap));
  }
}

// Leader time never goes back: it stands still until a wall clock that was put back has caught up.
void GapFinder::add_clock(const Entry& entry, std::vector<Gap>& found) {
  const std::int64_t ahead = difference(entry.time_ms, entry.wall_ms);
  if (ahead < kClockMs && ahead > -kClockMs) {
    if (clock_) found.push_back(*std::exchange(clock_, std::nullopt));
    return;
  }
  if (!clock_) {
    clock_ = Gap{.kind = "clock", .from = entry.index, .ms = 0};
  }
  clock_->to = entry.index;
  if (clock_->what.empty() || std::abs(ahead) > std::abs(*clock_->ms)) {
    clock_->ms = ahead;
    clock_->what =
        "the wall clock is " + elapsed_text(std::abs(ahead)) +
        (ahead > 0 ? " behind the leader's time: it was put back" : " ahead of the leader's time");
  }
}

void GapFinder::add_request(const Entry& entry, std::vector<Gap>& found) {
  if (const auto* close = std::get_if<SessionClose>(&entry.body)) {
    sessions_.erase(close->client);
  }
  if (!entry.request) {
    return;
  }
  const RequestStamp& stamp = *entry.request;
  auto session = sessions_.find(stamp.client);
  if (session == sessions_.end()) {
    if (sessions_.size() == kSessionsMax) {
      ++unfollowed_;
      return;
    }
    const RequestNumber before = whole_ ? RequestNumber{} : RequestNumber{stamp.number.value - 1};
    session = sessions_.emplace(stamp.client, Seen{.number = before}).first;
  }
  Seen& seen = session->second;
  if (stamp.number > next(seen.number)) {
    const RequestNumber first = next(seen.number);
    const RequestNumber last{stamp.number.value - 1};
    found.push_back({.kind = "request",
                     .from = seen.index > Index{} ? std::optional(seen.index) : std::nullopt,
                     .to = entry.index,
                     .client = stamp.client,
                     .first_number = first,
                     .last_number = last,
                     .what = numbers_text(first, last) + (first == last ? " has" : " have") +
                             " no entry: rejected, lost" +
                             (seen.index > Index{} ? " on the way" : ", or of an earlier store")});
  }
  seen = {std::max(seen.number, stamp.number), entry.index};
}

std::string elapsed_text(std::int64_t ms) {
  constexpr std::int64_t kSecond = 1000;
  constexpr std::int64_t kMinute = 60 * kSecond;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  const auto two = [&](std::int64_t unit, const char* name, std::int64_t part, const char* rest) {
    const std::int64_t left = ms % unit / part;
    return std::to_string(ms / unit) + " " + name +
           (left > 0 ? " " + std::to_string(left) + " " + rest : "");
  };
  if (ms < kSecond) return std::to_string(ms) + " ms";
  if (ms < kMinute) {
    return std::to_string(ms / kSecond) + "." + std::to_string(ms % kSecond / 100) + " s";
  }
  if (ms < kHour) return two(kMinute, "min", kSecond, "s");
  return ms < kDay ? two(kHour, "h", kMinute, "min") : two(kDay, "d", kHour, "h");
}

}  // namespace tablog::tools
