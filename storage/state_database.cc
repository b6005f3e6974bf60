#include "storage/state_database.h"

#include <cassert>

#include "storage/image_intake.h"
#include "storage/pool.h"
#include "storage/profile.h"
#include "storage/reader.h"
#include "storage/sequence.h"
#include "storage/state_core.h"
#include "storage/state_open.h"
#include "storage/vfs.h"

namespace tablog::storage {

namespace {

// Of a page's content a transaction writes whole pages, then the checkpoint writes them again; and
// the least that is worth reserving.
constexpr std::uint64_t kReserveFactor = 2;
constexpr std::uint64_t kReserveBytesMin = 256U << 10U;

// A reading connection with what judges its queries.
struct ReadConnection {
  explicit ReadConnection(Connection opened)
      : connection(std::move(opened)),
        authorizer(connection.get()),
        reader(connection.get(), authorizer) {}
  Connection connection;
  Authorizer authorizer;
  Reader reader;
};

Error diverges(Index index, Error error) {
  if (!is_rejection(error) || error.code == ErrorCode::kEngineTooOld) return error;
  return Error{.code = ErrorCode::kCorrupt,
               .message = "entry " + std::to_string(index.value) +
                          " of the log does not apply to this state: " + error.message,
               .index = index};
}

// What a schema that makes the state anew cannot do with an entry is a truth about the two.
Error stands_in_the_way(const Entry& entry, Error error) {
  if (!is_rejection(error)) return error;
  error.message = "the state cannot be made anew: entry " + std::to_string(entry.index.value) +
                  " does not apply: " + error.message;
  error.index = entry.index;
  return error;
}

}  // namespace

struct StateDatabase::Impl {
  // Declared in the order of dependence: the VFS outlives the connections that use it.
  Pool* pool{};
  std::string path;
  std::unique_ptr<PoolVfs> vfs;
  std::unique_ptr<StateCore> core;
  std::unique_ptr<ReadConnection> second;  // on a pool: the reading connection
  Applier::Current schema_of;              // what `schema` is a copy of
  std::optional<Schema> schema;
  bool applied_open{};  // the open transaction has entries that apply() put there

  [[nodiscard]] Reader& reader() const { return second ? second->reader : core->reader; }

  [[nodiscard]] static Result<std::unique_ptr<Impl>> in_memory(Result<Connection> connection) {
    if (!connection) return fail(connection.error());
    auto impl = std::make_unique<Impl>();
    impl->core = std::make_unique<StateCore>(std::move(*connection));
    return impl;
  }

  // With a writing connection only, and nothing read yet.
  [[nodiscard]] static Result<std::unique_ptr<Impl>> on_pool(Pool& pool, const std::string& path);

  [[nodiscard]] static Result<std::unique_ptr<StateDatabase>> verified(
      Result<Connection> connection);

  // What the pool said during this call is closer to the cause than what SQLite made of it.
  [[nodiscard]] Error cause(Error error) const {
    if (vfs && vfs->last_error() && !is_rejection(error)) return *vfs->last_error();
    return error;
  }
  void forget_cause() const {
    if (vfs) vfs->clear_error();
  }

  void roll_back() {
    core->roll_back();
    applied_open = false;
  }

