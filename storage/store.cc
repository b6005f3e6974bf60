#include "storage/store.h"

#include <algorithm>
#include <cassert>
#include <ranges>
#include <utility>

#include "log/codec.h"
#include "storage/sqlite.h"

namespace tablog::storage {

namespace {

constexpr std::uint64_t kReadBytes = 1U << 20U;
constexpr std::uint64_t kControlBytes = 64U
                                        << 10U;  // term start, session closes, a checkpoint's mark
constexpr std::uint64_t kSecondBytes = 2U << 20U;  // that a slice of a second state may write

// Damage of the database, which the log can mend; not what a reload or another disk has to mend.
bool is_damage(const Error& error) {
  return error.code == ErrorCode::kCorrupt;
}

// What the log has was accepted: where it does not apply, something is wrong here.
Error as_damage(Error error) {
  if (is_rejection(error) && error.code != ErrorCode::kEngineTooOld)
    error.code = ErrorCode::kCorrupt;
  return error;
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
  for (Index at = log.first(); at <= log.head().index;) {
    const Result<LogFiles::Batch> batch = log.read(at, log.head().index, kReadBytes);
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
  if (auto removed = remove_database(pool, kStatePath); !removed) return removed;
  return pool.discard_quarantined();
}

}  // namespace

struct Store::Impl {
  // Declared in the order of dependence: the pool outlives the database.
  std::unique_ptr<Pool> pool;
  std::unique_ptr<LogFiles> log;
  std::unique_ptr<StateDatabase> state;
  Index base;  // zero: none
  std::unique_ptr<NextBase> next_base;
  std::unique_ptr<SecondState> anew;
  std::unique_ptr<StateDatabase> replaced;  // while `state` is the one that was made anew
  Recovery recovery;
  OnProgress on_progress;
  RebuildCounts rebuilt;
  Index checkpointed;  // by this object

