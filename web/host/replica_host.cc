#include "web/host/replica_host.h"

#include <algorithm>
#include <utility>

#include "log/codec.h"
#include "log/hash.h"

namespace tablog::host {

namespace {

// Watches that are due run for so long in one step, then other inputs have their turn.
constexpr std::chrono::milliseconds kSlice{4};

}  // namespace

ReplicaHost::ReplicaHost(ClientId self, const Schema& schema, const replica::Options& options,
                         Now now)
    : self_(self),
      replica_(self, schema, options),
      now_(std::move(now)),
      overlay_(self, schema.version) {}

std::vector<ReplicaEffect> ReplicaHost::step(const replica::Input& input) {
  bool wanted = true;
  if (std::holds_alternative<replica::Ticked>(input)) {
    timer_at_.reset();
    wanted = !wake_at_ || now_().monotonic >= *wake_at_;  // else it was the watches' timer
    if (wanted) wake_at_.reset();
  }
  if (const auto* forget = std::get_if<replica::Forget>(&input)) {
    watches_.remove(forget->call);
    guarded_.erase(forget->call);
  }
  if (wanted) run(input);
  return finish_step();
}

std::vector<ReplicaEffect> ReplicaHost::guarded_query(const replica::Query& query) {
  guarded_.insert(query.call);
  return step(query);
}

std::vector<ReplicaEffect> ReplicaHost::watch(replica::Query query, RowsHash known) {
  watches_.add(std::move(query), known);
  return finish_step();
}

std::vector<ReplicaEffect> ReplicaHost::heard(replica::CallId call) {
  watches_.heard(call);
  return finish_step();
}

std::vector<ReplicaEffect> ReplicaHost::digests(replica::CallId call) {
  Replied replied{.call = call, .result = RepliedDigests{}};
  if (database_) {
    overlay_.lift(database_.get());
    auto tables = database_->table_digests();
    if (tables) {
      replied.result = RepliedDigests{.index = database_->applied(), .tables = std::move(*tables)};
    } else {
      replied.result = std::move(tables.error());
    }
  }
  effects_.emplace_back(std::move(replied));
  return finish_step();
}

std::vector<ReplicaEffect> ReplicaHost::finish_step() {
  show_overlay();
  run_watches();
  plan_wake();
  return std::exchange(effects_, {});
}

std::vector<ReplicaEffect> ReplicaHost::append(const replica::Appends& appends,
                                               const std::vector<RequestNumber>& optimistic) {
  for (const AppendRequest& request : appends.requests) {
    overlay_.remove_through(request.settled_through, database_.get());
    if (std::holds_alternative<Void>(request.payload)) {
      overlay_.remove(request.number, database_.get());
    } else if (std::holds_alternative<std::vector<Event>>(request.payload) &&
               std::ranges::find(optimistic, request.number) != optimistic.end()) {
      overlay_.add(request);
    }
  }
  return step(appends);
}

std::vector<ReplicaEffect> ReplicaHost::read(const replica::ReadLog& read, ReadFilter filter) {
  filter.limit = read.limit;
  filters_.insert_or_assign(read.call, std::move(filter));
  return step(read);
}

std::vector<ReplicaEffect> ReplicaHost::receive(ByteView bytes) {
  auto message = decode_message(bytes);
  if (!message) return {};
  return step(replica::Received{.message = std::move(*message)});
}

void ReplicaHost::run(const replica::Input& input) {
  carry_out(replica_.step(now_(), input));
}

void ReplicaHost::carry_out(replica::Output output) {
  std::optional<replica::Input> followed_by;
  if (output.discard) discard();
  if (output.install) followed_by = install(*output.install);
  if (!output.apply.empty()) followed_by = apply(output.apply);
  if (output.read_digests) followed_by = read_digests();
  for (auto& send : output.messages) {
    effects_.emplace_back(SendBytes{.to = send.to, .bytes = encode_message(send.message)});
  }
  for (auto& settled : output.settled) {
    overlay_.remove(settled.number, database_.get());
    effects_.emplace_back(std::move(settled));
  }
  for (auto& noted : output.noted) effects_.emplace_back(std::move(noted));
  for (const auto& progress : output.progress) effects_.emplace_back(progress);
  if (output.status) {
    effects_.emplace_back(*output.status);
    watches_.changed({});  // those that the leader answers: it may have more entries
  }
  if (output.ready) effects_.emplace_back(Ready{});
  if (output.failed) effects_.emplace_back(std::move(*output.failed));
  for (const auto& query : output.queries) run_query(query);
  for (auto& chunk : output.chunks) effects_.emplace_back(std::move(chunk));
  for (auto& each : output.replies) reply(std::move(each));
  if (output.query_locks) effects_.emplace_back(QueryLocks{});
  if (output.suspects) effects_.emplace_back(Suspects{});
  if (output.wake_at) {
    wake_at_ = output.wake_at;
    timer_at_.reset();  // a new time replaces the old one
  }
  if (followed_by) run(*followed_by);
}

void ReplicaHost::run_watches() {
  const auto until = now_().monotonic + kSlice;
  while (const auto query = watches_.take_due(now_().monotonic)) {
    run(*query);
    if (now_().monotonic >= until) break;
  }
}

void ReplicaHost::plan_wake() {
  const auto watches_at = watches_.due_at();
  auto wanted = wake_at_;
  if (watches_at) wanted = std::min(wanted.value_or(*watches_at), *watches_at);
  if (!wanted || (timer_at_ && *timer_at_ <= *wanted)) return;
  timer_at_ = wanted;
  effects_.emplace_back(SetTimer{std::max(*wanted - now_().monotonic, {})});
}

// What it changes, and what lifting it has changed back, concerns the watches.
void ReplicaHost::show_overlay() {
  if (!database_) return;
  overlay_.lay(*database_, now_());
  watches_.changed(database_->take_changes());
}

// A transaction reads what is committed: the leader has nothing else.
void ReplicaHost::run_query(const replica::RunQuery& query) {
  if (guarded_.contains(query.call)) {
    overlay_.lift(database_.get());
  } else {
    overlay_.lay(*database_, now_());
  }
  auto rows = database_->query(query.sql, query.params);
  if (!watches_.has(query.call)) {
    Replied replied{.call = query.call, .result = std::monostate{}};
    if (rows) replied.result = with_hash(query.call, std::move(rows->encoded));
    if (!rows) replied.result = std::move(rows.error());
    effects_.emplace_back(std::move(replied));
    return;
  }
  if (!rows) return watch_failed(query.call, std::move(rows.error()));
  auto reads = database_->tables_read(query.sql);
  if (!reads) return watch_failed(query.call, std::move(reads.error()));
  watch_ran(query.call, std::move(rows->encoded), std::move(*reads));
}

RepliedRows ReplicaHost::with_hash(replica::CallId call, Bytes rows) {
  RepliedRows replied{.rows = std::move(rows)};
  if (guarded_.erase(call) > 0) replied.hash = hash128<RowsHash>({replied.rows});
  return replied;
}

void ReplicaHost::watch_ran(replica::CallId call, Bytes rows, storage::TablesRead reads) {
  const auto news = watches_.ran(call, now_().monotonic, rows, std::move(reads));
  if (news) effects_.emplace_back(Watched{.call = call, .hash = *news, .rows = std::move(rows)});
}

void ReplicaHost::watch_failed(replica::CallId call, Error error) {
  if (watches_.failed(call, now_().monotonic, error)) return;
  effects_.emplace_back(Replied{.call = call, .result = std::move(error)});
}

void ReplicaHost::discard() {
  database_.reset();
  intake_ = nullptr;
  overlay_.lift(nullptr);
  watches_.changed({.everything = true, .tables = {}});
}

std::optional<replica::Input> ReplicaHost::install(const replica::Piece& piece) {
  if (piece.offset == 0) {
    intake_ = nullptr;  // the memory of one before is used again
    intake_ = storage::ImageIntake::begin(piece.total_bytes);
  }
  if (intake_ && *intake_ != nullptr) {
    if (auto added = (*intake_)->add(piece.bytes); !added) intake_ = fail(added.error());
  }
  if (!piece.is_last()) return std::nullopt;
  const auto intake = std::exchange(intake_, nullptr);
  if (!intake) return replica::SnapshotFailed{intake.error()};
  if (*intake == nullptr)
    return replica::SnapshotFailed{
        Error{.code = ErrorCode::kLeaderUnresponsive, .message = "the snapshot was dropped"}};
  auto database = storage::StateDatabase::from_intake(**intake);
  if (!database) return replica::SnapshotFailed{std::move(database.error())};
  overlay_.lift(nullptr);
  database_ = std::move(*database);
  watches_.changed({.everything = true, .tables = {}});
  return replica::SnapshotInstalled{.applied = database_->applied(), .chain = database_->chain()};
}

replica::Input ReplicaHost::apply(const std::vector<EncodedEntry>& entries) {
  if (!database_) {
    auto database = storage::StateDatabase::in_memory();
    if (!database) return replica::ApplyFailed{std::move(database.error())};
    database_ = std::move(*database);
  }
  intake_ = nullptr;
  overlay_.lift(database_.get());
  for (const EncodedEntry& each : entries) {
    if (each.entry.request && each.entry.request->client == self_)
      overlay_.remove(each.entry.request->number, database_.get());
    if (auto applied = database_->apply(each.entry, *each.bytes); !applied) {
      database_->rollback();
      return replica::ApplyFailed{std::move(applied.error())};
    }
  }
  if (auto committed = database_->commit(); !committed) {
    return replica::ApplyFailed{std::move(committed.error())};
  }
  watches_.changed(database_->take_changes());
  return replica::Applied{.digest = database_->digest()};
}

replica::Input ReplicaHost::read_digests() {
  replica::DigestsRead read;
  if (!database_) return read;
  overlay_.lift(database_.get());
  if (auto tables = database_->running_table_digests()) read.tables = std::move(*tables);
  return read;
}

void ReplicaHost::reply(replica::Reply reply) {
  if (watches_.has(reply.call)) {  // of the leader
    if (auto* error = std::get_if<Error>(&reply.result))
      return watch_failed(reply.call, std::move(*error));
    if (auto* rows = std::get_if<Bytes>(&reply.result))
      return watch_ran(reply.call, std::move(*rows), {.anything = true, .names = {}});
  }
  Replied replied{.call = reply.call, .result = std::monostate{}};
  if (const auto* read = std::get_if<replica::EntriesRead>(&reply.result)) {
    replied = filtered(reply.call, *read);
  } else if (auto* rows = std::get_if<Bytes>(&reply.result)) {
    replied.result = with_hash(reply.call, std::move(*rows));
  } else {
    std::visit(
        [&](auto& result) {
          using Result = std::decay_t<decltype(result)>;
          if constexpr (std::is_constructible_v<decltype(replied.result), Result> &&
                        !std::is_same_v<Result, Bytes> &&
                        !std::is_same_v<Result, replica::EntriesRead>) {
            replied.result = std::move(result);
          }
        },
        reply.result);
  }
  filters_.erase(reply.call);
  guarded_.erase(reply.call);
  effects_.emplace_back(std::move(replied));
}

Replied ReplicaHost::filtered(replica::CallId call, const replica::EntriesRead& read) {
  const auto filter = filters_.find(call);
  const auto wanted = [&](const Entry& entry) {
    if (filter == filters_.end()) return true;
    if (!filter->second.control && !is_app_entry(entry)) return false;
    if (filter->second.types.empty()) return true;
    const auto* event = std::get_if<Event>(&entry.body);
    const auto& types = filter->second.types;
    return event != nullptr && std::ranges::find(types, event->type) != types.end();
  };
  if (filter != filters_.end() && filter->second.encoded)
    return Replied{.call = call,
                   .result = RepliedEncoded{.entries = read.entries, .next = read.next}};
  RepliedEntries replied{.entries = {}, .next = read.next};
  for (const auto& encoded : read.entries) {
    auto entry = decode_entry(*encoded);
    if (!entry) return Replied{.call = call, .result = std::move(entry.error())};
    if (!wanted(*entry)) continue;
    const Index after = next(entry->index);
    replied.entries.push_back(std::move(*entry));
    if (filter != filters_.end() && replied.entries.size() == filter->second.limit) {
      replied.next = after;
      break;
    }
  }
  return Replied{.call = call, .result = std::move(replied)};
}

}  // namespace tablog::host
