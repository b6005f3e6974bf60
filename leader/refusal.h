// What stands between a tab's schema and the log's.
#pragma once

#include <optional>

#include "log/message.h"

namespace tablog::leader {

// kEngineTooOld, kSchemaTooOld, kSchemaConflict; nothing: it is the log's.
[[nodiscard]] std::optional<Error> refusal(const Schema& tab, const Schema& log);

}  // namespace tablog::leader
