// Saying things: everything that leaves the leader goes through one queue, in order, under the
// lease.
#include <algorithm>
#include <bit>
#include <map>
#include <utility>

#include "leader/leader.h"
#include "leader/refusal.h"

namespace tablog::leader {
namespace {

constexpr std::chrono::seconds kActive{2};  // so long after a message the lease is kept fresh

}  // namespace

void Leader::say(Outgoing outgoing) {
  outgoing_.push_back(std::move(outgoing));
}

void Leader::send(std::optional<Address> to, MessageBody body) {
  say(Addressed{.to = to, .body = std::move(body)});
}

// Only from utter(): the lease was looked at.
void Leader::tell(std::optional<Address> to, MessageBody body) {
  out_.messages.push_back(Send{.to = to,
                               .message = Message{.store = store_,
                                                  .term = term_,
                                                  .from = {.tab = self_, .role = Role::kLeader},
                                                  .body = std::move(body)}});
}

void Leader::drain() {
  const bool waits = !outgoing_.empty() && !lease_.valid(now_.monotonic);
  const bool active = now_.monotonic - last_activity_ < kActive;
  if ((waits || active) && lease_.ask(now_.monotonic)) out_.query_locks = true;
  if (waits) {
    ++counters_.lease_waits;
    return;
  }
  while (!outgoing_.empty()) {
    Outgoing outgoing = std::move(outgoing_.front());
    outgoing_.pop_front();
    std::visit([this](auto& each) { utter(each); }, outgoing);
  }
}

void Leader::utter(Addressed& message) {
  if (auto* read = std::get_if<ReadIndex>(&message.body)) read->index = published_;
  tell(message.to, std::move(message.body));
}

void Leader::utter(Read& read) {
  read.head = published_;
  out_.reads.push_back(std::move(read));
}

void Leader::utter(Joining& joining) {
  welcome(joining);
}

void Leader::utter(Publication& publication) {
  published_ = publication.last;
  published_chain_ = publication.chain;
  if (publication.announce) {
    tell(std::nullopt, Announce{.leader = self_, .head = published_, .chain = published_chain_});
  } else if (!publication.unwritten) {
    if (publication.batch.outdated) refuse_outdated(*publication.batch.outdated);
    publish_entries(publication);
  }
  publish_answers(publication);
  publish_settled(publication.batch);
  for (const Queued& queued : publication.batch.requests) count_latency(queued);
  for (const auto& [joining, error] : publication.batch.refused) {
    tell(joining.from, SchemaRefused{.error = error});
  }
  for (const Control& control : publication.batch.controls) {
    for (const Joining& joining : control.joinings) {
      const bool refused = std::ranges::any_of(publication.batch.refused, [&](const auto& each) {
        return each.first.from == joining.from;
      });
      if (!refused) welcome(joining);
    }
  }
  release_waiting_queries();
}

void Leader::count_latency(const Queued& queued) {
  const auto units = std::max<std::int64_t>((now_.monotonic - queued.taken) / kLatencyUnit, 0);
  const auto bucket = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(units)));
  LatencyCounts& counts = counters_.append_latency;
  ++counts[std::min(bucket, counts.size() - 1)];
}

// They have the schema that was the log's until now, or follow any. What the former append from now
// on is answered one by one.
void Leader::refuse_outdated(const Schema& outdated) {
  const auto error = refusal(outdated, *schema_);
  if (!error) return;
  for (const Address& tab : subscribers_.drop_outdated()) tell(tab, SchemaRefused{.error = *error});
}

