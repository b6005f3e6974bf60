#include "storage/replay.h"

#include "log/codec.h"

namespace tablog::storage {

namespace {

constexpr std::uint64_t kReadBytes = 1U << 20U;
constexpr std::uint64_t kSliceBytes = 64U << 10U;     // between two questions to go on
constexpr std::uint64_t kCommitEntries = 4096;        // bounds the memory of one transaction
constexpr std::uint64_t kWalBytesMax = 16ULL << 20U;  // more than that is folded in at once

Result<void> commit(StateDatabase& state) {
  if (auto committed = state.commit(); !committed) return committed;
  return state.wal_bytes() > kWalBytesMax ? state.checkpoint() : Result<void>{};
}

}  // namespace

Result<std::optional<Entry>> replay(LogFiles& log, StateDatabase& state, Index to,
                                    const GoOn& go_on) {
  const Index begun = state.applied();
  while (state.applied() < to) {
    if (go_on && state.applied() > begun && !go_on()) return std::nullopt;
    const Result<LogFiles::Batch> batch =
        log.read(next(state.applied()), to, go_on ? kSliceBytes : kReadBytes);
    if (!batch) return fail(batch.error());
    for (const auto& bytes : batch->entries) {
      const Index index = next(state.applied());
      Result<Entry> entry = decode_entry(*bytes);
      if (!entry) {
        return fail(Error{.code = ErrorCode::kCorrupt,
                          .message = "entry does not decode: " + entry.error().message,
                          .index = index});
      }
      if (starts_anew(*entry) && !state.rebuilds()) {
        if (auto committed = state.commit(); !committed) return fail(committed.error());
        return std::move(*entry);
      }
      if (auto applied = state.apply(*entry, *bytes); !applied) return fail(applied.error());
      const bool due = index.value - state.committed().value >= kCommitEntries;
      if (!due || !ends_request(*entry)) continue;
      if (auto committed = commit(state); !committed) return fail(committed.error());
    }
  }
  if (auto committed = commit(state); !committed) return fail(committed.error());
  return std::nullopt;
}

}  // namespace tablog::storage
