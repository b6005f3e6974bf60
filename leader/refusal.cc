#include "leader/refusal.h"

#include "log/codec.h"

namespace tablog::leader {

std::optional<Error> refusal(const Schema& tab, const Schema& log) {
  if (tab.engine != log.engine) {
    return Error{.code = ErrorCode::kEngineTooOld,
                 .message = "this tab runs SQLite " + tab.engine + ", the log was written with " +
                            log.engine + "; reload the older tabs of this app"};
  }
  if (follows_any(tab)) return std::nullopt;
  if (tab.version < log.version) {
    return Error{.code = ErrorCode::kSchemaTooOld,
                 .message = "this tab has schema version " + std::to_string(tab.version) +
                            ", the log has " + std::to_string(log.version) + "; reload the tab"};
  }
  if (tab.version == log.version && hash_schema(tab) != hash_schema(log)) {
    return Error{.code = ErrorCode::kSchemaConflict,
                 .message = "schema version " + std::to_string(tab.version) +
                            " has other text in the log; give the changed schema a new version"};
  }
  return std::nullopt;
}

}  // namespace tablog::leader
