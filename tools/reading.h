// Reading: what the verbs share: the log's entries decoded one after the other, and how the state
// of the log as a whole is told.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "log/entry.h"
#include "tools/exit_code.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/source.h"

namespace tablog::tools {

// An entry, or the commit frame behind a batch.
struct Step {
  storage::LogFrame frame{};
  std::optional<Entry> entry{};  // none: frame.commit
};

// The entry in a frame. kCorrupt: it verifies and is none, or is another than the frame says.
[[nodiscard]] Result<Entry> entry_in(const FrameHeader& header, std::uint64_t offset,
                                     ByteView body);

// The next entry or commit frame; none at the log's end. kCorrupt: damage, or bytes that verify and
// are no entry.
[[nodiscard]] Result<std::optional<Step>> next_step(storage::LogReader& log);

// The same from where the log stands, with a progress bar named `what`: for a verb that reads all
// of it.
class Reading {
 public:
  // Where rows are printed meanwhile, a bar on the same terminal would be in their way.
  enum class Bar : std::uint8_t { kShown, kUnlessRowsAreSeen };
  Reading(Source& source, Output& output, std::string what, Bar bar = Bar::kShown);
  [[nodiscard]] Result<std::optional<Step>> next();

 private:
  storage::LogReader& log_;
  Progress progress_;
  std::map<std::uint64_t, std::uint64_t> before_;  // bytes of the log before a segment
  std::uint64_t total_{};
  bool shows_{};
};

[[nodiscard]] inline Result<std::optional<Step>> next_step(Reading& reading) {
  return reading.next();
}

// `take` of every step that is left of a LogReader or a Reading. What `take` or the log itself
// fails with ends it.
template <class Steps, class Take>
[[nodiscard]] Result<void> for_each_step(Steps& steps, Take take) {
  while (true) {
    const auto step = next_step(steps);
    if (!step) return fail(step.error());
    if (!*step) return {};
    if (const Result<void> taken = take(**step); !taken) return taken;
  }
}

// What --at and the like name, or the log's last entry. kInvalidArgument: there is no such entry.
// Damage in the last segment ends the log before it: the walk will tell.
[[nodiscard]] Result<Index> index_in(const Source& source, std::optional<std::uint64_t> named);

// Likewise, without one all that is there: what stands at the end is read, and told.
[[nodiscard]] Result<Index> end_of_replay(const Source& source, std::optional<std::uint64_t> named);

// Says what went wrong; what the process ends with.
ExitCode tell(Output& output, const Error& error);

// Says, after reading to the end, what a reader should know of the log as a whole: a torn tail, a
// state database that cannot be read. kClean or kTornTail.
ExitCode tell_tail(Output& output, const Source& source);

// "after entry 4,711: 312 B at offset 8,192 of slot a1 are no whole batch (…)".
[[nodiscard]] std::string torn_text(const Source& source);

}  // namespace tablog::tools
