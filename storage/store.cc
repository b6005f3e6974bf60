#include "storage/store.h"

#include <algorithm>
#include <cassert>

#include "log/codec.h"

namespace tablog::storage {

namespace {

constexpr std::uint64_t kReplayReadBytes = 1U << 20U;
constexpr std::uint64_t kReplayCommitEntries = 4096;  // bounds the memory of one transaction
constexpr std::uint64_t kControlBytes = 64U
                                        << 10U;  // term start, session closes, a checkpoint's mark

// Damage of the database, which the log can mend; not what a reload or another disk has to mend.
bool is_damage(const Error& error) {
  return error.code == ErrorCode::kCorrupt;
}

std::unexpected<Error> corrupt(std::string message, Index index) {
  return fail(Error{.code = ErrorCode::kCorrupt, .message = std::move(message), .index = index});
}

// A full disk stops nobody from leading: appends will be refused by their own reservation.
Result<void> unless_full(Result<void> reserved) {
  if (!reserved && reserved.error().code == ErrorCode::kQuotaExceeded) return {};
  return reserved;
}

// That the whole log can be read: only then may the database, which is a proof of it, be given up.
Result<void> check_readable(LogFiles& log) {
  for (Index at = Index{1}; at <= log.head().index;) {
    const Result<LogFiles::Batch> batch = log.read(at, log.head().index, kReplayReadBytes);
    if (!batch) return fail(batch.error());
    for (const auto& bytes : batch->entries) {
      if (const Result<Entry> entry = decode_entry(*bytes); !entry || entry->index != at) {
        return corrupt("an entry of the log does not decode", at);
      }
      at = next(at);
    }
  }
  return {};
}

Result<void> remove_state(Pool& pool) {
  for (const char* suffix : {"", "-wal", "-journal"}) {
    if (auto removed = pool.remove(std::string(kStatePath) + suffix); !removed) return removed;
  }
  return pool.discard_quarantined();
}

}  // namespace

struct Store::Impl {
  // Declared in the order of dependence: the pool outlives the database.
  std::unique_ptr<Pool> pool;
  std::unique_ptr<LogFiles> log;
  std::unique_ptr<StateDatabase> state;
  Recovery recovery;
  Index checkpointed;  // by this object

