#include "tools/survey.h"

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
  term_ = entry.term;
  time_ms_ = entry.time_ms;
  request_open_ = !ends_request(entry);

  ++survey_.entries;
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
