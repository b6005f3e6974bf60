#include "tools/survey.h"

#include "tools/describe.h"

namespace tablog::tools {

namespace {

std::unexpected<Error> broken(const Step& step, std::string what) {
  return fail(
      {.code = ErrorCode::kCorrupt,
       .message = "entry " + std::to_string(step.frame.header.index.value) + ": " + std::move(what),
       .index = step.frame.header.index,
       .offset = step.frame.offset});
}

}  // namespace

Result<void> Surveyor::add(const Step& step) {
  return step.entry ? add_entry(step) : add_commit(step);
}

Result<void> Surveyor::add_entry(const Step& step) {
  const Entry& entry = *step.entry;
  if (entry.term < term_) {
    return broken(step, "its term is lower than the one before");
  }
  if (entry.term == term_ && entry.time_ms < time_ms_) {
    return broken(step, "its time is before that of the one before, in the same term");
  }
  if (request_open_ && (!entry.request || entry.request->position == 0)) {
    return broken(step, "it cuts the request before it in two");
  }
  if (entry.term != term_ || survey_.terms.empty()) {
    survey_.terms.push_back({.term = entry.term, .first = entry.index, .time_ms = entry.time_ms});
    if (const auto* start = std::get_if<TermStart>(&entry.body)) {
      survey_.terms.back().leader = start->leader;
    }
  }
  survey_.terms.back().last = entry.index;
  term_ = entry.term;
  time_ms_ = entry.time_ms;
  request_open_ = !ends_request(entry);

  ++survey_.entries;
  survey_.body_bytes += step.frame.body.size();
  if (!survey_.first_time_ms) {
    survey_.first_time_ms = entry.time_ms;
  }
  if (kind_ != entry.body.index()) {
    kind_ = entry.body.index();
    kind_count_ = &survey_.kinds[std::string(kind_of(entry))];
  }
  ++*kind_count_;
  if (const auto* event = std::get_if<Event>(&entry.body)) {
    if (const auto known = survey_.types.find(event->type); known != survey_.types.end()) {
      ++known->second;
    } else if (survey_.types.size() < kTypesMax) {
      survey_.types.emplace(event->type, 1);
    }
  } else if (const auto* schema = std::get_if<Schema>(&entry.body)) {
    survey_.schemas.push_back({entry.index, schema->version, schema->engine});
  } else if (const auto* mark = std::get_if<CheckpointMark>(&entry.body)) {
    survey_.checkpoint = mark->index;
  }
  return {};
}

Result<void> Surveyor::add_commit(const Step& step) {
  const Commit& commit = *step.frame.commit;
  if (request_open_) {
    return broken(step, "a batch ends in the middle of its request");
  }
  if (commit.term != term_ || commit.time_ms != time_ms_) {
    return broken(step, "the commit frame behind it names another term or time");
  }
  ++survey_.batches;
  survey_.head = commit;
  return {};
}

}  // namespace tablog::tools
