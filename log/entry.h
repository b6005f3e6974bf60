// Entry: one record of the log, decoded. Encoding: log/codec.h. Layout: docs/log_format.md#entry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "log/ids.h"
#include "log/result.h"

namespace tablog {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

inline constexpr std::size_t kEntryBytesMax = 16U << 20U;  // encoded body, 16 MiB
inline constexpr std::size_t kBatchEventsMax = 1U << 20U;  // events in one appendBatch
inline constexpr std::size_t kArgumentsMax = 1000;         // named parameters of one event

// What SQLite can store; booleans are 0/1, objects and arrays JSON text, before they come here.
using Value = std::variant<std::monostate, std::int64_t, double, std::string, Bytes>;

struct Argument {
  std::string name{};  // without the colon; positional parameters of exec are "1", "2", …
  Value value{};
  bool operator==(const Argument&) const = default;
};

// Which request of which session an entry answers: what makes a resend take effect once, across
// leaders, because it is part of the log. Source of the idea: Ongaro, "Consensus: Bridging Theory
// and Practice", section 6.3.
struct RequestStamp {
  ClientId client{};
  RequestNumber number{};
  std::uint32_t position{};         // 0-based place of this entry among the request's entries
  std::uint32_t count{1};           // entries of the request
  RequestNumber settled_through{};  // every number up to here is answered and will not come again
  std::uint64_t
      request_hash{};  // XXH3-64 of the request's payload: same number, other words is a bug
  bool operator==(const RequestStamp&) const = default;
};

struct Event {
  std::string type{};
  std::vector<Argument> args{};
  bool operator==(const Event&) const = default;
};

struct Exec {
  std::string sql{};  // one or more statements
  std::vector<Argument> params{};
  std::int64_t
      changes{};  // rows that it changed when it was sequenced; not part of the request hash
  bool operator==(const Exec&) const = default;
};

struct Void {  // a call withdrawn after it had its number
  bool operator==(const Void&) const = default;
};

struct TermStart {
  ClientId leader{};
  bool operator==(const TermStart&) const = default;
};

struct Materializer {
  std::string type{};
  std::string sql{};
  bool operator==(const Materializer&) const = default;
};

// Turns the arguments of `type` as versions up to `from` have them into those of from + 1 and
// later.
struct Upcaster {
  std::string type{};
  std::uint32_t from{};
  std::string args_sql{};  // an expression that gives a JSON object; parameters are the arguments
  bool operator==(const Upcaster&) const = default;
};

// Bits of Schema::flags: how the schema comes into force; they are no part of what it says. Without
// kRebuilds its migrations change the state as it is. With it the state is made anew: all
// migrations run on nothing, as of the log's first entry, and then every event before this entry is
// applied once more, by this schema. What stands in the way ends that, unless its bit says to leave
// it out.
inline constexpr std::uint32_t kSchemaRebuilds = 1U << 0U;
inline constexpr std::uint32_t kSchemaSkipsUnknown = 1U << 1U;  // events that it has no type for
inline constexpr std::uint32_t kSchemaSkipsFailed = 1U << 2U;   // events that it refuses
inline constexpr std::uint32_t kSchemaSkipsExec = 1U << 3U;     // exec entries: SQL of older tables
inline constexpr std::uint32_t kSchemaSkipsCompacted = 1U << 4U;  // what is not in the log any more
inline constexpr std::uint32_t kSchemaFlags = (1U << 5U) - 1;

struct Schema {
  std::uint32_t version{};
  std::vector<std::string> migrations{};  // index i takes version i to i + 1
  std::vector<Materializer> materializers{};
  std::vector<Upcaster> upcasters{};
  std::uint32_t flags{};          // kSchema…
  std::string engine{};           // "3.54.1": the SQLite that replays this
  std::string compile_options{};  // cmake/sqlite_options.cmake, as one string
  std::uint64_t profile_hash{};   // of the connection profile, storage/profile.h
  bool operator==(const Schema&) const = default;
};

struct CheckpointMark {  // the state database is flushed at `index`
  Index index{};
  bool operator==(const CheckpointMark&) const = default;
};

struct SessionClose {
  ClientId client{};
  bool operator==(const SessionClose&) const = default;
};

using EntryBody = std::variant<Event, Exec, Void, TermStart, Schema, CheckpointMark, SessionClose>;

struct Entry {
  Index index{};
  Term term{};
  std::int64_t time_ms{};          // leader time since the epoch; never decreasing within a term
  std::int64_t wall_ms{};          // the leader's raw wall clock since the epoch
  std::uint64_t seed{};            // of random() and randomblob() while this entry is applied
  std::uint32_t schema_version{};  // that `body` was written for; 0 before the first schema
  std::optional<RequestStamp> request{};
  EntryBody body{};
  bool operator==(const Entry&) const = default;
};

// True for what an app appended (event, exec): those that `expectedIndex` counts.
[[nodiscard]] inline bool is_app_entry(const Entry& entry) {
  return std::holds_alternative<Event>(entry.body) || std::holds_alternative<Exec>(entry.body);
}

// What replay cannot apply to the state that it has: see kSchemaRebuilds.
[[nodiscard]] inline bool starts_anew(const Entry& entry) {
  const auto* schema = std::get_if<Schema>(&entry.body);
  return schema != nullptr && (schema->flags & kSchemaRebuilds) != 0;
}

// The last entry of its request, or a control entry: the only places where a state transaction may
// end, since a request is all or nothing.
[[nodiscard]] inline bool ends_request(const Entry& entry) {
  return !entry.request || entry.request->position + 1 == entry.request->count;
}

// An entry with the bytes that stand in the log, encoded once: they are framed, hashed and sent.
struct EncodedEntry {
  Entry entry{};
  std::shared_ptr<const Bytes> bytes{};
};

}  // namespace tablog
