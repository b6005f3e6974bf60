#include "storage/sequence.h"

#include <algorithm>

#include "log/codec.h"
#include "log/hash.h"

namespace tablog::storage {

namespace {

using Entries = std::vector<EncodedEntry>;

Result<void> check_guard(const BatchItem& item, Index last_app) {
  if (!item.expected_index || *item.expected_index == last_app) return {};
  return fail(Error{.code = ErrorCode::kConflict,
                    .message = "the last event has index " + std::to_string(last_app.value) +
                               ", not " + std::to_string(item.expected_index->value) +
                               " as expected",
                    .index = last_app});
}

// Sees what the items before it have done.
Result<void> check_reads(StateCore& core, std::span<const ReadGuard> reads) {
  const StepLimit limit(core.db(), core.steps_max);
  for (const ReadGuard& guard : reads) {
    const Result<Rows> rows = core.reader.query(guard.sql, guard.params);
    if (limit.exceeded()) {
      return fail(ErrorCode::kRejected, "the transaction's queries took more than " +
                                            std::to_string(core.steps_max) +
                                            " steps: make them smaller");
    }
    const bool told = !rows && (rows.error().code == ErrorCode::kQueryFailed ||
                                rows.error().code == ErrorCode::kInvalidArgument);
    if (!rows && !told) return fail(rows.error());
    if (told || hash128<RowsHash>({rows->encoded}) != guard.hash)
      return fail(ErrorCode::kConflict, "what the transaction has read was changed meanwhile");
  }
  return {};
}

Entry draft(const BatchContext& context, const BatchItem& item, std::size_t position, Index index) {
  Entry entry{.index = index,
              .term = context.term,
              .time_ms = context.time_ms,
              .wall_ms = context.wall_ms,
              .seed = entry_seed(context.seed, index),
              .schema_version = item.schema_version,
              .request = item.request,
              .body = item.bodies[position]};
  if (entry.request) {
    entry.request->position = static_cast<std::uint32_t>(position);
    entry.request->count = static_cast<std::uint32_t>(item.bodies.size());
  }
  return entry;
}

// An item of one entry needs no savepoint of the entry's own within the item's: they begin and end
// together, and FTS5, which writes at savepoints, cannot tell.
Result<EncodedEntry> run_entry(StateCore& core, Entry entry, bool alone) {
  const Result<ApplyResult> applied =
      alone ? core.applier.run(entry) : core.apply_in_savepoint(entry);
  if (!applied) return fail(applied.error());
  if (auto* exec = std::get_if<Exec>(&entry.body)) exec->changes = applied->changes;
  return encode(std::move(entry));
}

Result<Entries> run_item(StateCore& core, const BatchContext& context, const BatchItem& item) {
  const bool migrates = std::ranges::any_of(
      item.bodies, [](const EntryBody& body) { return std::holds_alternative<Schema>(body); });
  const StepLimit limit(core.db(), migrates ? 0 : core.steps_max);
  Entries entries;
  Index index = core.progress.applied;
  for (std::size_t position = 0; position < item.bodies.size(); ++position) {
    index = next(index);
    Result<EncodedEntry> entry =
        run_entry(core, draft(context, item, position, index), item.bodies.size() == 1);
    if (!entry) {
      if (limit.exceeded()) {
        return fail(ErrorCode::kRejected,
                    "took more than " + std::to_string(core.steps_max) + " steps: make it smaller");
      }
      return fail(entry.error());
    }
    entries.push_back(std::move(*entry));
  }
  if (auto resolved = core.check_foreign_keys(); !resolved) return fail(resolved.error());
  return entries;
}

// The transaction is gone, and with it what earlier items had done: does that again. They succeed,
// for they are run from the same state, at the same time and with the same random numbers as
// before.
Result<void> run_again(StateCore& core) {
  core.transaction.roll_back();
  core.applier.restore(core.committed_schema);
  if (auto begun = core.transaction.begin(); !begun) return begun;
  for (const EncodedEntry& accepted : core.accepted) {
    if (auto applied = core.apply_in_savepoint(accepted.entry); !applied) {
      return fail(
          Error{.code = is_rejection(applied.error()) ? ErrorCode::kCorrupt : applied.error().code,
                .message = "an accepted entry does not apply again: " + applied.error().message,
                .index = accepted.entry.index});
    }
  }
  return {};
}

Result<Entries> try_item(StateCore& core, const BatchContext& context, const BatchItem& item) {
  if (auto passed = check_guard(item, core.progress.last_app); !passed) return fail(passed.error());
  if (auto passed = check_reads(core, item.reads); !passed) return fail(passed.error());
  const Applier::Current before = core.applier.current();
  Result<Entries> entries =
      core.transaction.in_savepoint([&] { return run_item(core, context, item); });
  if (!entries) {
    core.applier.restore(before);
    if (core.transaction.destroyed()) {
      if (auto again = run_again(core); !again) return fail(again.error());
    }
  }
  return entries;
}

}  // namespace

// Source of the constants: Vigna, splitmix64, public domain.
std::uint64_t entry_seed(std::uint64_t seed, Index index) {
  std::uint64_t z = seed + index.value * 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30U) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27U) * 0x94d049bb133111eb;
  return z ^ z >> 31U;
}

Result<BatchResult> execute(StateCore& core, const BatchContext& context,
                            std::span<const BatchItem> items) {
  if (!core.transaction.is_open()) {
    if (auto begun = core.transaction.begin(); !begun) return fail(begun.error());
  }
  BatchResult result;
  result.items.reserve(items.size());
  for (const BatchItem& item : items) {
    Result<Entries> entries = try_item(core, context, item);
    if (!entries) {
      if (!is_rejection(entries.error())) return fail(entries.error());
      result.items.emplace_back(entries.error());
      continue;
    }
    for (const EncodedEntry& entry : *entries) {
      core.account(entry.entry, *entry.bytes);
      core.accepted.push_back(entry);
    }
    result.items.emplace_back(std::move(*entries));
  }
  const Result<Digest> digest = core.digests.digest();
  if (!digest) return fail(digest.error());
  result.digest = *digest;
  return result;
}

}  // namespace tablog::storage
