#include "tools/base_check.h"

namespace tablog::tools {

namespace {

std::unexpected<Error> wrong(Index index, const std::string& what) {
  return fail({.code = ErrorCode::kCorrupt,
               .message = "the log's base, the state after entry " + std::to_string(index.value) +
                          ", " + what,
               .index = index,
               .offset = {}});
}

}  // namespace

Result<std::unique_ptr<storage::StateDatabase>> base_state(const Source& source) {
  if (source.base_bytes == 0) return nullptr;
  const auto image = source.read_base();
  if (!image) return fail(image.error());
  return storage::StateDatabase::from_image(*image);
}

Result<BaseCheck> BaseCheck::begin(const Source& source, const storage::StateDatabase& base) {
  const storage::LogReader& log = *source.log;
  const LogPosition before = log.begin();
  const Index index = base.applied();
  if (base.store() != log.store()) return wrong(index, "is of another store");
  if (index < before.index) return wrong(index, "does not reach to where the log begins");
  if (index > log.last()) return wrong(index, "is of a later entry than the log has");
  if (index == before.index && base.chain() != before.chain) {
    return wrong(index, "is of another history");
  }
  return BaseCheck(index, base.chain());
}

Result<void> BaseCheck::add(const Step& step) const {
  if (!step.entry || step.entry->index != index_ || step.frame.chain == chain_) return {};
  return wrong(index_, "is of another history");
}

}  // namespace tablog::tools