  [[nodiscard]] Result<void> open_state();
  [[nodiscard]] Result<void> renew_state();
  [[nodiscard]] bool can_renew() const { return log->first() == next(base); }
  [[nodiscard]] Result<void> rebuild(const Error& why);
  [[nodiscard]] Result<void> start_anew(const Entry& entry);
  [[nodiscard]] Result<void> settle_state();
  [[nodiscard]] Result<void> check_history() const;
  [[nodiscard]] Result<void> catch_up();
  [[nodiscard]] Result<void> check_digest() const;
};

Result<void> Store::Impl::open_state() {
  state.reset();  // its connections first
  auto opened = StateDatabase::on_pool(*pool, kStatePath);
  if (!opened) return fail(opened.error());
  state = std::move(*opened);
  return {};
}

// As it is where the log begins.
Result<void> Store::Impl::renew_state() {
  state.reset();
  if (auto removed = remove_state(*pool); !removed) return removed;
  if (base > Index{}) {
    if (auto copied = copy_base(*pool, base, kStatePath); !copied) return copied;
  }
  if (auto opened = open_state(); !opened) return opened;
  return base > Index{} ? state->check_content() : Result<void>{};
}

Result<void> Store::Impl::rebuild(const Error& why) {
  if (!can_renew()) return fail(why);  // what is before the log cannot be replayed
  if (auto readable = check_readable(*log); !readable) return readable;
  if (auto renewed = renew_state(); !renewed) return renewed;
  recovery.rebuilt = why.message;
  return {};
}

// That the database is of this log, at an earlier or the same index.
Result<void> Store::Impl::check_history() const {
  const Index applied = state->applied();
  const LogHead& head = log->head();
  if (applied.value + 1 < log->first().value) {
    return corrupt("the state database ends with entry " + std::to_string(applied.value) +
                       ", and the log is compacted",
                   log->first());
  }
  if (applied == Index{}) return {};
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
  for (;;) {
    const Index from = state->applied();  // it begins once more where the state is made anew
    const GoOn tell = [&] {
      on_progress(state->applied().value - from.value, log->head().index.value - from.value);
      return true;
    };
    auto anew_from = replay(*log, *state, log->head().index, on_progress ? tell : GoOn{});
    if (!anew_from) return fail(as_damage(anew_from.error()));
    if (!*anew_from) return check_digest();
    if (auto started = start_anew(**anew_from); !started) return started;
  }
}

// The entry stands behind what the database has: a leader ended before its second state had taken
// its place.
Result<void> Store::Impl::start_anew(const Entry& entry) {
  state.reset();
  if (auto removed = remove_state(*pool); !removed) return removed;
  if (auto opened = open_state(); !opened) return opened;
  return begin_rebuild(*pool, *log, std::get<Schema>(entry.body), *state);
}

// The state that was made anew, committed with the entry that brings it, takes the other's place.
// A crash on the way leaves the old one, which has not got that entry, or none at all: then it is
// made once more.
Result<void> Store::Impl::settle_state() {
  if (auto folded = state->checkpoint(); !folded) return folded;
  state.reset();
  replaced.reset();
  if (auto removed = remove_database(*pool, kStatePath); !removed) return removed;
  for (const char* suffix : {"-wal", "-journal"}) {
    if (auto removed = pool->remove(std::string(SecondState::path()) + suffix); !removed)
      return removed;
  }
  if (auto renamed = pool->rename(SecondState::path(), kStatePath); !renamed) return renamed;
  return open_state();
}

Result<std::unique_ptr<Store>> Store::open(StoreFiles files, const StoreOptions& options) {
  auto impl = std::make_unique<Impl>();
  Result<std::unique_ptr<Pool>> pool = Pool::open(std::move(files.pool));
  if (!pool) return fail(pool.error());
  impl->pool = std::move(*pool);
  impl->on_progress = options.on_progress;
  // Where it cannot be removed now, it is when it is in the way.
  (void)SecondState::tidy(*impl->pool);
  (void)NextBase::tidy(*impl->pool);
  impl->base = find_base(*impl->pool);
  Result<void> state = impl->open_state();
  if (!state && !is_damage(state.error())) return fail(state.error());

  const Proven proven = state ? Proven{.index = std::max(impl->state->applied(), impl->base),
                                       .chain = impl->state->chain(),
                                       .base = impl->base}
                              : Proven{.index = impl->base, .base = impl->base};
  auto log = LogFiles::open(std::move(files.log), proven, options.fresh, options.generation,
                            options.salt_seed, options.log);
  if (!log) return fail(log.error());
  impl->log = std::move(*log);

  (void)remove_other_bases(*impl->pool, impl->base);  // or at the next opening
  // Without a database there is nothing that could be wrong with the base.
  if (state && impl->state->applied() < impl->base) state = impl->renew_state();
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
  if (!impl.can_renew() || !check_readable(*impl.log)) return;
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
  if (auto committed = impl_->state->commit(); !committed) return committed;
  return impl_->replaced ? impl_->settle_state() : Result<void>{};
}

Result<void> Store::begin_anew(const Schema& schema) {
  drop_anew();
  auto second = SecondState::begin_anew(*impl_->pool, *impl_->log, schema);
  if (!second) return fail(second.error());
  impl_->anew = std::move(*second);
  return {};
}

Result<bool> Store::advance_anew(const GoOn& go_on) {
  // Its writes are not to use up what the state in use has reserved.
  if (auto reserved = impl_->state->reserve(kSecondBytes); !reserved) return fail(reserved.error());
  Result<bool> done = impl_->anew->advance(go_on);
  if (!done) drop_anew();
  return done;
}

const SecondState* Store::anew() const {
  return impl_->anew.get();
}

void Store::drop_anew() {
  impl_->anew.reset();
  (void)SecondState::tidy(*impl_->pool);  // or when it is in the way
}

// ---- compaction

Result<Index> Store::compactable(const CompactRequest& wanted) {
  // What is freed has to be in the state database on the disk: a power loss goes back to there.
  const Result<Index> flushed = checkpoint();
  if (!flushed) return fail(flushed.error());
  LogFiles& log = *impl_->log;
  Index through = *flushed;
  const auto keep_from = [&](Index first) {
    through = std::min(through, Index{first.value - std::min<std::uint64_t>(first.value, 1)});
  };
  if (wanted.retain_from > Index{}) keep_from(wanted.retain_from);
  const std::vector<SegmentInfo> segments = log.segments();
  if (wanted.since_ms != 0) {
    Index first = log.first();
    for (const SegmentInfo& segment : segments)
      if (segment.time_ms < wanted.since_ms) first = std::max(first, segment.base);
    keep_from(first);
  }
  if (wanted.keep_bytes > 0) {
    Index first = log.first();
    std::uint64_t bytes = 0;
    for (const SegmentInfo& segment : segments | std::views::reverse) {
      bytes += segment.bytes;
      if (bytes < wanted.keep_bytes) continue;
      first = std::max(first, segment.base);
      break;
    }
    keep_from(first);
  }
  if (through <= impl_->base) return Index{};
  // A request is all or nothing, also here.
  const auto last = log.read(through, through, 1);
  if (!last) return fail(last.error());
  const Result<Entry> entry = decode_entry(*last->entries.front());
  if (!entry) return fail(entry.error());
  if (!ends_request(*entry)) through = Index{through.value - entry->request->position - 1};
  return through > impl_->base ? through : Index{};
}

Result<void> Store::begin_compaction(Index through) {
  drop_compaction();
  auto next = NextBase::begin(*impl_->pool, *impl_->log, through);
  if (!next) return fail(next.error());
  impl_->next_base = std::move(*next);
  return {};
}

Result<NextBase::Stage> Store::advance_compaction(const GoOn& go_on) {
  if (auto reserved = impl_->state->reserve(kSecondBytes); !reserved) {
    drop_compaction();
    return fail(reserved.error());
  }
  auto stage = impl_->next_base->advance(go_on);
  if (!stage) drop_compaction();
  return stage;
}

const NextBase* Store::next_base() const {
  return impl_->next_base.get();
}

// The base first, flushed: whatever is freed afterwards, somebody who opens the store finds it.
Result<void> Store::finish_compaction() {
  const Index through = impl_->next_base->through();
  auto placed = impl_->next_base->place();
  impl_->next_base.reset();
  if (!placed) return placed;
  impl_->base = through;
  if (auto freed = impl_->log->free_through(through); !freed) return freed;
  return remove_other_bases(*impl_->pool, through);
}

void Store::drop_compaction() {
  impl_->next_base.reset();
  (void)NextBase::tidy(*impl_->pool);  // or when it is in the way
}

Index Store::base() const {
  return impl_->base;
}

File* Store::base_file() {
  return impl_->base == Index{} ? nullptr : impl_->pool->find(base_path(impl_->base));
}

RebuildCounts Store::rebuild_counts() const {
  return impl_->rebuilt;
}

void Store::swap_state() {
  if (impl_->anew) {
    impl_->replaced = std::exchange(impl_->state, impl_->anew->take());
    impl_->rebuilt = impl_->state->rebuild_counts();
    impl_->anew.reset();
  } else {
    impl_->state = std::exchange(impl_->replaced, nullptr);
    (void)SecondState::tidy(*impl_->pool);
  }
}

Result<Index> Store::checkpoint() {
  assert(impl_->state->applied() <= impl_->log->head().index);
  if (impl_->log->head().durable < impl_->log->head().index) {
    if (auto flushed = impl_->log->flush(); !flushed) return fail(flushed.error());
  }
  if (auto committed = commit_state(); !committed) return fail(committed.error());
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
