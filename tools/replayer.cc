#include "tools/replayer.h"

#include "storage/sqlite.h"

namespace tablog::tools {

Result<Replayer> Replayer::begin(const storage::LogReader& log) {
  if (log.first() > Index{1}) {
    return fail(ErrorCode::kCompacted, "the log begins with entry " +
                                           std::to_string(log.first().value) +
                                           ": what is before it cannot be replayed");
  }
  auto state = storage::StateDatabase::in_memory();
  if (!state) {
    return fail(state.error());
  }
  (*state)->set_store(log.store());
  return Replayer(*std::move(state));
}

Result<void> Replayer::add(const Step& step) {
  if (step.entry) {
    const auto applied = state_->apply(*step.entry, step.frame.body);
    if (!applied) {
      Error error = applied.error();
      if (error.code == ErrorCode::kCorrupt) {  // the log verifies, and memory holds no damage
        error.code = ErrorCode::kRejected;
      }
      return fail(std::move(error));
    }
    return {};
  }
  if (const auto committed = state_->commit(); !committed) {
    return committed;
  }
  ++compared_;
  const Digest actual = state_->digest();
  if (!divergence_ && actual != step.frame.commit->digest) {
    divergence_ = {step.frame.commit->last, step.frame.commit->digest, actual};
  }
  return {};
}

std::string divergence_text(const Divergence& divergence) {
  return "after entry " + std::to_string(divergence.index.value) + " the state's digest is " +
         to_hex(divergence.actual.bytes) + ", and the log says " +
         to_hex(divergence.expected.bytes);
}

}  // namespace tablog::tools