  [[nodiscard]] Result<ApplyResult> apply(const Entry& entry, ByteView encoded);
  [[nodiscard]] Result<void> apply_anew(const Entry& entry);
};

Result<ApplyResult> StateDatabase::Impl::apply(const Entry& entry, ByteView encoded) {
  if (core->broken) return fail(*core->broken);
  if (auto sound = core->digests.check_untouched(); !sound) return fail(sound.error());
  if (entry.index != next(core->progress.applied)) {
    return fail(Error{.code = ErrorCode::kCorrupt,
                      .message = "entry " + std::to_string(entry.index.value) +
                                 " does not follow " + std::to_string(core->progress.applied.value),
                      .index = next(core->progress.applied)});
  }
  if (!core->transaction.is_open()) {
    if (auto begun = core->transaction.begin(); !begun) return fail(begun.error());
  }
  applied_open = true;
  if (core->applier.rebuilds()) {
    if (auto applied = apply_anew(entry); !applied) return fail(applied.error());
    core->account(entry, encoded);
    return ApplyResult{};
  }
  Result<ApplyResult> applied = core->apply_in_savepoint(entry);
  if (!applied) return applied;
  if (ends_request(entry)) {
    if (auto resolved = core->check_foreign_keys(); !resolved) return fail(resolved.error());
  }
  const auto* exec = std::get_if<Exec>(&entry.body);
  if (exec != nullptr && exec->changes != applied->changes) {
    return fail(ErrorCode::kRejected, "it changed " + std::to_string(applied->changes) +
                                          " rows here and " + std::to_string(exec->changes) +
                                          " where it was sequenced");
  }
  core->account(entry, encoded);
  return applied;
}

// The events of the log before an entry that starts the state anew, and that entry itself.
Result<void> StateDatabase::Impl::apply_anew(const Entry& entry) {
  Applier& applier = core->applier;
  if (!applier.prepared()) {
    auto prepared = core->transaction.in_savepoint([&] { return applier.prepare_rebuild(entry); });
    if (!prepared) return prepared;
  }
  const Applier::Current before = applier.current();
  const bool alone = !entry.request || entry.request->count == 1;
  auto applied = core->transaction.in_savepoint([&]() -> Result<void> {
    if (auto run = applier.run(entry); !run) return fail(run.error());
    return alone ? core->check_foreign_keys() : Result<void>{};
  });
  if (applied) return alone || !ends_request(entry) ? applied : core->check_foreign_keys();
  applier.restore(before);
  // What undoes the whole transaction cannot be left out of it.
  if (!core->transaction.destroyed() && applier.leaves_out(entry, applied.error())) return {};
  return applied;
}

StateDatabase::StateDatabase(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StateDatabase::~StateDatabase() = default;

Result<std::unique_ptr<StateDatabase>> StateDatabase::in_memory() {
  auto impl = Impl::in_memory(open_in_memory());
  if (!impl) return fail(impl.error());
  if (auto loaded = (*impl)->core->load(); !loaded) return fail(loaded.error());
  return std::unique_ptr<StateDatabase>(new StateDatabase(std::move(*impl)));
}

Result<std::unique_ptr<StateDatabase>> StateDatabase::Impl::verified(
    Result<Connection> connection) {
  auto impl = in_memory(std::move(connection));
  if (!impl) return fail(impl.error());
  if (auto loaded = (*impl)->core->load(); !loaded) return fail(loaded.error());
  std::unique_ptr<StateDatabase> state(new StateDatabase(std::move(*impl)));
  if (auto checked = state->check_content(); !checked) return fail(checked.error());
  return state;
}

Result<std::unique_ptr<StateDatabase>> StateDatabase::from_image(ByteView image) {
  return Impl::verified(open_image(image));
}

Result<std::unique_ptr<StateDatabase>> StateDatabase::from_intake(ImageIntake& intake) {
  return Impl::verified(intake.finish());
}

Result<std::unique_ptr<StateDatabase::Impl>> StateDatabase::Impl::on_pool(Pool& pool,
                                                                          const std::string& path) {
  auto impl = std::make_unique<Impl>();
  impl->pool = &pool;
  impl->path = path;
  impl->vfs = std::make_unique<PoolVfs>(pool);
  Result<Connection> writer = open_writer(path, impl->vfs->name());
  if (!writer) return fail(impl->cause(writer.error()));
  impl->core = std::make_unique<StateCore>(std::move(*writer));
  return impl;
}

Result<std::unique_ptr<StateDatabase>> StateDatabase::on_pool(Pool& pool, const std::string& path) {
  auto opened = Impl::on_pool(pool, path);
  if (!opened) return fail(opened.error());
  std::unique_ptr<Impl> impl = std::move(*opened);
  if (auto loaded = impl->core->load(); !loaded) return fail(impl->cause(loaded.error()));
  Result<Connection> reader = open_reader(path, impl->vfs->name());
  if (!reader) return fail(impl->cause(reader.error()));
  impl->second = std::make_unique<ReadConnection>(std::move(*reader));
  return std::unique_ptr<StateDatabase>(new StateDatabase(std::move(impl)));
}

Result<std::unique_ptr<StateDatabase>> StateDatabase::from_foreign(Pool& pool,
                                                                   const std::string& path,
                                                                   const EncodedEntry& entry,
                                                                   StoreId store) {
  auto impl = Impl::on_pool(pool, path);
  if (!impl) return fail(impl.error());
  if (auto begun = (*impl)->core->begin_foreign(entry, store); !begun)
    return fail((*impl)->cause(begun.error()));
  return std::unique_ptr<StateDatabase>(new StateDatabase(std::move(*impl)));
}

Index StateDatabase::applied() const {
  return impl_->core->progress.applied;
}
Index StateDatabase::last_app_entry() const {
  return impl_->core->progress.last_app;
}
ChainHash StateDatabase::chain() const {
  return impl_->core->progress.chain;
}
Index StateDatabase::checkpoint_mark() const {
  return impl_->core->progress.checkpoint;
}
Index StateDatabase::committed() const {
  return impl_->core->committed.applied;
}
ChainHash StateDatabase::committed_chain() const {
  return impl_->core->committed.chain;
}
StoreId StateDatabase::store() const {
  return impl_->core->progress.store;
}
void StateDatabase::set_store(StoreId store) {
  impl_->core->progress.store = store;
}
const SessionTable& StateDatabase::sessions() const {
  return impl_->core->sessions;
}
void StateDatabase::continue_from(const StateDatabase& base) {
  assert(applied() == Index{} && !in_transaction());
  impl_->core->progress = base.impl_->core->progress;
  impl_->core->sessions.adopt(base.sessions());
}

Result<void> StateDatabase::become_image() {
  assert(impl_->pool != nullptr && !in_transaction());
  impl_->second.reset();  // who reads keeps the WAL
  if (auto folded = checkpoint(); !folded) return folded;
  Result<Statement> mode = prepare_own(impl_->core->db(), "PRAGMA journal_mode=DELETE");
  if (!mode) return fail(impl_->cause(mode.error()));
  const Result<bool> row = mode->step();
  if (!row) return fail(impl_->cause(row.error()));
  if (mode->text(0) != "delete")
    return fail(ErrorCode::kStorageUnavailable, "the database does not leave WAL mode");
  File* const file = impl_->pool->find(impl_->path);
  return file == nullptr ? fail(ErrorCode::kStorageUnavailable, "the database's file is gone")
                         : file->flush();
}

bool StateDatabase::in_transaction() const {
  return impl_->core->transaction.is_open();
}
void StateDatabase::set_steps_max(std::uint64_t steps) {
  impl_->core->steps_max = steps;
}

const std::optional<Schema>& StateDatabase::schema() const {
  const Applier::Current& current = impl_->core->applier.current();
  if (current != impl_->schema_of) {
    impl_->schema_of = current;
    impl_->schema = current ? std::optional(current->schema()) : std::nullopt;
  }
  return impl_->schema;
}

Result<ApplyResult> StateDatabase::apply(const Entry& entry, ByteView encoded) {
  impl_->forget_cause();
  Result<ApplyResult> applied = impl_->apply(entry, encoded);
  if (!applied) {
    Error error = impl_->cause(applied.error());
    error = rebuilds() ? stands_in_the_way(entry, std::move(error))
                       : diverges(entry.index, std::move(error));
    impl_->roll_back();
    return fail(error);
  }
  return applied;
}

void StateDatabase::begin_rebuild(Schema schema) {
  assert(applied() == Index{} || !impl_->core->applier.current());
  impl_->core->applier.begin_rebuild(std::move(schema));
}

bool StateDatabase::rebuilds() const {
  return impl_->core->applier.rebuilds();
}

RebuildCounts StateDatabase::rebuild_counts() const {
  return impl_->core->applier.counts();
}

Result<BatchResult> StateDatabase::execute(const BatchContext& context,
                                           std::span<const BatchItem> items) {
  if (impl_->core->broken) return fail(*impl_->core->broken);
  if (auto sound = check_untouched(); !sound) {
    impl_->roll_back();
    return fail(sound.error());
  }
  // Those are in the log already, and execute() does again only what it has accepted itself.
  if (impl_->applied_open) {
    if (auto committed = commit(); !committed) return fail(committed.error());
  }
  impl_->forget_cause();
  Result<BatchResult> result = tablog::storage::execute(*impl_->core, context, items);
  if (!result) {
    const Error error = impl_->cause(result.error());
    impl_->roll_back();
    return fail(error);
  }
  return result;
}

Result<void> StateDatabase::commit() {
  impl_->forget_cause();
  auto committed = impl_->core->commit();
  impl_->applied_open = false;
  if (!committed) return fail(impl_->cause(committed.error()));
  return {};
}

void StateDatabase::rollback() {
  impl_->roll_back();
}

Result<void> StateDatabase::reverse_unordered() {
  return run_own(impl_->core->db(), "PRAGMA reverse_unordered_selects = ON");
}

Result<void> StateDatabase::reserve(std::uint64_t bytes) {
  if (impl_->pool == nullptr) return {};
  return impl_->pool->reserve(kReserveFactor * bytes + wal_bytes() + kReserveBytesMin);
}

Result<void> StateDatabase::checkpoint() {
  assert(!in_transaction());
  if (impl_->pool == nullptr) return {};
  impl_->forget_cause();
  const int code = sqlite3_wal_checkpoint_v2(impl_->core->db(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                             nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  return fail(impl_->cause(sql_error(impl_->core->db(), code, ErrorCode::kStorageUnavailable)));
}

std::uint64_t StateDatabase::wal_bytes() const {
  File* wal = impl_->pool == nullptr ? nullptr : impl_->pool->find(impl_->path + "-wal");
  return wal == nullptr ? 0 : wal->size().value_or(0);
}

Digest StateDatabase::digest() const {
  return impl_->core->digests.digest().value_or(Digest{});
}

Result<Digest> StateDatabase::recompute_digest() {
  const auto sums = table_digests();
  if (!sums) return fail(sums.error());
  return Digests::combine(*sums);
}

Result<void> StateDatabase::check_content() {
  Digests& digests = impl_->core->digests;
  const auto stored = digests.sums();
  const auto actual = digests.recompute();
  if (!stored) return fail(stored.error());
  if (!actual) return fail(actual.error());
  if (*stored != *actual)
    return fail(ErrorCode::kCorrupt, "the image's rows do not match its digests");
  return {};
}

Result<DigestsByTable> StateDatabase::running_table_digests() {
  return impl_->core->digests.sums();
}

Result<DigestsByTable> StateDatabase::table_digests() {
  return impl_->core->digests.recompute();
}

Result<void> StateDatabase::check_untouched() const {
  return impl_->core->digests.check_untouched();
}

Result<Rows> StateDatabase::query(const std::string& sql, std::span<const Argument> params) {
  impl_->forget_cause();
  Result<Rows> rows = impl_->reader().query(sql, params);
  if (!rows && rows.error().code != ErrorCode::kQueryFailed)
    return fail(impl_->cause(rows.error()));
  return rows;
}

Result<TablesRead> StateDatabase::tables_read(const std::string& sql) {
  Result<TableNames> names = impl_->reader().tables_read(sql);
  if (!names) return fail(names.error());
  const Digests& digests = impl_->core->digests;
  TablesRead reads{.names = std::move(*names)};
  reads.anything = std::ranges::any_of(reads.names, [&](const std::string& name) {
    return digests.is_virtual(name) || name == "sqlite_sequence";
  });
  return reads;
}

Changes StateDatabase::take_changes() {
  return impl_->core->digests.take_changes();
}

Result<Bytes> StateDatabase::snapshot() {
  assert(impl_->pool != nullptr || !in_transaction());  // one connection sees what is not committed
  if (auto sound = check_untouched(); !sound) return fail(sound.error());
  return impl_->reader().snapshot();
}

std::uint64_t StateDatabase::bytes() const {
  Result<Statement> pages = prepare_own(impl_->core->db(), "PRAGMA page_count");
  if (!pages) return 0;
  const Result<bool> row = pages->step();
  return row && *row ? static_cast<std::uint64_t>(pages->integer(0) * kPageBytes) : 0;
}

}  // namespace tablog::storage
