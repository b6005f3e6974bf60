#include "tools/reading.h"

#include "log/codec.h"
#include "tools/text.h"

namespace tablog::tools {

Result<Entry> entry_in(const FrameHeader& header, std::uint64_t offset, ByteView body) {
  auto entry = decode_entry(body);
  if (!entry || entry->index != header.index) {
    return fail({.code = ErrorCode::kCorrupt,
                 .message = "entry " + std::to_string(header.index.value) +
                            " verifies, and is not what its frame says: " +
                            (entry ? "it has another index" : entry.error().message),
                 .index = header.index,
                 .offset = offset});
  }
  return entry;
}

Result<std::optional<Step>> next_step(storage::LogReader& log) {
  auto frame = log.next();
  if (!frame) {
    return fail(frame.error());
  }
  if (!*frame) {
    return std::nullopt;
  }
  Step step{.frame = **frame};
  if (step.frame.commit) {
    return step;
  }
  auto entry = entry_in(step.frame.header, step.frame.offset, step.frame.body);
  if (!entry) {
    return fail(entry.error());
  }
  step.entry = *std::move(entry);
  return step;
}

Reading::Reading(Source& source, Output& output, std::string what, Bar bar)
    : log_(*source.log),
      progress_(output, std::move(what)),
      shows_(bar == Bar::kShown || output.width() == 0) {
  for (const storage::SegmentInfo& segment : log_.segments()) {
    before_[segment.sequence] = total_;
    total_ += segment.bytes;
  }
}

Result<std::optional<Step>> Reading::next() {
  auto step = next_step(log_);
  if (step && *step) {
    const storage::LogFrame& frame = (*step)->frame;
    if (shows_ && progress_.due()) progress_.at(before_.at(frame.sequence) + frame.offset, total_);
  }
  return step;
}

Result<Index> index_in(const Source& source, std::optional<std::uint64_t> named) {
  const Index last = source.log->last();
  if (named.value_or(0) > last.value) {
    return fail(ErrorCode::kInvalidArgument, "there is no entry " + std::to_string(*named) +
                                                 ": the log ends with " +
                                                 std::to_string(last.value));
  }
  return named ? Index{*named} : last;
}

Result<Index> end_of_replay(const Source& source, std::optional<std::uint64_t> named) {
  return named ? index_in(source, named) : Result<Index>(Index{UINT64_MAX});
}

ExitCode tell(Output& output, const Error& error) {
  output.error(error.message);
  return exit_code_of(error);
}

ExitCode tell_tail(Output& output, const Source& source) {
  if (source.state_error) {
    output.warn("the state database cannot be read: " + source.state_error->message);
  }
  if (!source.log->torn_tail()) {
    return ExitCode::kClean;
  }
  output.warn("torn tail " + torn_text(source));
  return ExitCode::kTornTail;
}

std::string torn_text(const Source& source) {
  const storage::TornTail& torn = *source.log->torn_tail();
  return "after entry " + count_text(torn.after.value) + ": " +
         counted(torn.bytes, "byte", "bytes") + " at offset " + std::to_string(torn.offset) +
         " of slot " + torn.slot + " are no whole batch (" + std::string(source.log->torn_why()) +
         ")";
}

}  // namespace tablog::tools
