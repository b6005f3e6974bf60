#include "tools/state_summary.h"

#include "storage/pool.h"
#include "storage/state_database.h"
#include "storage/store.h"
#include "tools/overlay_file.h"

namespace tablog::tools {

Result<std::optional<StateSummary>> read_state(std::vector<storage::Slot> slots) {
  const auto pool = storage::Pool::open(overlay(std::move(slots)));
  if (!pool) {
    return fail(pool.error());
  }
  if (!(*pool)->quarantined().empty()) {
    return fail(ErrorCode::kCorrupt,
                "the header of pool slot " + (*pool)->quarantined().front() + " does not verify");
  }
  if ((*pool)->find(storage::kStatePath) == nullptr) {
    return std::nullopt;
  }
  const auto state = storage::StateDatabase::on_pool(**pool, storage::kStatePath);
  if (!state) {
    return fail(state.error());
  }
  const storage::StateDatabase& database = **state;
  return StateSummary{.store = database.store(),
                      .applied = database.applied(),
                      .chain = database.chain(),
                      .digest = database.digest(),
                      .bytes = database.bytes(),
                      .sessions = database.sessions().sessions().size(),
                      .schema_version = database.schema() ? database.schema()->version : 0};
}

}  // namespace tablog::tools
