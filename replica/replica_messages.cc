// What each message tells a replica. Everything here is untrusted input from another tab.
#include <algorithm>
#include <utility>

#include "replica/replica.h"

namespace tablog::replica {
namespace {

constexpr Index kAllApplied{UINT64_MAX - 1};

}  // namespace

// A lower term is a leader that was deposed, another store a name that was deleted and made anew:
// dropped.
void Replica::on(const Received& input) {
  const Message& message = input.message;
  const bool by_leader = message.from.role == Role::kLeader;
  if (!store_.is_zero() && !message.store.is_zero() && message.store != store_) {
    if (by_leader && std::holds_alternative<Announce>(message.body)) follow_new_store(message);
    return;
  }
  const bool asks = std::holds_alternative<TabQuery>(message.body);  // of any tab
  if (!by_leader || asks || std::holds_alternative<LeaderFailed>(message.body)) {
    std::visit([&](const auto& body) { receive(message.from, body); }, message.body);
    return;
  }
  if (message.term < term_ || message.term == Term{} || message.store.is_zero()) return;
  if (message.term > term_) {
    adopt(message);
    if (std::holds_alternative<Announce>(message.body)) return;
  }
  if (!leader_ || message.from != *leader_) return;
  heard_ = now_.monotonic;
  std::visit([&](const auto& body) { receive(message.from, body); }, message.body);
}

void Replica::receive(const Address& /*from*/, const Announce& message) {
  if (phase_ == Phase::kSeeking) return join();
  heard_of_head(message.head);
}

void Replica::receive(const Address& /*from*/, const Committed& message) {
  if (phase_ == Phase::kRefused) return;
  const bool first = !std::exchange(joined_this_term_, true);
  if (first) {
    head_ =
        message.head;  // of this term's history, which may be shorter than what was heard before
    finish_adoptions(head_);
    if (!asks_leader()) send_calls();
  }
  head_ = std::max(head_, message.head);
  durable_ = std::max(message.durable, first ? Index{} : durable_);
  checkpoint_ = std::max(checkpoint_, message.checkpoint);
  if (phase_ == Phase::kJoining) phase_ = Phase::kLive;
  refusal_ = {};

  const bool applies = !asks_leader() && phase_ == Phase::kLive;
  if (applies && first && message.head < applied_) {
    return start_over(Noted::Kind::kRollback,
                      "the new leader's log ends before what this tab applied");
  }
  if (first && head_ < seen_before_) {
    seen_ = head_;
    note_shorter_log(head_);
  }
  if (asks_leader()) {
    applied_ = head_;
    acknowledge(0);
    caught_up();
    // They name what they must see: with the head, all that this tab's page was told of, also
    // through an earlier worker.
    if (first) send_calls();
    return;
  }
  if (!applies) return;  // a snapshot is on its way
  if (message.entries.empty() && message.previous == applied_ && message.previous_chain != chain_) {
    return start_over(Noted::Kind::kRollback, "the leader's history differs from this tab's");
  }
  if (message.previous > applied_) return ask_range();
  if (message.entries.empty()) return caught_up();
  apply(message);
  if (out_.apply.empty() && phase_ == Phase::kLive) caught_up();
}

void Replica::receive(const Address& /*from*/, const Answers& message) {
  if (message.client != self_) return;
  Index last_accepted;
  for (const Answer& answer : message.answers) {
    if (const auto* accepted = std::get_if<Accepted>(&answer.result)) {
      outbox_.accepted(answer.number, *accepted);
      last_accepted =
          std::max(last_accepted, Index{accepted->first_index.value + accepted->count - 1});
    } else if (auto settled = outbox_.rejected(answer.number, std::get<Error>(answer.result))) {
      out_.settled.push_back(std::move(*settled));
    }
  }
  // A tab whose schema was refused applies nothing any more; the answer is all there is to wait
  // for.
  const bool applies = phase_ != Phase::kRefused && !asks_leader();
  settle(outbox_.applied(applies ? applied_ : kAllApplied));
  if (last_accepted > applied_) heard_of_head(last_accepted);
}

void Replica::receive(const Address& /*from*/, const ResendFrom& message) {
  if (message.client == self_) outbox_.resend_from(message.number);
}

void Replica::receive(const Address& /*from*/, const SessionClosed& message) {
  if (message.client != self_) return;
  Error error{
      .code = ErrorCode::kClosed,
      .message = "the leader saw this tab's lock released and closed its session; reload the tab"};
  settle(outbox_.fail_all(error));
  fail_with(std::move(error));
}

void Replica::receive(const Address& /*from*/, const TableDigests& message) {
  if (!dispute_ || phase_ != Phase::kLive) return;
  if (message.index != applied_) return heard_of_head(message.index);  // it is asked again
  dispute_->leaders = message.tables;
  out_.read_digests = true;
}

void Replica::receive(const Address& /*from*/, const SchemaRefused& message) {
  phase_ = Phase::kRefused;
  // What needs no replica, as reading the log does, this leader answers all the same.
  if (!std::exchange(joined_this_term_, true)) send_calls();
  // Nothing is applied here any more: what was accepted need not wait for that.
  settle(outbox_.applied(kAllApplied));
  const bool known = refusal_.code == message.error.code;
  refusal_ = message.error;
  if (!known) fail_with(message.error);  // once, not for each leader
}

// The leader is at it: opening, or compacting, takes as long as that takes.
void Replica::receive(const Address& /*from*/, const Working& message) {
  started_ = joined_at_ = now_.monotonic;
  for (auto& [id, call] : calls_) {
    if (std::holds_alternative<Compact>(call.request)) call.began = now_.monotonic;
  }
  out_.progress.push_back(Progress{.done = message.done, .total = message.total});
}

void Replica::receive(const Address& from, const LeaderFailed& message) {
  if (from.role != Role::kLeader) return;
  // What is damaged stays damaged: nobody will ever answer what was sent.
  if (message.error.code == ErrorCode::kCorrupt) settle(outbox_.fail_all(message.error));
  fail_with(message.error);
}

void Replica::receive(const Address& from, const TabQuery& message) {
  const bool leads = leader_ && leader_->tab == self_;
  send(from, TabInfo{.call = message.call,
                     .tab = self_,
                     .role = leads ? Role::kLeader : Role::kReplica,
                     .visible = visible_,
                     .applied = applied_});
}

}  // namespace tablog::replica
