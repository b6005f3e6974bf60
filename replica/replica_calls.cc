// The tab's calls that are not appends: each has a bound, and is asked again of a new leader.
#include <algorithm>
#include <utility>

#include "log/codec.h"
#include "log/overloaded.h"
#include "log/payload.h"
#include "replica/replica.h"

namespace tablog::replica {
Replica::Call* Replica::add_call(CallId id, Call call) {
  if (!waits_for_leader()) heard_ = now_.monotonic;  // from now on it is waited for
  call.began = now_.monotonic;
  call.ask_again_after = options_.resend_interval;
  return &calls_.insert_or_assign(id, std::move(call)).first->second;
}

void Replica::on(const Query& input) {
  // Also where it runs here: it may become the leader's to run.
  const bool fits = input.params.size() <= kArgumentsMax &&
                    input.sql.size() + payload_bytes(input.params) <= kPayloadBytesMax;
  if (!fits) {
    return finish(input.call,
                  Error{.code = ErrorCode::kInvalidArgument,
                        .message = "a query takes at most " + std::to_string(kArgumentsMax) +
                                   " parameters and, with them, 48 MiB"});
  }
  if (input.noted == noted_) appended_ = std::max(appended_, input.not_before);
  Call call{.request = input};
  if (!asks_leader() && input.consistency != Consistency::kLinearizable) call.wait_for = Index{};
  send_call(input.call, *add_call(input.call, std::move(call)));
}

void Replica::on(const AskExclusive& input) {
  if (input.release) return send_to_leader(ExclusiveRequest{.call = input.call, .release = true});
  send_call(input.call, *add_call(input.call, {.request = input}));
}
void Replica::on(const ReadLog& input) {
  send_call(input.call, *add_call(input.call, {.request = input}));
}
void Replica::on(const Checkpoint& input) {
  send_call(input.call, *add_call(input.call, {.request = input}));
}
void Replica::on(const Export& input) {
  send_call(input.call, *add_call(input.call, {.request = input}));
}
void Replica::on(const Adopt& input) {
  send_call(input.call, *add_call(input.call, {.request = input}));
}
void Replica::on(const Compact& input) {
  send_call(input.call, *add_call(input.call, {.request = input}));
}
void Replica::on(const GetStats& input) {
  send_call(input.call, *add_call(input.call, {.request = input}));
}

void Replica::on(const Tabs& input) {
  Call& call = *add_call(input.call, {.request = input});
  const bool leads = leader_ && leader_->tab == self_;
  call.tabs.push_back(TabState{.tab = self_,
                               .role = leads ? Role::kLeader : Role::kReplica,
                               .visible = visible_,
                               .applied = applied_});
  for (const ClientId& tab : input.tabs) {
    if (tab != self_)
      send(Address{.tab = tab, .role = Role::kReplica}, TabQuery{.call = input.call});
  }
  finish_tabs(input.call, call);
}

void Replica::on(const Forget& input) {
  calls_.erase(input.call);
}

// Sends what the call needs of the leader; a repetition is harmless, all of these only read.
void Replica::send_call(CallId id, Call& call) {
  call.asked = now_.monotonic;
  if (!leader_ || !joined_this_term_) return;
  std::visit(
      Overloaded{
          [&](const Query& query) {
            if (asks_leader()) {
              send_to_leader(
                  QueryRequest{.call = id,
                               .not_before = query.consistency == Consistency::kLocal
                                                 ? Index{}
                                                 : std::max(seen_, appended_),
                               .linearizable = query.consistency == Consistency::kLinearizable,
                               .sql = query.sql,
                               .params = query.params});
            } else if (!call.wait_for) {
              send_to_leader(ReadIndexRequest{.call = id});
            }
          },
          [&](const AskExclusive&) {
            if (!call.wait_for) send_to_leader(ExclusiveRequest{.call = id});
          },
          [&](const ReadLog& read) {
            send_to_leader(RangeRequest{
                .call = id, .from = read.from, .to = read.to, .bytes_max = options_.range_bytes});
          },
          [&](const Checkpoint&) { send_to_leader(CheckpointRequest{.call = id}); },
          [&](const Export& transfer) {
            send_to_leader(TransferRequest{.call = id,
                                           .kind = transfer.kind,
                                           .transfer = call.transfer,
                                           .offset = call.offset});
          },
          [&](const Adopt& adopt) {
            send_to_leader(AdoptRequest{.call = id, .generation = adopt.generation});
          },
          [&](const Compact& compact) {
            CompactRequest request = compact.wanted;
            request.call = id;
            send_to_leader(request);
          },
          [&](const GetStats&) { send_to_leader(StatsRequest{.call = id}); },
          [](const Tabs&) {},
      },
      call.request);
}

void Replica::send_calls() {
  for (auto& [id, call] : calls_) send_call(id, call);
}

void Replica::repeat_calls() {
  for (auto& [id, call] : calls_) {
    if (now_.monotonic - call.asked < call.ask_again_after) continue;
    call.ask_again_after *= 2;
    send_call(id, call);
  }
}

void Replica::run_ready_queries() {
  // Not while something is on its way into the database: Applied follows at once, and runs them.
  const bool installs = out_.install && out_.install->is_last();
  if (asks_leader() || installs || !out_.apply.empty()) return;
  if (phase_ == Phase::kRefused) refuse_queries();
  if (dispute_) return;  // the state here may be wrong, for local reads as well
  std::erase_if(calls_, [&](auto& each) {
    if (std::holds_alternative<AskExclusive>(each.second.request)) {
      if (!each.second.wait_for || *each.second.wait_for > applied_) return false;
      out_.replies.push_back(Reply{.call = each.first, .result = std::monostate{}});
      return true;
    }
    const auto* query = std::get_if<Query>(&each.second.request);
    if (query == nullptr || !each.second.wait_for || *each.second.wait_for > applied_) return false;
    const bool behind =
        applied_ < std::max(seen_, appended_);  // of what this tab itself has appended
    const bool follows = phase_ == Phase::kLive;
    const bool local = query->consistency == Consistency::kLocal && was_ready_ &&
                       applied_ > Index{} && !(behind && follows);
    if ((!ready_ || behind) && !local) return false;
    out_.queries.push_back(
        RunQuery{.call = each.first, .sql = query->sql, .params = query->params});
    return true;
  });
}

// Nothing is applied here any more: what a query must see, an append of this very tab perhaps, will
// not come.
void Replica::refuse_queries() {
  std::vector<CallId> refused;
  for (const auto& [id, call] : calls_) {
    const auto* query = std::get_if<Query>(&call.request);
    if (query == nullptr || query->consistency == Consistency::kLocal) continue;
    const bool sees_all =
        ready_ && call.wait_for && std::max({*call.wait_for, seen_, appended_}) <= applied_;
    if (!sees_all) refused.push_back(id);
  }
  for (const CallId id : refused) finish(id, refusal_);
}

void Replica::finish(CallId id, decltype(Reply::result) result) {
  calls_.erase(id);
  out_.replies.push_back(Reply{.call = id, .result = std::move(result)});
}

void Replica::receive(const Address& /*from*/, const ReadIndex& message) {
  if (head_check_ && head_check_->call == message.call) {
    const Index told = std::exchange(head_check_, std::nullopt)->told;
    if (message.index < told) note_shorter_log(message.index);
    return heard_of_head(message.index);
  }
  const auto call = calls_.find(static_cast<CallId>(message.call));
  if (call == calls_.end()) return;
  const bool exclusive = std::holds_alternative<AskExclusive>(call->second.request);
  if (!exclusive && !std::holds_alternative<Query>(call->second.request)) return;
  call->second.wait_for = message.index;
  heard_of_head(message.index);
  if (exclusive && asks_leader()) {
    seen_ = std::max(seen_, message.index);  // the leader's answers will include it
    finish(static_cast<CallId>(message.call), std::monostate{});
  }
}

void Replica::receive(const Address& /*from*/, const QueryResult& message) {
  const auto id = static_cast<CallId>(message.call);
  const auto call = calls_.find(id);
  if (call == calls_.end() || !std::holds_alternative<Query>(call->second.request)) return;
  if (const auto* error = std::get_if<Error>(&message.result)) return finish(id, *error);
  finish(id, std::get<Bytes>(message.result));
}

void Replica::receive(const Address& /*from*/, const Range& message) {
  if (message.call ==
      0) {  // of the entries that it asked for to catch up: only a failure is told so
    if (const auto* error = std::get_if<Error>(&message.result)) catch_up_otherwise(*error);
    return;
  }
  const auto id = static_cast<CallId>(message.call);
  const auto call = calls_.find(id);
  if (call == calls_.end()) return;
  const auto* read = std::get_if<ReadLog>(&call->second.request);
  if (read == nullptr) return;
  if (const auto* error = std::get_if<Error>(&message.result)) return finish(id, *error);
  const auto& entries = std::get<std::vector<std::shared_ptr<const Bytes>>>(message.result);
  const Index to = read->to == Index{} ? message.head : std::min(read->to, message.head);
  const Index after{read->from.value + entries.size()};
  finish(id, EntriesRead{.entries = entries,
                         .next = after <= to && !entries.empty() ? after : Index{}});
}

void Replica::receive(const Address& /*from*/, const TransferChunk& message) {
  if (message.call == 0) return receive_snapshot(message);
  const auto id = static_cast<CallId>(message.call);
  const auto call = calls_.find(id);
  if (call == calls_.end() || !std::holds_alternative<Export>(call->second.request)) return;
  export_chunk(id, call->second, message);
}

void Replica::export_chunk(CallId id, Call& call, const TransferChunk& message) {
  if (const auto* error = std::get_if<Error>(&message.result)) {
    // What had begun is gone: with the leader before, or with the files that a compaction freed.
    const bool let_go = call.transfer != 0 && error->code == ErrorCode::kLeaderUnresponsive;
    if (!let_go) return finish(id, *error);
    call.transfer = call.offset = 0;
    return send_call(id, call);
  }
  if (call.transfer != 0 && message.transfer != call.transfer) return;
  if (message.offset != call.offset) return;
  const auto& bytes = std::get<Bytes>(message.result);
  call.transfer = message.transfer;
  call.offset += bytes.size();
  call.began = now_.monotonic;  // it moves: the bound is on standing still
  out_.chunks.push_back(Chunk{.call = id, .offset = message.offset, .bytes = bytes});
  if (call.offset < message.total_bytes) return send_call(id, call);
  send_to_leader(TransferRequest{.call = id, .transfer = call.transfer, .done = true});
  finish(id, message.index);
}

void Replica::receive(const Address& /*from*/, const tablog::CheckpointDone& message) {
  const auto id = static_cast<CallId>(message.call);
  const auto call = calls_.find(id);
  if (call == calls_.end() || !std::holds_alternative<Checkpoint>(call->second.request)) return;
  if (const auto* error = std::get_if<Error>(&message.result)) return finish(id, *error);
  checkpoint_ = std::max(checkpoint_, std::get<Index>(message.result));
  finish(id, std::get<Index>(message.result));
}

void Replica::receive(const Address& /*from*/, const MaintenanceDone& message) {
  const auto id = static_cast<CallId>(message.call);
  const auto call = calls_.find(id);
  if (call == calls_.end()) return;
  const bool compacts = std::holds_alternative<Compact>(call->second.request);
  if (!compacts && !std::holds_alternative<Adopt>(call->second.request)) return;
  if (const auto* error = std::get_if<Error>(&message.result)) return finish(id, *error);
  if (compacts) finish(id, std::get<Index>(message.result));
}

void Replica::finish_adoptions(Index head) {
  std::vector<CallId> done;
  for (const auto& [id, call] : calls_) {
    const auto* adopt = std::get_if<Adopt>(&call.request);
    if (adopt != nullptr && adopt->generation == term_.generation()) done.push_back(id);
  }
  for (const CallId id : done) finish(id, head);
}

void Replica::receive(const Address& /*from*/, const Stats& message) {
  const auto id = static_cast<CallId>(message.call);
  const auto call = calls_.find(id);
  if (call == calls_.end() || !std::holds_alternative<GetStats>(call->second.request)) return;
  finish(id, message.json);
}

void Replica::receive(const Address& /*from*/, const TabInfo& message) {
  const auto id = static_cast<CallId>(message.call);
  const auto found = calls_.find(id);
  if (found == calls_.end() || !std::holds_alternative<Tabs>(found->second.request)) return;
  Call& call = found->second;
  const bool known = std::ranges::any_of(
      call.tabs, [&](const TabState& state) { return state.tab == message.tab; });
  if (known) return;
  call.tabs.push_back(TabState{.tab = message.tab,
                               .role = message.role,
                               .visible = message.visible,
                               .applied = message.applied,
                               .round_trip = now_.monotonic - call.began});
  finish_tabs(id, call);
}

void Replica::finish_tabs(CallId id, Call& call) {
  const auto& asked = std::get<Tabs>(call.request).tabs;
  const bool all = std::ranges::all_of(asked, [&](const ClientId& tab) {
    return std::ranges::any_of(call.tabs, [&](const TabState& state) { return state.tab == tab; });
  });
  if (all) finish(id, std::move(call.tabs));
}

void Replica::expire_calls() {
  std::vector<CallId> expired;
  for (auto& [id, call] : calls_) {
    const bool tabs = std::holds_alternative<Tabs>(call.request);
    if (now_.monotonic - call.began >= (tabs ? options_.tabs_timeout : options_.call_timeout)) {
      expired.push_back(id);
    }
  }
  for (const CallId id : expired) {
    Call& call = calls_.at(id);
    if (std::holds_alternative<Tabs>(call.request)) {
      finish(id, std::move(call.tabs));  // those that answered
    } else {
      finish(id,
             Error{.code = ErrorCode::kLeaderUnresponsive,
                   .message = "the leader did not answer in time; nothing was changed, try again"});
    }
  }
}

}  // namespace tablog::replica
