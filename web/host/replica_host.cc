#include "web/host/replica_host.h"

#include <algorithm>
#include <utility>

#include "log/codec.h"

namespace tablog::host {

ReplicaHost::ReplicaHost(ClientId self, Schema schema, const replica::Options& options, Now now)
    : replica_(self, std::move(schema), options), now_(std::move(now)) {}

std::vector<ReplicaEffect> ReplicaHost::step(const replica::Input& input) {
  run(input);
  return std::exchange(effects_, {});
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
  for (auto& send : output.messages) {
    effects_.emplace_back(SendBytes{.to = send.to, .bytes = encode_message(send.message)});
  }
  for (auto& settled : output.settled) effects_.emplace_back(std::move(settled));
  for (auto& noted : output.noted) effects_.emplace_back(std::move(noted));
  for (const auto& progress : output.progress) effects_.emplace_back(progress);
  if (output.status) effects_.emplace_back(*output.status);
  if (output.ready) effects_.emplace_back(Ready{});
  if (output.failed) effects_.emplace_back(std::move(*output.failed));
  for (const auto& query : output.queries) {
    auto rows = database_->query(query.sql, query.params);
    Replied replied{.call = query.call, .result = std::monostate{}};
    if (rows) {
      replied.result = RepliedRows{std::move(rows->encoded)};
    } else {
      replied.result = std::move(rows.error());
    }
    effects_.emplace_back(std::move(replied));
  }
  for (auto& chunk : output.chunks) effects_.emplace_back(std::move(chunk));
  for (auto& each : output.replies) reply(std::move(each));
  if (output.query_locks) effects_.emplace_back(QueryLocks{});
  if (output.suspects) effects_.emplace_back(Suspects{});
  if (output.wake_at) effects_.emplace_back(SetTimer{*output.wake_at - now_().monotonic});
  if (followed_by) run(*followed_by);
}

void ReplicaHost::discard() {
  database_.reset();
}

replica::Input ReplicaHost::install(ByteView image) {
  auto database = storage::StateDatabase::from_image(image);
  if (!database) return replica::SnapshotFailed{std::move(database.error())};
  database_ = std::move(*database);
  return replica::SnapshotInstalled{.applied = database_->applied(), .chain = database_->chain()};
}

replica::Input ReplicaHost::apply(const std::vector<EncodedEntry>& entries) {
  if (!database_) {
    auto database = storage::StateDatabase::in_memory();
    if (!database) return replica::ApplyFailed{std::move(database.error())};
    database_ = std::move(*database);
  }
  for (const EncodedEntry& each : entries) {
    if (auto applied = database_->apply(each.entry, *each.bytes); !applied) {
      database_->rollback();
      return replica::ApplyFailed{std::move(applied.error())};
    }
  }
  if (auto committed = database_->commit(); !committed) {
    return replica::ApplyFailed{std::move(committed.error())};
  }
  return replica::Applied{.digest = database_->digest()};
}

void ReplicaHost::reply(replica::Reply reply) {
  Replied replied{.call = reply.call, .result = std::monostate{}};
  if (const auto* read = std::get_if<replica::EntriesRead>(&reply.result)) {
    replied = filtered(reply.call, *read);
  } else if (auto* rows = std::get_if<Bytes>(&reply.result)) {
    replied.result = RepliedRows{std::move(*rows)};
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
