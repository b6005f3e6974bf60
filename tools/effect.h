// Effect: what an entry did to the state: the SQL that it ran, and the rows before and after it.
#pragma once

#include <string>
#include <vector>

#include "tools/replayer.h"
#include "tools/row_changes.h"

namespace tablog::tools {

struct Effect {
  std::string sql{};     // of the event's type in the schema that was in force; of an exec its own
  std::string upcast{};  // the upcasters that the arguments went through first
  std::vector<DefinitionChange> definitions{};
  std::vector<RowChange> rows{};
  bool cut{};  // there are more
};

// Replays the log up to the entry: takes as long as that takes. The errors are a replay's; the log
// stands anywhere afterwards.
[[nodiscard]] Result<Effect> effect_of(Source& source, Index index, std::size_t rows_max,
                                       Output& output);

}  // namespace tablog::tools