  [[nodiscard]] Result<void> open_state();
  [[nodiscard]] Result<void> rebuild(const Error& why);
  [[nodiscard]] Result<void> check_history() const;
  [[nodiscard]] Result<void> catch_up();
  [[nodiscard]] Result<void> check_digest() const;
};

Result<void> replay(LogFiles& log, StateDatabase& state, Index to) {
  std::uint64_t uncommitted = 0;
  while (state.applied() < to) {
    const Result<LogFiles::Batch> batch = log.read(next(state.applied()), to, kReplayReadBytes);
    if (!batch) return fail(batch.error());
    for (const auto& bytes : batch->entries) {
      const Index index = next(state.applied());
      const Result<Entry> entry = decode_entry(*bytes);
      if (!entry) return corrupt("entry does not decode: " + entry.error().message, index);
      if (auto applied = state.apply(*entry, *bytes); !applied) return fail(applied.error());
      if (++uncommitted < kReplayCommitEntries || !ends_request(*entry)) continue;
      if (auto committed = state.commit(); !committed) return committed;
      uncommitted = 0;
    }
  }
  return state.commit();
}

Result<void> Store::Impl::open_state() {
  state.reset();  // its connections first
  auto opened = StateDatabase::on_pool(*pool, kStatePath);
  if (!opened) return fail(opened.error());
  state = std::move(*opened);
  return {};
}

Result<void> Store::Impl::rebuild(const Error& why) {
  if (log->first() > Index{1}) return fail(why);  // what is compacted cannot be replayed
  if (auto readable = check_readable(*log); !readable) return readable;
  state.reset();
  if (auto removed = remove_state(*pool); !removed) return removed;
  if (auto opened = open_state(); !opened) return opened;
  recovery.rebuilt = why.message;
  return {};
}

// That the database is of this log, at an earlier or the same index.
Result<void> Store::Impl::check_history() const {
  const Index applied = state->applied();
  const LogHead& head = log->head();
  if (applied == Index{}) {
    if (log->first() > Index{1})
      return corrupt("the state database is missing and the log is compacted", log->first());
    return {};
  }
  if (applied > head.index) {
    return corrupt("the log ends before entry " + std::to_string(applied.value) +
                       ", which the state database has applied: entries were lost",
                   next(head.index));
  }
  if (state->store() != head.store)
    return corrupt("the state database belongs to another store", applied);
  const Result<ChainHash> chain = log->chain_at(applied);
  if (!chain) return fail(chain.error());
  if (*chain != state->chain())
    return corrupt("the state database has applied other entries than the log has", applied);
  return {};
}

Result<void> Store::Impl::check_digest() const {
  // The log alone has given this state: then it was the leader that wrote the digest that was
  // wrong, as one that a dispute has made step down. Nothing else could mend the store.
  if (recovery.rebuilt) return {};
  const LogHead& head = log->head();
  if (!head.digest || *head.digest == state->digest()) return {};
  return corrupt("the state database's digest is not the one that the log has for this entry",
                 head.index);
}

// A log without an entry has an id already if its first segment was begun: that one is the store's.
Result<void> Store::Impl::catch_up() {
  state->set_store(log->head().store);
  if (auto replayed = replay(*log, *state, log->head().index); !replayed) return replayed;
  return check_digest();
}

Result<std::unique_ptr<Store>> Store::open(StoreFiles files, const StoreOptions& options) {
  auto impl = std::make_unique<Impl>();
  Result<std::unique_ptr<Pool>> pool = Pool::open(std::move(files.pool));
  if (!pool) return fail(pool.error());
  impl->pool = std::move(*pool);
  Result<void> state = impl->open_state();
  if (!state && !is_damage(state.error())) return fail(state.error());

  const Proven proven =
      state ? Proven{.index = impl->state->applied(), .chain = impl->state->chain()} : Proven{};
  auto log = LogFiles::open(std::move(files.log), proven, options.fresh, options.generation,
                            options.salt_seed, options.log);
  if (!log) return fail(log.error());
  impl->log = std::move(*log);

  if (!state) {
    if (auto rebuilt = impl->rebuild(state.error()); !rebuilt) return fail(rebuilt.error());
  }
  if (auto same = impl->check_history(); !same) return fail(same.error());
  impl->recovery.replayed_from = impl->state->applied();
  Result<void> current = impl->catch_up();
  if (!current && is_damage(current.error()) && !impl->recovery.rebuilt) {
    // The log verifies, so it is the database that went wrong; if it is not, the second try says
    // so.
    if (auto rebuilt = impl->rebuild(current.error()); !rebuilt) return fail(rebuilt.error());
    impl->recovery.replayed_from = Index{};
    current = impl->catch_up();
  }
  if (!current) return fail(current.error());
  std::unique_ptr<Store> store(new Store(std::move(impl)));
  if (!store->log().needs_slot()) {
    if (auto reserved = unless_full(store->reserve(kControlBytes)); !reserved)
      return fail(reserved.error());
  }
  if (store->recovery().rebuilt) {
    if (auto flushed = store->checkpoint();
        !flushed && flushed.error().code != ErrorCode::kQuotaExceeded) {
      return fail(flushed.error());
    }
  }
  return store;
}

void Store::close_without_state(std::unique_ptr<Store> store) {
  Impl& impl = *store->impl_;
  if (impl.log->first() > Index{1} || !check_readable(*impl.log)) return;
  impl.state.reset();  // its connections first
  // What cannot be removed now is found to be wrong again.
  (void)remove_state(*impl.pool);
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

LogFiles& Store::log() {
  return *impl_->log;
}
const LogFiles& Store::log() const {
  return *impl_->log;
}
StateDatabase& Store::state() {
  return *impl_->state;
}
const StateDatabase& Store::state() const {
  return *impl_->state;
}
const Pool& Store::pool() const {
  return *impl_->pool;
}
const Recovery& Store::recovery() const {
  return impl_->recovery;
}

Result<void> Store::reserve(std::uint64_t bytes) {
  if (auto reserved = impl_->log->reserve(bytes); !reserved) return reserved;
  return impl_->state->reserve(bytes);
}

Result<void> Store::commit_state() {
  assert(impl_->state->applied() <= impl_->log->head().durable);
  return impl_->state->commit();
}

Result<Index> Store::checkpoint() {
  assert(impl_->state->applied() <= impl_->log->head().index);
  if (impl_->log->head().durable < impl_->log->head().index) {
    if (auto flushed = impl_->log->flush(); !flushed) return fail(flushed.error());
  }
  if (auto committed = impl_->state->commit(); !committed) return fail(committed.error());
  if (auto folded = impl_->state->checkpoint(); !folded) return fail(folded.error());
  impl_->checkpointed = impl_->state->applied();
  return impl_->checkpointed;
}

Index Store::checkpoint_index() const {
  return std::max(impl_->checkpointed, impl_->state->checkpoint_mark());
}

std::size_t Store::log_slots_wanted() const {
  return impl_->log->slots_wanted();
}
std::size_t Store::pool_slots_wanted() const {
  return impl_->pool->slots_wanted();
}
void Store::add_log_slot(Slot slot) {
  impl_->log->add_slot(std::move(slot));
}
void Store::add_pool_slot(Slot slot) {
  impl_->pool->add_slot(std::move(slot));
}

}  // namespace tablog::storage
