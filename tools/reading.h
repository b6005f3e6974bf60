// Reading: what the verbs share: the log's entries decoded one after the other, and how the state
// of the log as a whole is told.
#pragma once

#include <optional>

#include "log/entry.h"
#include "tools/exit_code.h"
#include "tools/output.h"
#include "tools/source.h"

namespace tablog::tools {

// An entry, or the commit frame behind a batch.
struct Step {
  storage::LogFrame frame{};
  std::optional<Entry> entry{};  // none: frame.commit
};

// The next entry or commit frame; none at the log's end. kCorrupt: damage, or bytes that verify and
// are no entry.
[[nodiscard]] Result<std::optional<Step>> next_step(storage::LogReader& log);

// Says what went wrong; what the process ends with.
ExitCode tell(Output& output, const Error& error);

// Says, after reading to the end, what a reader should know of the log as a whole: a torn tail, a
// state database that cannot be read. kClean or kTornTail.
ExitCode tell_tail(Output& output, const Source& source);

// "after entry 4,711: 312 B at offset 8,192 of slot a1 are no whole batch (…)".
[[nodiscard]] std::string torn_text(const Source& source);

}  // namespace tablog::tools
