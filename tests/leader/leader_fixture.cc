#include "tests/leader/leader_fixture.h"

#include <utility>

namespace tablog::leader {

AppendRequest request(std::uint64_t number, std::string type, Durability durability) {
  AppendRequest request{.number = {number}, .schema_version = 1, .durability = durability};
  request.payload = std::vector<Event>{Event{.type = std::move(type)}};
  request.request_hash = hash_payload(request.payload);
  return request;
}

std::vector<std::uint64_t> numbers_of(const std::vector<Entry>& log, const ClientId& client) {
  std::vector<std::uint64_t> numbers;
  for (const Entry& entry : log) {
    if (entry.request && entry.request->client == client)
      numbers.push_back(entry.request->number.value);
  }
  return numbers;
}

Schema schema_of(std::uint32_t version) {
  Schema schema = samples::schema();
  schema.version = version;
  schema.engine = "3.54.1";
  schema.flags = 0;
  return schema;
}

LeaderFixture::LeaderFixture(Options options) : options_(options), schema_(schema_of(1)) {
  leader_.emplace(kSelf, recovered(), 7, options_);
}

Recovered LeaderFixture::recovered() const {
  return Recovered{.store = kStore,
                   .generation = {},
                   .last_term = log_.empty() ? Term{} : log_.back().term,
                   .head = Index{log_.size()},
                   .chain = chain_,
                   .checkpoint = {},
                   .last_time_ms = log_.empty() ? 0 : log_.back().time_ms,
                   .schema = schema_,
                   .sessions = table_,
                   .engine = "3.54.1"};
}

void LeaderFixture::restart(Recovered recovered) {
  leader_.emplace(kSelf, std::move(recovered), 8, options_);
  stepped_down_.reset();
  batch_due_ = false;
  begin();
}

void LeaderFixture::begin() {
  run(Started{});
  see_locks();
  (void)take_sent();
}

void LeaderFixture::run(const Input& input) {
  ASSERT_FALSE(stepped_down_) << "fed after step_down: " << stepped_down_->message;
  carry_out(leader_->step(now_, input));
}

BatchResult LeaderFixture::execute(const Execute& execute) {
  BatchResult result;
  executed_.clear();
  for (const BatchItem& item : execute.items) {
    const auto* event = std::get_if<Event>(&item.bodies.front());
    if (event != nullptr && event->type == "bad") {
      result.items.emplace_back(Error{.code = ErrorCode::kRejected, .message = "bad"});
      continue;
    }
    if (const auto* schema = std::get_if<Schema>(&item.bodies.front())) {
      if (schema->migrations.empty()) {
        result.items.emplace_back(
            Error{.code = ErrorCode::kRejected, .message = "the migration fails"});
        continue;
      }
      schema_ = *schema;
    }
    std::vector<EncodedEntry> entries;
    for (std::size_t i = 0; i < item.bodies.size(); ++i) {
      Entry entry{.index = Index{log_.size() + executed_.size() + 1},
                  .term = execute.context.term,
                  .time_ms = execute.context.time_ms,
                  .wall_ms = execute.context.wall_ms,
                  .schema_version = item.schema_version,
                  .request = item.request,
                  .body = item.bodies[i]};
      if (entry.request) {
        entry.request->position = static_cast<std::uint32_t>(i);
        entry.request->count = static_cast<std::uint32_t>(item.bodies.size());
      }
      entries.push_back(*encode(std::move(entry)));
      executed_.push_back(entries.back());
    }
    result.items.emplace_back(std::move(entries));
  }
  result.digest = samples::id<Digest>(static_cast<std::uint8_t>(log_.size() + executed_.size()));
  return result;
}

// The host's duties, leader/leader.h, in the order of Output's fields.
void LeaderFixture::carry_out(const Output& output) {
  std::vector<Input> followed_by;
  if (output.execute) {
    ++executions_;
    EXPECT_TRUE(!output.execute->on_anew || anew_) << "there is no second state";
    batches_.push_back(output.execute->items.size());
    if (auto error = std::exchange(reserve_error_, std::nullopt)) {
      followed_by.emplace_back(ReserveFailed{*error});
    } else {
      followed_by.emplace_back(
          Executed{.result = execute(*output.execute), .wal_bytes = wal_bytes_});
    }
  }
  if (output.persist) {
    if (auto error = std::exchange(persist_error_, std::nullopt)) {
      followed_by.emplace_back(PersistFailed{*error});
    } else {
      writes_ += output.persist->entries.empty() ? 0 : 1;
      for (const EncodedEntry& encoded : output.persist->entries) {
        EXPECT_EQ(encoded.entry.index, next(Index{log_.size()})) << "indexes are dense";
        log_.push_back(encoded.entry);
        chain_ = extend_chain(chain_, *encoded.bytes);
        table_.apply(encoded.entry);
      }
      if (output.persist->flush) {
        ++flushes_;
        flushed_ = Index{log_.size()};
      }
      followed_by.emplace_back(Persisted{});
    }
  }
  settled_.insert(settled_.end(), output.settled.begin(), output.settled.end());
  sent_.insert(sent_.end(), output.messages.begin(), output.messages.end());
  if (output.commit) {
    EXPECT_EQ(flushed_, Index{log_.size()}) << "the state is committed before the log is flushed";
    committed_ = flushed_;
  }
  reads_.insert(reads_.end(), output.reads.begin(), output.reads.end());
  if (output.checkpoint) {
    ++checkpoints_;
    wal_bytes_ = 0;
    followed_by.emplace_back(CheckpointDone{.index = committed_});
  }
  if (output.recheck_digest) ++rechecks_;
  if (output.begin_anew) anew_ = output.begin_anew;
  batch_due_ = batch_due_ || output.arm_batch;
  wake_at_ = output.wake_at;
  if (output.step_down) {
    EXPECT_TRUE(output.messages.empty() && output.settled.empty())
        << "a leader that steps down has nothing more to say";
    stepped_down_ = output.step_down;
    return;
  }
  for (const Input& input : followed_by) run(input);
  if (output.query_locks) {
    ++lock_queries_;
    if (lock_ != Lock::kAnswersLate) see_locks();
  }
  if (!hold_batches_ && !stepped_down_ && std::exchange(batch_due_, false)) run(BatchDue{});
}

void LeaderFixture::see_locks() {
  run(LocksSeen{.began = now_.monotonic, .held = lock_ != Lock::kLost, .tabs = tabs_});
}

void LeaderFixture::receive(const ClientId& from, MessageBody body) {
  run(Received{Message{.store = kStore,
                       .term = leader_->term(),
                       .from = replica_of(from),
                       .body = std::move(body)}});
}

void LeaderFixture::append(const ClientId& from, std::vector<AppendRequest> requests) {
  receive(from, AppendRequests{.client = from, .requests = std::move(requests)});
}

void LeaderFixture::advance(std::chrono::microseconds by) {
  const auto until = now_.monotonic + by;
  while (wake_at_ && *wake_at_ <= until && !stepped_down_) {
    now_.wall += std::chrono::duration_cast<std::chrono::milliseconds>(*wake_at_ - now_.monotonic);
    now_.monotonic = std::max(now_.monotonic, *std::exchange(wake_at_, std::nullopt));
    run(Ticked{});
  }
  now_.wall += std::chrono::duration_cast<std::chrono::milliseconds>(until - now_.monotonic);
  now_.monotonic = until;
}

std::vector<Send> LeaderFixture::take_sent() {
  return std::exchange(sent_, {});
}

}  // namespace tablog::leader
