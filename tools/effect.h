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

// The SQL of the event's type in that schema, or of the exec; empty: it runs none.
[[nodiscard]] std::string sql_run_by(const Entry& entry, const std::optional<Schema>& schema);
// What its arguments go through first, where it is of an older version.
[[nodiscard]] std::string upcasters_of(const Entry& entry, const std::optional<Schema>& schema);

// Replays the log up to the entry: takes as long as that takes. The errors are a replay's; the log
// stands anywhere afterwards.
[[nodiscard]] Result<Effect> effect_of(Source& source, Index index, std::size_t rows_max,
                                       Output& output);

}  // namespace tablog::tools
