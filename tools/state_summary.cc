#include "tools/state_summary.h"

#include "storage/base.h"
#include "storage/pool.h"
#include "storage/state_database.h"
#include "storage/store.h"
#include "tools/overlay_file.h"

namespace tablog::tools {

namespace {

Result<StateSummary> read_state(storage::Pool& pool) {
  const auto state = storage::StateDatabase::on_pool(pool, storage::kStatePath);
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

}  // namespace

Result<PoolSummary> read_pool(std::vector<storage::Slot> slots) {
  const auto pool = storage::Pool::open(overlay(std::move(slots)));
  if (!pool) {
    return fail(pool.error());
  }
  if (!(*pool)->quarantined().empty()) {
    return fail(ErrorCode::kCorrupt,
                "the header of pool slot " + (*pool)->quarantined().front() + " does not verify");
  }
  PoolSummary summary{.state = {}, .base = storage::find_base(**pool), .base_image = {}};
  if (summary.base > Index{}) {
    auto image = storage::read_whole(*(*pool)->find(storage::base_path(summary.base)));
    if (!image) {
      return fail(image.error());
    }
    summary.base_image = *std::move(image);
  }
  if ((*pool)->find(storage::kStatePath) != nullptr) {
    auto state = read_state(**pool);
    if (!state) {
      return fail(state.error());
    }
    summary.state = *std::move(state);
  }
  return summary;
}

}  // namespace tablog::tools
