// What each message asks of the leader. Everything here is untrusted input from another tab.
#include <algorithm>
#include <utility>

#include "leader/leader.h"
#include "leader/refusal.h"
#include "log/codec.h"
#include "log/payload.h"

namespace tablog::leader {
namespace {

// Beyond either, dropped: their tabs' own bound ends them.
constexpr std::size_t kWaitingQueriesMax = 1024;
constexpr std::size_t kExclusiveMax = 1024;

}  // namespace

void Leader::on(const Received& input) {
  const Message& message = input.message;
  const bool seeks = std::holds_alternative<Seek>(message.body);
  // A seeking tab may know a store that was deleted since: the answer tells it of this one.
  if (!seeks && !message.store.is_zero() && message.store != store_) {
    ++counters_.dropped_messages;
    return;
  }
  if (!seeks && message.term != term_) {
    ++counters_.dropped_messages;
    // Someone knows a later leader: make sure that this one still is, rather than believe a
    // message.
    if (message.term > term_) lease_ = Lease(options_.lease);
    return;
  }
  if (!serving_) return;  // the announcement will reach the sender
  last_activity_ = now_.monotonic;
  std::visit([&](const auto& body) { receive(message.from, body); }, message.body);
}

void Leader::receive(const Address& /*from*/, const AppendRequests& message) {
  take(message.client, message.requests, Via::kReplica);
}

// What its replica would not send, or not yet, is not taken here either. All that is not taken, or
// not told to the page, is in the replica's outbox, and goes the usual way.
void Leader::on(const OwnAppends& input) {
  if (!serving_) return;
  last_activity_ = now_.monotonic;
  const auto taken = std::ranges::find_if(input.requests, [this](const AppendRequest& request) {
    const bool current = schema_ && request.schema_version == schema_->version;
    return !current || why_unsendable(request);
  });
  take(self_, {input.requests.begin(), taken}, Via::kPage);
}

void Leader::take(const ClientId& client, const std::vector<AppendRequest>& requests, Via via) {
  const Address session{.tab = client, .role = Role::kReplica};
  Answers answers{.client = client, .answers = {}};
  for (const AppendRequest& request : requests) {
    ++counters_.requests;
    if (request.number == RequestNumber{} || queue_.size() >= options_.queue_requests_max ||
        queue_bytes_ >= options_.queue_bytes_max) {
      continue;
    }
    const Verdict verdict = sessions_.admit(now_.monotonic, client, request, published_);
    if (std::holds_alternative<Take>(verdict)) {
      queue_bytes_ += request_bytes(request);
      queue_.push_back(
          Queued{.client = client, .request = request, .via = via, .taken = now_.monotonic});
    } else if (const auto* reply = std::get_if<Reply>(&verdict)) {
      ++counters_.duplicates;
      answers.answers.push_back(Answer{.number = request.number, .result = reply->result});
    } else if (const auto* gap = std::get_if<Gap>(&verdict)) {
      ++counters_.gaps;
      send(session, ResendFrom{.client = client, .number = gap->expected});
      break;  // the rest are beyond the gap too
    } else if (std::holds_alternative<Closed>(verdict)) {
      send(session, SessionClosed{.client = client});
      break;
    }
  }
  if (!answers.answers.empty()) send(session, std::move(answers));
  if (!queue_.empty()) cut_and_arm();
}

void Leader::receive(const Address& from, const Seek& /*message*/) {
  send(from, Announce{.leader = self_, .head = published_, .chain = published_chain_});
}

void Leader::receive(const Address& from, const Join& message) {
  Joining joining{.from = from, .join = message};
  if (!is_newer(message.schema)) return say(std::move(joining));
  if (!schema_) joining.join.schema.flags = 0;  // there is nothing to make anew
  if ((joining.join.schema.flags & kSchemaRebuilds) != 0 || upgrade_)
    return join_upgrade(std::move(joining));
  // A tab that asks again takes its earlier question back.
  std::erase_if(controls_, [&](const Control& control) {
    return !control.joinings.empty() && control.joinings.front().from == from;
  });
  Schema schema = joining.join.schema;
  controls_.push_back(Control{.body = std::move(schema), .joinings = {std::move(joining)}});
  cut_and_arm();
}

// One at a time: a tab with yet another schema asks again, and is judged by what has become of it.
void Leader::join_upgrade(Joining joining) {
  const Schema& schema = joining.join.schema;
  if (!upgrade_) {
    upgrade_ = Upgrade{.schema = schema};
    out_.begin_anew = schema;
  } else if (hash_schema(schema) != hash_schema(upgrade_->schema)) {
    return;
  }
  std::erase_if(upgrade_->joinings,
                [&](const Joining& other) { return other.from == joining.from; });
  upgrade_->joinings.push_back(std::move(joining));
}

// The tab's schema is the log's: it is subscribed, and told the head. Where it stands elsewhere it
// asks for the range, or for a snapshot. One that follows any needs no more than this leader's
// engine: where that is newer than the log's, nobody may have brought a schema for it yet.
void Leader::welcome(const Joining& joining) {
  const Join& join = joining.join;
  const bool any = follows_any(join.schema);
  if (const auto error = refusal(join.schema, any ? Schema{.engine = engine_} : *schema_)) {
    return tell(joining.from, SchemaRefused{.error = *error});
  }
  const bool at_head = join.applied == published_ && join.chain == published_chain_;
  subscribers_.join(
      joining.from, join.wants_entries ? Subscribers::Wants::kEntries : Subscribers::Wants::kHeads,
      at_head || !join.wants_entries ? Subscribers::Place::kAtHead : Subscribers::Place::kBehind,
      now_.monotonic, any ? Subscribers::Follows::kAnySchema : Subscribers::Follows::kItsSchema);
  tell(joining.from, Committed{.previous = published_,
                               .previous_chain = published_chain_,
                               .entries = {},
                               .head = published_,
                               .durable = std::min(durable_, published_),
                               .checkpoint = checkpoint_,
                               .digest = std::nullopt});
}

void Leader::receive(const Address& from, const Acknowledge& message) {
  subscribers_.acknowledge(from, message.applied);
}

void Leader::receive(const Address& from, const RangeRequest& message) {
  if (message.call == 0 &&
      message.from > Index{}) {  // whoever wants what follows has what is before
    subscribers_.acknowledge(from, Index{message.from.value - 1});
  }
  say(Read{.to = from, .request = message, .head = {}});
}

void Leader::receive(const Address& from, const ReadIndexRequest& message) {
  // Answered when it is said, with what is published by then, under a lease that is good then.
  send(from, ReadIndex{.call = message.call, .index = {}});
}

void Leader::receive(const Address& from, const QueryRequest& message) {
  const bool waits = std::ranges::any_of(waiting_queries_, [&](const Read& read) {
    return read.to == from && std::get<QueryRequest>(read.request).call == message.call;
  });
  if (waits || waiting_queries_.size() >= kWaitingQueriesMax) return;
  QueryRequest query = message;
  if (query.linearizable) query.not_before = std::max(query.not_before, published_);
  waiting_queries_.push_back(Read{.to = from, .request = std::move(query), .head = {}});
  release_waiting_queries();
}

void Leader::receive(const Address& from, const TransferRequest& message) {
  if (message.transfer == 0) commit();  // it is of the last commit
  say(Read{.to = from, .request = message, .head = {}});
}

void Leader::receive(const Address& from, const CheckpointRequest& message) {
  checkpoint_calls_.emplace_back(from, message.call);
  checkpoint_wanted_ = true;
}

void Leader::receive(const Address& from, const StatsRequest& message) {
  say(Read{.to = from, .request = message, .head = {}});
}

void Leader::receive(const Address& from, const CompactRequest& message) {
  say(Read{.to = from, .request = message, .head = {}});
}

void Leader::receive(const Address& from, const AdoptRequest& message) {
  say(Read{.to = from, .request = message, .head = {}});
}

void Leader::receive(const Address& /*from*/, const CloseSession& message) {
  close_session(message.client);
}

void Leader::receive(const Address& from, const ExclusiveRequest& message) {
  const auto at = std::ranges::find(exclusive_, from, &Exclusive::tab);
  if (message.release) {
    drop_exclusive(from.tab);
  } else if (at == exclusive_.end()) {
    if (exclusive_.size() < kExclusiveMax)
      exclusive_.push_back(Exclusive{.tab = from, .call = message.call, .asked = now_.monotonic});
  } else if (at->call = message.call; at->until) {
    send(from, ReadIndex{.call = message.call, .index = {}});  // the first answer was lost
  }
}

// Each state is recomputed once: that reads everything.
void Leader::receive(const Address& from, const DigestDispute& /*message*/) {
  if (checked_ && checked_->index == sequenced_) return send(from, *checked_);
  if (disputants_.empty()) out_.recheck_digest = true;
  if (std::ranges::find(disputants_, from) == disputants_.end()) disputants_.push_back(from);
}

}  // namespace tablog::leader
