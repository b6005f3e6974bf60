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
                      .session_table = database.sessions(),
                      .schema_version = database.schema() ? database.schema()->version : 0};
}

}  // namespace

Result<PoolSummary> read_pool(std::vector<storage::Slot> slots) {
  auto opened = storage::Pool::open(overlay(std::move(slots)));
  if (!opened) {
    return fail(opened.error());
  }
  const std::shared_ptr<storage::Pool> pool = *std::move(opened);
  if (!pool->quarantined().empty()) {
    return fail(ErrorCode::kCorrupt,
                "the header of pool slot " + pool->quarantined().front() + " does not verify");
  }
  PoolSummary summary{.base = storage::find_base(*pool), .pool = pool};
  if (summary.base > Index{}) {
    const auto bytes = pool->find(storage::base_path(summary.base))->size();
    if (!bytes) {
      return fail(bytes.error());
    }
    summary.base_bytes = *bytes;
  }
  if (pool->find(storage::kStatePath) != nullptr) {
    auto state = read_state(*pool);
    if (!state) {
      return fail(state.error());
    }
    summary.state = *std::move(state);
  }
  return summary;
}

Result<Index> flushed_through(std::vector<storage::Slot> slots) {
  const auto pool = storage::Pool::open(overlay(std::move(slots)));
  if (!pool) {
    return fail(pool.error());
  }
  if ((*pool)->find(storage::kStatePath) == nullptr) {
    return Index{};
  }
  // Of the overlay: the file itself stays.
  if (const auto removed = (*pool)->remove(std::string(storage::kStatePath) + "-wal"); !removed) {
    return fail(removed.error());
  }
  const auto state = storage::StateDatabase::on_pool(**pool, storage::kStatePath);
  return state ? Result<Index>((*state)->applied()) : fail(state.error());
}

}  // namespace tablog::tools
