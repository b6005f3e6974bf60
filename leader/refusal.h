// What stands between a tab's schema and the log's.
#pragma once

#include <optional>

#include "log/message.h"

namespace tablog::leader {

// A tab without a schema of its own: it follows whichever the log has, also none.
[[nodiscard]] inline bool follows_any(const Schema& tab) {
  return tab.version == 0;
}

// kEngineTooOld, kSchemaTooOld, kSchemaConflict; nothing: it is the log's, or follows it.
[[nodiscard]] std::optional<Error> refusal(const Schema& tab, const Schema& log);

}  // namespace tablog::leader
