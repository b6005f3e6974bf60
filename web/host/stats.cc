#include "web/host/stats.h"

#include <cstdint>
#include <string_view>

namespace tablog::host {
namespace {

// Keys are ours and values are numbers or hexadecimal, so nothing needs escaping.
class JsonObject {
 public:
  JsonObject& add(std::string_view key, std::uint64_t value) {
    return raw(key, std::to_string(value));
  }
  JsonObject& add(std::string_view key, Digest value) {
    return raw(key, '"' + to_hex(value.bytes) + '"');
  }
  JsonObject& add(std::string_view key, const leader::LatencyCounts& values) {
    std::string list;
    for (const std::uint64_t value : values) {
      list += list.empty() ? '[' : ',';
      list += std::to_string(value);
    }
    return raw(key, list + ']');
  }
  JsonObject& add(std::string_view key, const JsonObject& value) { return raw(key, value.text()); }
  [[nodiscard]] std::string text() const { return "{" + members_ + "}"; }

 private:
  JsonObject& raw(std::string_view key, const std::string& value) {
    if (!members_.empty()) members_ += ',';
    members_.append("\"").append(key).append("\":").append(value);
    return *this;
  }
  std::string members_;
};

}  // namespace

std::string stats_json(const storage::Store& store, const node::Node& node) {
  const leader::Counters counters = node.leader() ? node.leader()->counters() : leader::Counters{};
  const storage::LogFiles& log = store.log();
  JsonObject log_part;
  log_part.add("bytes", log.bytes())
      .add("flushes", log.flushes())
      .add("segments", log.segments().size())
      .add("slots", log.slots())
      .add("first", log.first().value)
      .add("head", log.head().index.value)
      .add("durable", log.head().durable.value);
  JsonObject state_part;
  state_part.add("bytes", store.state().bytes())
      .add("walBytes", store.state().wal_bytes())
      .add("slots", store.pool().slots())
      .add("sessions", store.state().sessions().sessions().size())
      .add("applied", store.state().applied().value)
      .add("checkpoint", store.checkpoint_index().value)
      .add("digest", store.state().digest());
  const storage::RebuildCounts rebuilt = store.rebuild_counts();
  JsonObject rebuild_part;
  rebuild_part.add("events", rebuilt.events)
      .add("unknown", rebuilt.unknown)
      .add("failed", rebuilt.failed)
      .add("exec", rebuilt.exec);
  JsonObject all;
  return all.add("term", node.term().value)
      .add("batches", counters.batches)
      .add("entries", counters.entries)
      .add("requests", counters.requests)
      .add("duplicates", counters.duplicates)
      .add("rejections", counters.rejections)
      .add("gaps", counters.gaps)
      .add("droppedMessages", counters.dropped_messages)
      .add("leaseWaits", counters.lease_waits)
      .add("appendLatencyCounts", counters.append_latency)
      .add("sessions", node.leader() ? node.leader()->sessions() : 0)
      .add("log", log_part)
      .add("state", state_part)
      .add("rebuild", rebuild_part)
      .text();
}

}  // namespace tablog::host
