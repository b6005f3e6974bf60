#include "web/host/leader_host.h"

#include <algorithm>
#include <utility>

#include "log/codec.h"
#include "log/overloaded.h"
#include "storage/profile.h"
#include "web/host/stats.h"

namespace tablog::host {
namespace {

constexpr std::size_t kLogSlotsMin = 3;   // the active segment and spares, also for a torn tail
constexpr std::size_t kPoolSlotsMin = 6;  // as the official pool: database, WAL, spares
constexpr std::uint64_t kRangeBytesMax = 4U << 20U;
constexpr std::size_t kSentRowsBytesMax = kMessageBytesMax - (64U << 10U);  // of a QueryResult

leader::Recovered recovered_from(const storage::Store& store) {
  const storage::LogHead& head = store.log().head();
  return leader::Recovered{.store = head.store,
                           .generation = head.generation,
                           .last_term = head.term,
                           .head = head.index,
                           .chain = head.chain,
                           .checkpoint = store.checkpoint_index(),
                           .last_time_ms = head.time_ms,
                           .schema = store.state().schema(),
                           .sessions = store.state().sessions(),
                           .engine = storage::engine_version()};
}

// Whole requests, at least one: a replica commits what one message brings, and a request is all or
// nothing.
Result<storage::LogFiles::Batch> read_requests(storage::LogFiles& log, Index from, Index to,
                                               std::uint64_t bytes_max) {
  for (std::uint64_t bytes = std::max<std::uint64_t>(bytes_max, 1);; bytes *= 2) {
    auto batch = log.read(from, to, bytes);
    if (!batch) return batch;
    auto& entries = batch->entries;
    const bool all = from.value + entries.size() > to.value;
    for (std::size_t whole = entries.size(); whole > 0; --whole) {
      const auto entry = decode_entry(*entries[whole - 1]);
      if (!entry) return fail(entry.error());
      if (!ends_request(*entry)) continue;
      entries.resize(whole);
      return batch;
    }
    if (all) return batch;
  }
}

}  // namespace

LeaderHost::LeaderHost(const LeaderConfig& config, ReplicaHost::Now now)
    : config_(config), now_(std::move(now)), node_(config_.self, config_.seed, config_.options) {}

LeaderHost::~LeaderHost() = default;

std::vector<LeaderEffect> LeaderHost::step(const node::Input& input) {
  run(input);
  return take_effects();
}

std::vector<LeaderEffect> LeaderHost::open(FilesOpened files) {
  // The lock was lost meanwhile: whoever has it now needs these handles.
  if (node_.state() != node::State::kOpening) return {CloseFiles{}};
  const std::size_t log_slots = files.files.log.size();
  newest_snapshot_.reset();
  auto store = storage::Store::open(std::move(files.files), store_options(files.generation));
  if (!store) return step(node::StorageFailed{.error = std::move(store.error())});
  // Crashes one upon the other have torn segments faster than spare slots were made: a leader could
  // not even write its term start, at this attempt or at any later one.
  if ((*store)->log().needs_slot() && !std::exchange(asked_for_slots_, true)) {
    store->reset();
    return {CloseFiles{},
            OpenFiles{.log_slots = log_slots + kLogSlotsMin - 1, .pool_slots = kPoolSlotsMin}};
  }
  asked_for_slots_ = false;
  store_ = std::move(*store);
  run(node::StorageOpened{.recovered = recovered_from(*store_)});
  want_slots();
  return take_effects();
}

// Each opening draws its own: a store that one worker begins anew, since site data was deleted
// under it, must not be taken for the old one, whose terms were higher.
storage::StoreOptions LeaderHost::store_options(Generation generation) {
  const std::uint64_t opening = openings_++ * 0xD1B54A32D192ED03ULL;
  storage::StoreOptions options{.fresh = config_.fresh,
                                .generation = generation,
                                .salt_seed = config_.seed + opening,
                                .log = config_.log};
  for (std::size_t i = 0; i < sizeof opening; ++i)
    options.fresh.bytes[i] ^= static_cast<std::byte>(opening >> (8 * i));
  return options;
}

std::vector<LeaderEffect> LeaderHost::open_failed(FilesFailed failed) {
  return step(node::StorageFailed{.error = std::move(failed.error)});
}

std::vector<LeaderEffect> LeaderHost::add(SlotAdded added) {
  if (!store_) return {};  // closed meanwhile; the handle goes with the file
  if (added.directory == Directory::kLog) {
    store_->add_log_slot(std::move(added.slot));
  } else {
    store_->add_pool_slot(std::move(added.slot));
  }
  return {};
}

std::vector<LeaderEffect> LeaderHost::receive(ByteView bytes) {
  auto message = decode_message(bytes);
  if (!message) return {};
  return step(leader::Input{leader::Received{.message = std::move(*message)}});
}

std::vector<LeaderEffect> LeaderHost::append(std::vector<AppendRequest> requests) {
  for (AppendRequest& request : requests) {
    request.schema_version = config_.schema_version;
    request.request_hash = hash_payload(request.payload);
  }
  return step(leader::Input{leader::OwnAppends{std::move(requests)}});
}

// The message to oneself comes last: it is not to hold up what others wait for.
std::vector<LeaderEffect> LeaderHost::take_effects() {
  if (std::exchange(batch_due_, false)) effects_.emplace_back(ArmBatch{});
  return std::exchange(effects_, {});
}

void LeaderHost::run(const node::Input& input) {
  carry_out(node_.step(now_(), input));
}

void LeaderHost::carry_out(node::Output output) {
  std::vector<node::Input> followed_by;
  carry_out(output.leader, followed_by);
  if (output.close_files) {
    transfers_.clear();
    compactions_.clear();
    // Opened again as it is it would look sound: open() does not read every row.
    if (std::exchange(state_is_wrong_, false)) {
      storage::Store::close_without_state(std::move(store_));
    }
    store_.reset();
    effects_.emplace_back(CloseFiles{});
  }
  if (output.failed) effects_.emplace_back(std::move(*output.failed));
  if (output.state)
    effects_.emplace_back(RoleChanged{.state = *output.state, .term = node_.term()});
  if (output.release_lock) effects_.emplace_back(LockAction::kRelease);
  if (output.open_files) {
    effects_.emplace_back(
        OpenFiles{.log_slots = kLogSlotsMin, .pool_slots = kPoolSlotsMin, .fork = output.fork});
  }
  if (output.ask_fork_lock) effects_.emplace_back(LockAction::kAskFork);
  if (output.release_fork_lock) effects_.emplace_back(LockAction::kReleaseFork);
  if (output.steal_lock) effects_.emplace_back(LockAction::kSteal);
  if (output.query_locks) effects_.emplace_back(QueryLocks{});
  if (output.wake_at) {
    effects_.emplace_back(
        SetTimer{std::max(*output.wake_at - now_().monotonic, std::chrono::microseconds{0})});
  }
  for (const node::Input& input : followed_by) run(input);
}

// In the order of the fields of leader::Output; what fails is fed back, and the rest is not done:
// an answer never leaves before what it tells of is durable.
void LeaderHost::carry_out(leader::Output& output, std::vector<node::Input>& followed_by) {
  if (output.execute) followed_by.push_back(execute(*output.execute));
  if (output.persist) followed_by.push_back(persist(*output.persist));
  for (Answer& answer : output.settled) effects_.emplace_back(std::move(answer));
  for (const leader::Send& each : output.messages) send(each);
  if (output.commit) {
    if (auto committed = store_->commit_state(); !committed) {
      note_damage(committed.error());
      followed_by.push_back(leader::Input{leader::StateFailed{std::move(committed.error())}});
      return;
    }
  }
  for (const leader::Read& read : output.reads) serve(read, followed_by);
  if (state_is_wrong_) {  // so a query has found
    followed_by.push_back(leader::Input{leader::DigestChecked{.matches = false}});
  }
  if (output.checkpoint) {
    if (auto done = store_->checkpoint()) {
      followed_by.push_back(leader::Input{leader::CheckpointDone{.index = *done}});
      keep_snapshot(*done);
    } else {
      note_damage(done.error());
      followed_by.push_back(leader::Input{leader::StateFailed{std::move(done.error())}});
    }
  }
  if (output.recheck_digest) {
    followed_by.push_back(leader::Input{recheck_digest()});
  }
  if (output.begin_anew) begin_anew(*output.begin_anew, followed_by);
  batch_due_ = batch_due_ || output.arm_batch;
  if (output.query_locks) effects_.emplace_back(QueryLocks{});
}

node::Input LeaderHost::execute(const leader::Execute& execute) {
  // Control entries live on what was reserved when the store was opened: a full disk still has a
  // leader.
  const bool app = std::ranges::any_of(
      execute.items, [](const BatchItem& item) { return item.request.has_value(); });
  if (app) {
    if (auto reserved = store_->reserve(execute.bytes); !reserved) {
      if (reserved.error().code != ErrorCode::kQuotaExceeded) {
        return leader::Input{leader::ExecuteFailed{std::move(reserved.error())}};
      }
      return leader::Input{leader::ReserveFailed{std::move(reserved.error())}};
    }
  }
  if (execute.on_anew) store_->swap_state();
  auto result = store_->state().execute(execute.context, execute.items);
  const bool refused = execute.on_anew && result && std::holds_alternative<Error>(result->items[0]);
  if (refused) {
    store_->swap_state();  // back
    result->digest = store_->state().digest();
  }
  if (!result) {
    note_damage(result.error());
    return leader::Input{leader::ExecuteFailed{std::move(result.error())}};
  }
  return leader::Input{
      leader::Executed{.result = std::move(*result), .wal_bytes = store_->state().wal_bytes()}};
}

node::Input LeaderHost::persist(const leader::Persist& persist) {
  if (!persist.entries.empty()) {
    if (auto written = store_->log().append(persist.entries, persist.digest); !written) {
      return leader::Input{leader::PersistFailed{std::move(written.error())}};
    }
  }
  if (persist.flush) {
    if (auto flushed = store_->log().flush(); !flushed) {
      return leader::Input{leader::PersistFailed{std::move(flushed.error())}};
    }
  }
  want_slots();
  return leader::Input{leader::Persisted{}};
}

leader::DigestChecked LeaderHost::recheck_digest() {
  storage::StateDatabase& state = store_->state();
  if (auto untouched = state.check_untouched(); !untouched) {
    note_damage(untouched.error());
    return {.matches = false, .tables = {}, .wrong = std::move(untouched.error().message)};
  }
  const auto running = state.running_table_digests();
  auto actual = state.table_digests();
  if (!running || !actual) {
    note_damage(running ? actual.error() : running.error());
    return {.matches = false};
  }
  std::string wrong = names_that_differ(*running, *actual);
  state_is_wrong_ = state_is_wrong_ || !wrong.empty();
  return {.matches = wrong.empty(), .tables = std::move(*actual), .wrong = std::move(wrong)};
}

// Of the state database; the log is read, and judged, by itself.
void LeaderHost::note_damage(const Error& error) {
  state_is_wrong_ = state_is_wrong_ || error.code == ErrorCode::kCorrupt;
}

void LeaderHost::want_slots() {
  const std::size_t log = store_ ? store_->log_slots_wanted() : 0;
  const std::size_t pool = store_ ? store_->pool_slots_wanted() : 0;
  if (log + pool > 0) effects_.emplace_back(WantSlots{.log_slots = log, .pool_slots = pool});
}

// A checkpoint's state is durable, and in one piece. Without memory for an image there is just
// none.
void LeaderHost::keep_snapshot(Index checkpoint) {
  if (!config_.keeps_snapshots || !newest_snapshot_ ||
      store_->state().bytes() > config_.snapshot_bytes_max ||
      checkpoint.value < newest_snapshot_->value + config_.snapshot_entries) {
    return;
  }
  auto image = store_->state().snapshot();
  if (!image) return;
  newest_snapshot_ = checkpoint;
  effects_.emplace_back(KeepSnapshot{.index = checkpoint, .image = std::move(*image)});
}

void LeaderHost::send(const leader::Send& send) {
  effects_.emplace_back(SendBytes{.to = send.to, .bytes = encode_message(send.message)});
}

void LeaderHost::answer(const Address& to, MessageBody body) {
  send(leader::Send{.to = to,
                    .message = Message{.store = store_->log().head().store,
                                       .term = node_.term(),
                                       .from = {.tab = config_.self, .role = Role::kLeader},
                                       .body = std::move(body)}});
}

// ---- reads of committed storage ----------------------------------------------------------------

void LeaderHost::serve(const leader::Read& read, std::vector<node::Input>& followed_by) {
  std::visit(Overloaded{[&](const RangeRequest& request) { serve(read, request, followed_by); },
                        [&](const auto& request) { serve(read, request); }},
             read.request);
}

void LeaderHost::serve(const leader::Read& read, const RangeRequest& request,
                       std::vector<node::Input>& followed_by) {
  const Index to = request.to == Index{} ? read.head : std::min(request.to, read.head);
  Result<storage::LogFiles::Batch> batch;
  if (request.from > Index{} && request.from <= to) {
    batch = read_requests(store_->log(), request.from, to,
                          std::min<std::uint64_t>(request.bytes_max, kRangeBytesMax));
  }
  if (request.call != 0 || !batch) {
    Range range{.call = request.call, .result = {}, .head = read.head};
    if (batch) {
      range.result = std::move(batch->entries);
    } else {
      range.result = std::move(batch.error());
    }
    return answer(read.to, std::move(range));
  }
  if (batch->entries.empty()) return;
  const Index through{request.from.value + batch->entries.size() - 1};
  std::uint64_t bytes = 0;
  for (const auto& each : batch->entries) bytes += each->size();
  answer(read.to, Committed{.previous = Index{request.from.value - 1},
                            .previous_chain = batch->previous_chain,
                            .entries = std::move(batch->entries),
                            .head = read.head,
                            .durable = std::min(store_->log().head().durable, read.head),
                            .checkpoint = store_->checkpoint_index(),
                            .digest = std::nullopt});
  followed_by.push_back(
      leader::Input{leader::RangeSent{.to = read.to, .through = through, .bytes = bytes}});
}

void LeaderHost::serve(const leader::Read& read, const QueryRequest& request) {
  QueryResult result{.call = request.call, .result = {}};
  if (auto rows = store_->state().query(request.sql, request.params); !rows) {
    note_damage(rows.error());
    result.result = std::move(rows.error());
  } else if (rows->encoded.size() > kSentRowsBytesMax) {
    result.result =
        Error{.code = ErrorCode::kQueryFailed,
              .message = "the result is over " + std::to_string(kSentRowsBytesMax >> 20U) +
                         " MiB, and this tab has no replica of its own: use LIMIT"};
  } else {
    result.result = std::move(rows->encoded);
  }
  answer(read.to, std::move(result));
}

void LeaderHost::serve(const leader::Read& read, const TransferRequest& request) {
  auto chunk = transfers_.serve(*store_, request, now_().monotonic);
  if (!chunk) return;
  const auto* error = std::get_if<Error>(&chunk->result);
  if (error != nullptr && request.kind != TransferKind::kLogExport) note_damage(*error);
  answer(read.to, std::move(*chunk));
}

void LeaderHost::serve(const leader::Read& read, const StatsRequest& request) {
  answer(read.to, Stats{.call = request.call, .json = stats_json(*store_, node_)});
}

}  // namespace tablog::host
