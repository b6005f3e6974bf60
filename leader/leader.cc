#include "leader/leader.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "leader/refusal.h"
#include "log/chain.h"
#include "log/codec.h"
#include "log/payload.h"

namespace tablog::leader {
namespace {

Term following(Term last, Generation generation) {
  if (last.generation() < generation) return Term::of(generation, 1);
  return Term{last.value + 1};
}

}  // namespace

Leader::Leader(ClientId self, Recovered recovered, std::uint64_t seed, Options options)
    : self_(self),
      options_(options),
      store_(recovered.store),
      seed_(seed),
      term_(following(recovered.last_term, recovered.generation)),
      lease_(options.lease),
      sessions_(std::move(recovered.sessions), std::chrono::microseconds{0}),
      subscribers_(options.window_bytes),
      schema_(std::move(recovered.schema)),
      engine_(std::move(recovered.engine)),
      sequenced_(recovered.head),
      chain_(recovered.chain),
      durable_(recovered.head),
      committed_(recovered.head),
      published_(recovered.head),
      published_chain_(recovered.chain),
      checkpoint_(recovered.checkpoint),
      last_time_ms_(recovered.last_time_ms) {}

Output Leader::step(const Clock& now, const Input& input) {
  now_ = now;
  out_ = Output{};
  std::visit([this](const auto& each) { on(each); }, input);
  if (!out_.step_down) {
    tend_exclusive();
    drain();
    plan_upkeep();
    plan_wake();
  }
  return std::exchange(out_, Output{});
}

void Leader::on(const Started& /*input*/) {
  started_ = last_checkpoint_ = now_.monotonic;
  if (lease_.ask(now_.monotonic)) out_.query_locks = true;
  controls_.push_front(Control{.body = TermStart{.leader = self_}});
  cut_and_arm();
}

void Leader::on(const BatchDue& /*input*/) {
  armed_ = false;
  if (commit_due()) commit();
  if (!has_work()) return;
  if (out_.commit) return arm();  // an output executes before it commits
  cut_and_arm();
}

void Leader::arm() {
  if (armed_ || in_flight_) return;
  armed_ = true;
  out_.arm_batch = true;
}

// What comes while nothing is on its way does not wait. The message to oneself that follows every
// batch is behind all that has come meanwhile: that is the next one.
void Leader::cut_and_arm() {
  if (armed_ || in_flight_) return;
  arm();
  cut_batch();
}

// Everything that has queued up, up to the limits, is one batch: one write, one flush.
void Leader::cut_batch() {
  if (in_flight_) return;  // the end of that one arms the next
  InFlight batch;
  Execute execute{.context = context(), .items = {}};
  take_controls(batch, execute);
  if (serving_) take_requests(batch, execute);
  if (execute.items.empty()) {
    if (!batch.rejected.empty()) say_unwritten(std::move(batch));
    return;
  }
  last_time_ms_ = execute.context.time_ms;
  in_flight_ = std::move(batch);
  out_.execute = std::move(execute);
}

BatchContext Leader::context() const {
  return {.term = term_,
          .time_ms = std::max(last_time_ms_, now_.wall.count()),
          .wall_ms = now_.wall.count(),
          .seed = seed_ ^ (sequenced_.value * 0x9E3779B97F4A7C15ULL)};
}

void Leader::take_controls(InFlight& batch, Execute& execute) {
  constexpr std::uint64_t kControlBytes = 1024;
  bool migrates = false;
  for (Control& control : std::exchange(controls_, {})) {
    const auto* close = std::get_if<SessionClose>(&control.body);
    if (close != nullptr && !sessions_.is_open(close->client)) continue;
    if (const auto* schema = std::get_if<Schema>(&control.body)) {
      if (!is_newer(*schema)) {  // another tab has brought it meanwhile
        for (Joining& joining : control.joinings) say(std::move(joining));
        continue;
      }
      // One at a time: the next is judged by what has become of this one.
      if (std::exchange(migrates, true)) {
        controls_.push_back(std::move(control));
        continue;
      }
    }
    execute.items.push_back(BatchItem{.bodies = {control.body}});
    execute.bytes += kControlBytes;
    batch.controls.push_back(std::move(control));
  }
  batch.flush = !batch.controls.empty();
}

// Also the same text, where this tab has a newer engine than the log: that it was opened by it says
// so. From that entry on, older ones do not apply what it writes.
bool Leader::is_newer(const Schema& schema) const {
  if (follows_any(schema)) return false;
  if (!schema_) return true;
  if (schema.engine == schema_->engine) return schema.version > schema_->version;
  const bool same_text =
      schema.version == schema_->version && hash_schema(schema) == hash_schema(*schema_);
  return schema.engine == engine_ && (same_text || schema.version > schema_->version);
}

// A checkpoint's mark does not hurry: it rides with whatever comes next.
bool Leader::has_work() const {
  const auto may = [this](const Queued& queued) { return may_take(queued); };
  return std::ranges::any_of(queue_, may) ||
         std::ranges::any_of(controls_, [](const Control& control) {
           return !std::holds_alternative<CheckpointMark>(control.body);
         });
}

// Whoever wants exclusive use has the requests of all others wait from then on.
bool Leader::may_take(const Queued& queued) const {
  return exclusive_.empty() || exclusive_.front().tab.tab == queued.client;
}

void Leader::take_requests(InFlight& batch, Execute& execute) {
  auto each = queue_.begin();
  while (each != queue_.end() && batch.requests.size() < options_.batch_requests_max &&
         execute.bytes < options_.batch_bytes_max) {
    if (!may_take(*each)) {
      ++each;
      continue;
    }
    const std::uint32_t deaths = each->request.leader_deaths;
    const bool poisonous = deaths >= options_.poison_alone_deaths;
    if (poisonous && !execute.items.empty()) return arm();  // alone, in the next
    Queued queued = std::move(*each);
    each = queue_.erase(each);
    queue_bytes_ -= request_bytes(queued.request);
    if (deaths >= options_.poison_reject_deaths) {
      batch.rejected.emplace_back(
          std::move(queued), Error{.code = ErrorCode::kRejected,
                                   .message = "it was in flight when " + std::to_string(deaths) +
                                              " leaders ended, and is taken to be the cause"});
      continue;
    }
    execute.bytes += request_bytes(queued.request);
    if (queued.request.durability == Durability::kFull) batch.flush = true;
    // Its turn is what the exclusive use was for. The others go on in the next batch: this one has
    // passed some of theirs.
    const bool had_its_turn = !exclusive_.empty() && !queued.request.reads.empty();
    execute.items.push_back(to_item(queued.client, queued.request));
    batch.requests.push_back(std::move(queued));
    if (had_its_turn) return drop_exclusive(batch.requests.back().client);
    if (poisonous) return arm();
  }
  if (has_work()) arm();
}

void Leader::drop_exclusive(const ClientId& tab) {
  std::erase_if(exclusive_, [&](const Exclusive& each) { return each.tab.tab == tab; });
  if (has_work()) arm();
}

void Leader::tend_exclusive() {
  if (exclusive_.empty()) return;
  const auto until = exclusive_.front().until;
  if (until && *until <= now_.monotonic) drop_exclusive(ClientId{exclusive_.front().tab.tab});
  if (exclusive_.empty() || exclusive_.front().until || in_flight_) return;
  Exclusive& first = exclusive_.front();
  first.until = now_.monotonic + options_.exclusive;
  send(first.tab, ReadIndex{.call = first.call, .index = {}});
}

void Leader::on(const Executed& input) {
  assert(in_flight_);
  InFlight& batch = *in_flight_;
  [[maybe_unused]] const std::size_t cut = batch.controls.size() + batch.requests.size();
  assert(input.result.items.size() == cut);
  for (std::size_t i = 0; i < input.result.items.size(); ++i) {
    const auto& item = input.result.items[i];
    if (const auto* entries = std::get_if<std::vector<EncodedEntry>>(&item)) {
      batch.entries.insert(batch.entries.end(), entries->begin(), entries->end());
      if (i < batch.controls.size()) continue;
      const Queued& queued = batch.requests[i - batch.controls.size()];
      if (queued.via == Via::kPage) batch.own_accepted.push_back(queued.request.number);
      continue;
    }
    const Error& error = std::get<Error>(item);
    if (i >= batch.controls.size()) {
      batch.rejected.emplace_back(batch.requests[i - batch.controls.size()], error);
    } else if (const auto& joinings = batch.controls[i].joinings; !joinings.empty()) {
      for (const Joining& joining : joinings) batch.refused.emplace_back(joining, error);
    } else {
      return fail_with(error);  // a control entry of our own must apply
    }
  }
  for (const EncodedEntry& encoded : batch.entries) {
    sessions_.apply(encoded.entry);
    if (const auto* schema = std::get_if<Schema>(&encoded.entry.body)) {
      batch.outdated = std::exchange(schema_, *schema);
    }
    bytes_since_checkpoint_ += encoded.bytes->size();
  }
  if (input.wal_bytes >= options_.checkpoint_wal_bytes) checkpoint_wanted_ = true;
  batch.digest = input.result.digest;
  digest_ = input.result.digest;
  if (!batch.entries.empty()) {
    out_.persist = Persist{.entries = batch.entries, .digest = digest_, .flush = batch.flush};
    return;
  }
  // All rejected: nothing to write. What they were judged by is published before them, in order.
  say_unwritten(*std::exchange(in_flight_, std::nullopt));
  if (has_work()) arm();
}

void Leader::on(const ReserveFailed& input) {
  assert(in_flight_);
  InFlight batch = std::move(*in_flight_);
  in_flight_.reset();
  if (!serving_) return fail_with(input.error);
  std::ranges::move(batch.controls,
                    std::back_inserter(controls_));  // alone they need no reservation
  for (Queued& queued : batch.requests) batch.rejected.emplace_back(std::move(queued), input.error);
  batch.controls.clear();
  batch.requests.clear();
  say_unwritten(std::move(batch));
  if (has_work()) arm();
}

void Leader::say_unwritten(InFlight batch) {
  say(Publication{.previous = sequenced_,
                  .previous_chain = chain_,
                  .last = sequenced_,
                  .chain = chain_,
                  .batch = std::move(batch),
                  .unwritten = true});
}

void Leader::on(const Persisted& /*input*/) {
  InFlight batch;  // stays empty for a flush of its own
  if (in_flight_) batch = std::move(*in_flight_);
  in_flight_.reset();
  Publication publication{.previous = sequenced_, .previous_chain = chain_};
  for (const EncodedEntry& encoded : batch.entries) {
    chain_ = extend_chain(chain_, *encoded.bytes);
    sequenced_ = encoded.entry.index;
    uncommitted_bytes_ += encoded.bytes->size();
  }
  publication.last = sequenced_;
  publication.chain = chain_;
  publication.announce = !std::exchange(serving_, true);
  counters_.entries += batch.entries.size();
  if (!batch.entries.empty()) {
    ++counters_.batches;
    if (uncommitted_batches_++ == 0) uncommitted_since_ = now_.monotonic;
  }

  if (batch.flush || flush_wanted_) {
    durable_ = sequenced_;
    relaxed_since_.reset();
    flush_wanted_ = false;
  } else if (!batch.entries.empty() && !relaxed_since_) {
    relaxed_since_ = now_.monotonic;
  }
  publication.batch = std::move(batch);
  say(std::move(publication));
  if (sequenced_.value - checkpoint_.value >= options_.checkpoint_entries ||
      bytes_since_checkpoint_ >= options_.checkpoint_bytes) {
    checkpoint_wanted_ = true;
  }
  if (has_work() || commit_due()) arm();
}

// The state database commits behind the answers, and once for several batches: until then, and
// after a death, the log has it all. Only what the log has flushed, and never part of a batch.
bool Leader::can_commit() const {
  return committed_ < sequenced_ && durable_ == sequenced_ && !in_flight_;
}

bool Leader::commit_due() const {
  return can_commit() && (uncommitted_batches_ >= options_.commit_batches ||
                          uncommitted_bytes_ >= options_.commit_bytes ||
                          now_.monotonic - uncommitted_since_ >= options_.commit_delay);
}

void Leader::commit() {
  if (!can_commit()) return;
  out_.commit = true;
  committed_ = sequenced_;
  uncommitted_batches_ = 0;
  uncommitted_bytes_ = 0;
}

void Leader::on(const ExecuteFailed& input) {
  fail_with(input.error);
}
void Leader::on(const PersistFailed& input) {
  fail_with(input.error);
}
void Leader::on(const StateFailed& input) {
  fail_with(input.error);
}

void Leader::on(const CheckpointDone& input) {
  checkpoint_ = input.index;
  checkpoint_wanted_ = false;
  bytes_since_checkpoint_ = 0;
  last_checkpoint_ = now_.monotonic;
  // Told by the log as well, so that recovery has a proof. The last one is enough.
  std::erase_if(controls_, [](const Control& control) {
    return std::holds_alternative<CheckpointMark>(control.body);
  });
  controls_.push_back(Control{.body = CheckpointMark{.index = input.index}});
  for (const auto& [to, call] : std::exchange(checkpoint_calls_, {})) {
    send(to, tablog::CheckpointDone{.call = call, .result = input.index});
  }
}

void Leader::on(const RangeSent& input) {
  subscribers_.range_sent(input.to, input.through, input.bytes, published_);
}

void Leader::on(const DigestChecked& input) {
  if (!input.matches) {
    const std::string where = input.wrong.empty() ? "" : " (" + input.wrong + ")";
    return fail_with(Error{.code = ErrorCode::kCorrupt,
                           .message = "the state database's content does not match its digest" +
                                      where + "; it is rebuilt",
                           .index = sequenced_});
  }
  checked_ = TableDigests{.index = sequenced_, .tables = input.tables};
  for (const Address& tab : std::exchange(disputants_, {})) send(tab, *checked_);
}

// Between two inputs no batch is on its way: what the second state has is all that there is.
void Leader::on(const AnewAdvanced& input) {
  if (!upgrade_) return;
  if (!input.finished) {
    for (const Joining& joining : upgrade_->joinings)
      send(joining.from, Working{.done = input.done, .total = input.total});
    return;
  }
  assert(!in_flight_);
  Control control{.body = std::move(upgrade_->schema), .joinings = std::move(upgrade_->joinings)};
  upgrade_.reset();
  Execute execute{
      .context = context(), .items = {BatchItem{.bodies = {control.body}}}, .on_anew = true};
  last_time_ms_ = execute.context.time_ms;
  in_flight_ = InFlight{.controls = {}, .flush = true};
  in_flight_->controls.push_back(std::move(control));
  out_.execute = std::move(execute);
}

void Leader::on(const AnewFailed& input) {
  if (!upgrade_) return;
  for (const Joining& joining : upgrade_->joinings)
    send(joining.from, SchemaRefused{.error = input.error});
  upgrade_.reset();
}

void Leader::on(const BaseReady& /*input*/) {
  say(Read{.to = {}, .request = FreeCompacted{}, .head = {}});
}

void Leader::on(const LocksSeen& input) {
  if (!input.held) {
    return fail_with(Error{.code = ErrorCode::kLeaderUnresponsive,
                           .message = "the leader's lock is no longer held by this tab"});
  }
  lease_.seen(input.began);
  // What was seen before the log was recovered, at the lock's grant, may be older than a session in
  // it: a leader whose lock was stolen takes requests until it notices.
  if (input.began >= started_) {
    for (const ClientId& client : sessions_.absent(input.tabs, input.began)) close_session(client);
  }
  subscribers_.drop_absent(input.tabs, input.began);
  const auto gone = std::ranges::find_if(exclusive_, [&](const Exclusive& each) {
    return each.asked < input.began && !input.tabs.contains(each.tab.tab);
  });
  if (gone != exclusive_.end()) drop_exclusive(ClientId{gone->tab.tab});
}

void Leader::close_session(const ClientId& client) {
  std::erase_if(queue_, [&](const Queued& queued) {
    if (queued.client != client) return false;
    queue_bytes_ -= request_bytes(queued.request);
    return true;
  });
  if (!sessions_.begin_close(client)) return;
  controls_.push_back(Control{.body = SessionClose{.client = client}});
  arm();
}

void Leader::on(const Ticked& /*input*/) {
  const auto now = now_.monotonic;
  if (relaxed_since_ && now - *relaxed_since_ >= options_.relaxed_flush) flush_wanted_ = true;
  if (commit_due()) commit();
  if (checkpoint_ < committed_ && now - last_checkpoint_ >= options_.checkpoint_interval) {
    checkpoint_wanted_ = true;
  }
}

// A flush or a checkpoint of its own, where no batch is on its way.
void Leader::plan_upkeep() {
  if (in_flight_ || out_.execute || out_.persist) return;
  const bool relaxed = durable_ < sequenced_;
  if (!relaxed) flush_wanted_ = false;
  if (relaxed && (flush_wanted_ || checkpoint_wanted_)) {
    flush_wanted_ = true;
    out_.persist = Persist{.entries = {}, .digest = digest_, .flush = true};
  } else if (checkpoint_wanted_) {
    commit();
    out_.checkpoint = true;  // after the commit
  }
}

void Leader::fail_with(Error error) {
  if (!out_.step_down) out_.step_down = std::move(error);
}

}  // namespace tablog::leader