void Leader::publish_entries(const Publication& publication) {
  const InFlight& batch = publication.batch;
  Committed whole{.previous = publication.previous,
                  .previous_chain = publication.previous_chain,
                  .entries = {},
                  .head = publication.last,
                  .durable = std::min(durable_, publication.last),
                  .checkpoint = checkpoint_,
                  .digest = batch.entries.empty() ? std::nullopt : batch.digest};
  std::uint64_t bytes = 0;
  for (const EncodedEntry& encoded : batch.entries) {
    whole.entries.push_back(encoded.bytes);
    bytes += encoded.bytes->size();
  }
  Committed head = whole;
  head.previous = publication.last;
  head.previous_chain = publication.chain;
  head.entries.clear();
  head.digest.reset();
  for (const Address& tab : subscribers_.all()) {
    switch (subscribers_.publish(tab, publication.last, bytes)) {
      case Subscribers::Share::kEntries:
        tell(tab, whole);
        break;
      case Subscribers::Share::kHead:
        tell(tab, head);
        break;
      case Subscribers::Share::kNothing:
        break;
    }
  }
}

// Entries tell their own tab that they are accepted; a tab that gets none is told by an answer. So
// is every rejection, to a session that may only now hear of it.
void Leader::publish_answers(const Publication& publication) {
  std::map<ClientId, Answers> by_client;
  const auto answer = [&](const ClientId& client, Answer one) {
    Answers& answers = by_client[client];
    answers.client = client;
    answers.answers.push_back(std::move(one));
  };
  for (const auto& [queued, error] : publication.batch.rejected) {
    ++counters_.rejections;
    sessions_.rejected(queued.client, queued.request.number, error);
    answer(queued.client, Answer{.number = queued.request.number, .result = error});
  }
  for (const EncodedEntry& encoded : publication.batch.entries) {
    const auto& stamp = encoded.entry.request;
    if (!stamp || !ends_request(encoded.entry) || subscribers_.gets_entries(stamp->client))
      continue;
    const Session* session = sessions_.table().find(stamp->client);
    if (session == nullptr) continue;
    const auto accepted = session->unsettled.find(stamp->number);
    if (accepted == session->unsettled.end()) continue;  // settled: it knows
    answer(stamp->client, Answer{.number = stamp->number, .result = accepted->second});
  }
  for (auto& [client, answers] : by_client) {
    tell(Address{.tab = client, .role = Role::kReplica}, std::move(answers));
  }
}

// Besides what its replica is told, and before that. A rejection is the replica's to tell: it may
// be showing the event, and the page's next query must not find it any more.
void Leader::publish_settled(const InFlight& batch) {
  const Session* session = sessions_.table().find(self_);
  if (session == nullptr) return;
  for (const RequestNumber number : batch.own_accepted) {
    const auto accepted = session->unsettled.find(number);
    if (accepted == session->unsettled.end()) continue;  // settled: it knows
    out_.settled.push_back(Answer{.number = number, .result = accepted->second});
  }
}

// A query waits until what it must see is published and committed: its reader sees commits only.
void Leader::release_waiting_queries() {
  std::erase_if(waiting_queries_, [&](Read& read) {
    const Index not_before = std::get<QueryRequest>(read.request).not_before;
    if (not_before > published_) return false;
    if (not_before > committed_) commit();
    if (not_before > committed_) {
      flush_wanted_ = true;
      return false;
    }
    say(std::move(read));
    return true;
  });
}

void Leader::plan_wake() {
  using std::chrono::microseconds;
  const auto now = now_.monotonic;
  std::optional<microseconds> wake;
  const auto at = [&](microseconds when) { wake = std::min(wake.value_or(when), when); };
  if (now - last_activity_ < kActive) at(now + options_.lease / 2);
  if (!outgoing_.empty()) at(now + options_.lease);
  if (relaxed_since_) at(*relaxed_since_ + options_.relaxed_flush);
  if (!exclusive_.empty() && exclusive_.front().until) at(*exclusive_.front().until);
  if (can_commit()) at(uncommitted_since_ + options_.commit_delay);
  if (checkpoint_ < committed_) at(last_checkpoint_ + options_.checkpoint_interval);
  if (wake) out_.wake_at = std::max(*wake, now + std::chrono::milliseconds{1});
}

}  // namespace tablog::leader
