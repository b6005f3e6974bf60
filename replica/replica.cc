#include "replica/replica.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "log/chain.h"
#include "log/codec.h"
#include "log/payload.h"

namespace tablog::replica {
namespace {

constexpr int kDisputeQuestionsMax = 3;  // a resend interval apart
constexpr const char* kDiffers = "this tab's digest differs from the leader's";

}  // namespace

Replica::Replica(ClientId self, Schema schema, Options options)
    : self_(self), schema_(std::move(schema)), options_(options) {}

Output Replica::step(const Clock& now, const Input& input) {
  now_ = now;
  out_ = Output{};
  std::visit([this](const auto& each) { on(each); }, input);
  flush_outbox();
  run_ready_queries();
  if (const Status current = status(); current != told_) {
    out_.status = current;
    told_ = current;
  }
  plan_wake();
  return std::exchange(out_, Output{});
}

Status Replica::status() const {
  const bool silent = waits_for_leader() && now_.monotonic - heard_ >= options_.unresponsive_after;
  return Status{.term = term_,
                .leader = leader_ ? std::optional(leader_->tab) : std::nullopt,
                .head = std::max(head_, applied_),
                .durable = durable_,
                .applied = applied_,
                .checkpoint = checkpoint_,
                .leader_unresponsive = silent};
}

void Replica::send(std::optional<Address> to, MessageBody body) {
  out_.messages.push_back(Send{.to = to,
                               .message = Message{.store = store_,
                                                  .term = term_,
                                                  .from = {.tab = self_, .role = Role::kReplica},
                                                  .body = std::move(body)}});
}

void Replica::send_to_leader(MessageBody body) {
  if (leader_) send(leader_, std::move(body));
}

void Replica::on(const Started& /*input*/) {
  started_ = heard_ = sought_ = locks_queried_ = now_.monotonic;
  send(std::nullopt, Seek{});
}

void Replica::on(const Appends& input) {
  // A leader takes nothing of an older schema on that way.
  const bool handed = input.handed && leader_ && leader_->tab == self_ && phase_ != Phase::kRefused;
  for (const AppendRequest& each : input.requests) {
    AppendRequest request = each;
    request.schema_version = schema_.version;
    request.request_hash = hash_payload(request.payload);
    if (!waits_for_leader()) heard_ = now_.monotonic;  // from now on it is waited for
    if (auto error = why_unsendable(request)) {
      out_.settled.push_back(outbox_.refuse(std::move(request), *std::move(error)));
    } else {
      outbox_.add(std::move(request), handed ? std::optional(now_.monotonic) : std::nullopt);
    }
  }
}

void Replica::flush_outbox() {
  // A new leader of a log that this tab has followed knows the session and the schema: what has
  // no answer yet goes along with the join.
  const bool follows = phase_ == Phase::kLive || phase_ == Phase::kFetching ||
                       phase_ == Phase::kRefused || (phase_ == Phase::kJoining && ready_);
  const bool may_send = leader_ && follows;
  if (!may_send) return;
  for (;;) {
    auto requests = outbox_.take_unsent(now_.monotonic, options_.message);
    if (requests.empty()) return;
    send_to_leader(AppendRequests{.client = self_, .requests = std::move(requests)});
  }
}

void Replica::settle(std::vector<Settled> settled) {
  for (const Settled& each : settled) {
    if (const auto* accepted = std::get_if<Accepted>(&each.result);
        accepted && accepted->count > 0) {
      seen_ = std::max(seen_, Index{accepted->first_index.value + accepted->count - 1});
    }
  }
  std::ranges::move(settled, std::back_inserter(out_.settled));
}

void Replica::on(const Close& input) {
  send_to_leader(CloseSession{.client = self_});
  out_.replies.push_back(Reply{.call = input.call, .result = std::monostate{}});
}

// A page that was hidden or frozen may have missed messages: the answer tells the head.
void Replica::on(const Visibility& input) {
  const bool comes_back = input.visible && !visible_;
  visible_ = input.visible;
  if (comes_back) send(std::nullopt, Seek{});
}

// ---- following a leader ------------------------------------------------------------------------

// A leader of a later term speaks: whatever the one before was asked is asked again.
void Replica::adopt(const Message& message) {
  store_ = message.store;
  term_ = message.term;
  leader_ = message.from;
  joined_this_term_ = false;
  seen_before_ = seen_;
  if (dispute_) *dispute_ = Dispute{.term = dispute_->term};
  heard_ = now_.monotonic;
  outbox_.leader_changed();
  join();
}

void Replica::join() {
  phase_ = Phase::kJoining;
  joined_at_ = now_.monotonic;
  range_asked_.reset();
  send_to_leader(Join{
      .applied = applied_, .chain = chain_, .wants_entries = !asks_leader(), .schema = schema_});
}

void Replica::apply(const Committed& message) {
  // What is here already was applied from these very bytes, or the histories differ.
  ChainHash chain = message.previous_chain;
  std::uint64_t index = message.previous.value;
  std::size_t bytes = 0;
  std::vector<EncodedEntry> fresh;
  const auto differs = [&] { return Index{index} == applied_ && chain != chain_; };
  for (const auto& encoded : message.entries) {
    if (differs()) break;
    ++index;
    chain = extend_chain(chain, *encoded);
    bytes += encoded->size();
    if (Index{index} <= applied_) continue;
    auto entry = decode_entry(*encoded);
    if (!entry || entry->index != Index{index}) return;  // malformed: asked for again by the clock
    if (starts_anew(*entry)) return fetch_snapshot();    // of what is before it, nothing is left
    fresh.push_back(EncodedEntry{.entry = std::move(*entry), .bytes = encoded});
  }
  if (differs())
    return start_over(Noted::Kind::kRollback, "the leader's history differs from this tab's");
  if (fresh.empty()) return acknowledge(bytes);
  range_asked_.reset();
  for (const EncodedEntry& each : fresh) {
    const auto& stamp = each.entry.request;
    if (!stamp || stamp->client != self_ || !ends_request(each.entry)) continue;
    const auto* exec = std::get_if<Exec>(&each.entry.body);
    outbox_.accepted(stamp->number,
                     Accepted{.first_index = Index{each.entry.index.value + 1 - stamp->count},
                              .count = stamp->count,
                              .term = each.entry.term,
                              .time_ms = each.entry.time_ms,
                              .changes = exec != nullptr ? exec->changes : 0,
                              .voided = std::holds_alternative<Void>(each.entry.body)});
  }
  chain_ = chain;
  applied_ = Index{index};
  head_ = std::max(head_, applied_);
  expected_digest_ = message.digest;
  out_.apply = std::move(fresh);
  acknowledge(bytes);
}

void Replica::on(const Applied& input) {
  const bool differs = expected_digest_ && *expected_digest_ != input.digest;
  if (differs && !dispute_) {
    dispute_ = Dispute{.term = term_};
    ready_ = false;
  }
  caught_up();
}

// Which of the two is wrong, and in which tables: the leader recomputes its digests, and says them
// where they are sound. Where they are not it steps down instead, so that nobody installs what it
// has; the next one is asked.
void Replica::dispute() {
  dispute_->asked = now_.monotonic;
  ++dispute_->questions;
  send_to_leader(DigestDispute{.index = applied_});
}

void Replica::on(const DigestsRead& input) {
  if (!dispute_) return;
  const bool read = !input.tables.empty();
  const std::string names = read ? names_that_differ(dispute_->leaders, input.tables) : "";
  // Of another leader: then it was the one before that was wrong.
  if (read && names.empty() && dispute_->term != term_) {
    dispute_.reset();
    return caught_up();
  }
  start_over(Noted::Kind::kDivergence, names.empty() ? kDiffers : kDiffers + (": " + names));
}

void Replica::on(const ApplyFailed& input) {
  start_over(Noted::Kind::kDivergence, input.error.message);
}

void Replica::caught_up() {
  if (applied_ < head_) return ask_range();
  range_asked_.reset();
  settle(outbox_.applied(applied_));
  seen_ = std::max(seen_, applied_);
  if (dispute_) {
    if (!dispute_->asked) dispute();
    return;
  }
  if (applied_ < seen_) return;
  ready_ = true;
  if (!std::exchange(was_ready_, true)) out_.ready = true;
}

// Entries are there that this tab has not got.
void Replica::heard_of_head(Index head) {
  head_ = std::max(head_, head);
  if (phase_ == Phase::kLive && joined_this_term_ && !asks_leader() && applied_ < head_)
    ask_range();
}

// The page was told of entries that no leader has told of here: either they are on their way, or
// its store's data was deleted while no replica worker was there to see it, and this is another
// store.
void Replica::check_told() {
  const bool follows = phase_ == Phase::kLive && joined_this_term_;
  if (!follows || appended_ <= head_) {
    head_check_.reset();
    return;
  }
  if (head_check_ && now_.monotonic - head_check_->asked < options_.resend_interval) return;
  constexpr std::uint64_t kNoCallOfThePage = 1ULL << 32U;
  head_check_ = {
      .call = kNoCallOfThePage + ++head_checks_, .told = appended_, .asked = now_.monotonic};
  send_to_leader(ReadIndexRequest{.call = head_check_->call});
}

void Replica::ask_range() {
  if (head_.value - applied_.value > options_.snapshot_gap_entries) return fetch_snapshot();
  settle(outbox_.applied(applied_));
  if (range_asked_ && now_.monotonic - *range_asked_ < options_.resend_interval) return;
  range_asked_ = now_.monotonic;
  send_to_leader(RangeRequest{
      .call = 0, .from = next(applied_), .to = head_, .bytes_max = options_.range_bytes});
}

void Replica::note(Noted::Kind kind, Index index, std::string detail) {
  ++noted_;
  appended_ = {};
  out_.noted.push_back(Noted{.kind = kind, .index = index, .detail = std::move(detail)});
}

void Replica::note_shorter_log(Index head) {
  note(Noted::Kind::kRollback, head,
       "the leader's log ends before what this tab has read or appended");
}

// The log cannot be read there. A tab that opens says so; one that was open goes on from the state,
// which the leader's database has.
void Replica::catch_up_otherwise(const Error& error) {
  if (phase_ != Phase::kLive || applied_ >= head_) return;
  if (error.code == ErrorCode::kCompacted) return fetch_snapshot();
  fail_with(error);
  if (was_ready_) fetch_snapshot();
}

// What this tab holds is not the store's history, or not its content: none of it is served.
void Replica::start_over(Noted::Kind kind, std::string detail) {
  note(kind, applied_, std::move(detail));
  out_.apply.clear();
  out_.discard = true;
  ready_ = false;
  applied_ = {};
  chain_ = {};
  seen_ = seen_before_ = {};
  expected_digest_.reset();
  dispute_.reset();
  outbox_.forget_acceptances();
  fetch_snapshot();
}

// A log that was deleted and begun anew. Whether what was sent had been taken by the old one,
// nobody knows.
void Replica::follow_new_store(const Message& message) {
  store_ = {};
  term_ = {};
  leader_.reset();
  settle(
      outbox_.fail_all(Error{.code = ErrorCode::kStorageUnavailable,
                             .message = "the store's data was deleted or replaced while this tab "
                                        "was open"}));
  start_over(Noted::Kind::kRollback,
             "the store's data was deleted or replaced; this is another store");
  adopt(message);
}

void Replica::fetch_snapshot() {
  if (dispute_) return start_over(Noted::Kind::kDivergence, kDiffers);  // it ends unanswered
  phase_ = Phase::kFetching;
  transfer_ = 0;
  image_bytes_ = 0;
  ask_chunk();
}

void Replica::ask_chunk() {
  chunk_asked_ = now_.monotonic;
  send_to_leader(TransferRequest{
      .kind = TransferKind::kSnapshot, .transfer = transfer_, .offset = image_bytes_});
}

void Replica::receive_snapshot(const TransferChunk& message) {
  if (phase_ != Phase::kFetching || message.offset != image_bytes_) return;
  if (message.transfer != transfer_ && transfer_ != 0) return;  // of an earlier attempt
  const auto* bytes = std::get_if<Bytes>(&message.result);
  if (bytes == nullptr) {
    if (transfer_ != 0) fetch_snapshot();  // the leader let go of it
    return;                                // it could not begin: asked again by the clock
  }
  transfer_ = message.transfer;
  const auto let_go = [&] { send_to_leader(TransferRequest{.transfer = transfer_, .done = true}); };
  if (message.total_bytes > options_.replica_bytes_max) {
    let_go();
    options_.mode = Mode::kNone;
    out_.discard = true;
    return join();
  }
  image_bytes_ += bytes->size();
  out_.install = Piece{message.offset, *bytes, message.total_bytes};
  out_.progress.push_back(Progress{.done = image_bytes_, .total = message.total_bytes});
  if (!out_.install->is_last()) return ask_chunk();
  let_go();
  chunk_asked_ = now_.monotonic;
  image_bytes_ = 0;
}

void Replica::on(const SnapshotInstalled& input) {
  applied_ = input.applied;
  chain_ = input.chain;
  chunk_asked_.reset();
  outbox_.resend_all();  // what the image holds of this tab's is answered, not sent
  join();
}

void Replica::on(const SnapshotFailed& input) {
  note(Noted::Kind::kDivergence, applied_, input.error.message);
  applied_ = {};
  chain_ = {};
  // It may be the leader's state: let it look before it sends that again.
  if (input.error.code == ErrorCode::kCorrupt) send_to_leader(DigestDispute{.index = head_});
  transfer_ = 0;  // another one, when the clock says so
}

void Replica::acknowledge(std::uint64_t bytes) {
  constexpr std::uint64_t kOverheadBytes = 64;  // as the leader counts a Committed message
  unacknowledged_bytes_ += bytes + kOverheadBytes;
  if (unacknowledged_bytes_ < options_.acknowledge_bytes) return;
  unacknowledged_bytes_ = 0;
  send_to_leader(Acknowledge{.applied = asks_leader() ? head_ : applied_});
}

void Replica::fail_with(Error error) {
  out_.failed = std::move(error);
}

// ---- time --------------------------------------------------------------------------------------

bool Replica::waits_for_leader() const {
  if (phase_ == Phase::kRefused) return outbox_.size() > 0 || !calls_.empty();
  const bool follows = phase_ == Phase::kLive && (asks_leader() || applied_ >= head_);
  return !follows || !ready_ || outbox_.size() > 0 || !calls_.empty();
}

void Replica::on(const Ticked& /*input*/) {
  const auto now = now_.monotonic;
  wake_.reset();
  expire_calls();
  if (!was_ready_ && phase_ != Phase::kRefused && now - started_ >= options_.open_timeout) {
    started_ = now;
    fail_with(Error{.code = ErrorCode::kLeaderUnresponsive,
                    .message = "no tab took the lead of this store, or the one that leads does not "
                               "answer; close its other tabs, or try again"});
  }
  if (!waits_for_leader()) return;
  const auto due = [&](std::optional<std::chrono::microseconds> since) {
    return since && now - *since >= options_.resend_interval;
  };
  const bool silent = !leader_ || due(heard_);
  if (silent && now - sought_ >= (leader_ ? options_.resend_interval : options_.seek_interval)) {
    sought_ = now;
    send(std::nullopt, Seek{});
  }
  if (silent && now - locks_queried_ >= std::chrono::seconds{1}) {
    locks_queried_ = now;
    out_.query_locks = true;
  }
  out_.suspects = now - heard_ >= options_.suspect_after;
  if (!leader_) return;
  if (phase_ == Phase::kJoining && due(joined_at_)) join();
  if (phase_ == Phase::kFetching && due(chunk_asked_)) ask_chunk();
  if (!range_asked_ || due(range_asked_)) heard_of_head(std::max(head_, seen_));
  if (phase_ == Phase::kLive && dispute_ && due(dispute_->asked)) {
    dispute();  // also of a leader that is given up: it looks before it sends a snapshot
    if (dispute_->questions > kDisputeQuestionsMax) fetch_snapshot();
  }
  check_told();
  if (due(outbox_.oldest_sent())) outbox_.resend_probe();
  repeat_calls();
}

// One deadline that traffic does not move: what the channel lost is asked for again however busy it
// is.
void Replica::plan_wake() {
  if (!waits_for_leader()) return wake_.reset();
  if (wake_) return;
  wake_ = now_.monotonic + (leader_ ? options_.resend_interval : options_.seek_interval) / 2;
  out_.wake_at = wake_;
}

}  // namespace tablog::replica
