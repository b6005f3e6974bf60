// Message: everything that goes between the workers of the tabs. docs/protocol.md tells who sends
// what, when, and what the other side does. Pure data; encoding in log/codec.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "log/entry.h"
#include "log/table_digests.h"

namespace tablog {

// Of a whole encoded message. It bounds what one appendBatch may carry, with the envelope's share
// left.
inline constexpr std::size_t kMessageBytesMax = 64U << 20U;  // 64 MiB

// Of an Error's words in a message; what is longer is cut when it is encoded.
inline constexpr std::size_t kErrorMessageBytesMax = 4096;

enum class Role : std::uint8_t { kReplica = 0, kLeader = 1 };
enum class Durability : std::uint8_t { kFull = 0, kRelaxed = 1 };

// A worker's inbox: the tab and which of its two workers. A zero tab addresses every replica of the
// store (the common channel).
struct Address {
  ClientId tab{};
  Role role{};
  auto operator<=>(const Address&) const = default;
};

// ---- replica -> leader -------------------------------------------------------------------------

// What one request asks for: the events of one append or appendBatch, one exec, or the withdrawal
// of the number.
using Payload = std::variant<std::vector<Event>, Exec, Void>;

// A query that a transaction has made, and what it gave: where it gives anything else when the
// request is sequenced, that is a Conflict.
struct ReadGuard {
  std::string sql{};
  std::vector<Argument> params{};
  RowsHash hash{};
  bool operator==(const ReadGuard&) const = default;
};
inline constexpr std::size_t kReadGuardsMax = 1000;  // of one request

struct AppendRequest {
  RequestNumber number{};
  RequestNumber settled_through{};
  std::uint32_t schema_version{};
  Durability durability{};
  std::optional<Index> expected_index{};  // of the last app entry, or the append is a Conflict
  std::uint32_t leader_deaths{};          // leaders that ended with this request in flight
  std::uint64_t request_hash{};
  Payload payload{};
  std::vector<ReadGuard> reads{};  // of a transaction
  bool operator==(const AppendRequest&) const = default;
};

// The unsent requests of a session, ascending and without gaps. One message for all calls of a
// task.
struct AppendRequests {
  ClientId client{};
  std::vector<AppendRequest> requests{};
  bool operator==(const AppendRequests&) const = default;
};

// "Who leads?", to everyone; a leader answers with Announce to the sender.
struct Seek {
  bool operator==(const Seek&) const = default;
};

// Subscribes the sender to Committed from `applied` on. The leader answers with Committed (also
// empty), or with SchemaRefused. `applied` 0 with `wants_entries` means: a snapshot first, please.
struct Join {
  Index applied{};
  ChainHash chain{};     // of the replica at `applied`
  bool wants_entries{};  // false for replica: "none": only heads and answers
  Schema schema{};       // the page's; a newer version is migrated to
  bool operator==(const Join&) const = default;
};

// Everything up to `applied` is applied, `bytes` of entries since the last one: flow control.
struct Acknowledge {
  Index applied{};
  bool operator==(const Acknowledge&) const = default;
};

// Entries from `from` to at most `to`. Answered by Range with the same `call`.
struct RangeRequest {
  std::uint64_t call{};  // 0: a subscriber's catch-up, answered by Committed instead
  Index from{};
  Index to{};
  std::uint32_t bytes_max{};
  bool operator==(const RangeRequest&) const = default;
};

// Asks for an index to which a linearizable read has to wait. Answered by ReadIndex.
struct ReadIndexRequest {
  std::uint64_t call{};
  bool operator==(const ReadIndexRequest&) const = default;
};

// Exclusive use for a transaction that was in conflict again and again: for a limited time the
// leader sequences requests of this tab only, until one with reads has had its turn. Answered by
// ReadIndex, when it has been granted: what the transaction reads has to include that index.
struct ExclusiveRequest {
  std::uint64_t call{};
  bool release{};  // it is not needed any more; no answer
  bool operator==(const ExclusiveRequest&) const = default;
};

// A query that the leader runs for a tab without a replica. Answered by QueryResult.
struct QueryRequest {
  std::uint64_t call{};
  Index not_before{};  // session consistency: the leader has at least this applied, or waits
  bool linearizable{};
  std::string sql{};
  std::vector<Argument> params{};
  bool operator==(const QueryRequest&) const = default;
};

// Pulls a large image chunk by chunk: the receiver's pace is the flow control.
enum class TransferKind : std::uint8_t {
  kSnapshot = 0,
  kLogExport = 1,
  kDatabaseExport = 2,
  kBase = 3  // the state that a compacted log begins with
};
struct TransferRequest {
  std::uint64_t call{};
  TransferKind kind{};
  std::uint64_t transfer{};  // 0 begins one; afterwards the number that TransferChunk told
  std::uint64_t offset{};    // bytes
  bool done{};               // true: the leader may let go of it; no answer
  bool operator==(const TransferRequest&) const = default;
};

struct CheckpointRequest {
  std::uint64_t call{};
  bool operator==(const CheckpointRequest&) const = default;
};

struct StatsRequest {
  std::uint64_t call{};
  bool operator==(const StatsRequest&) const = default;
};

// Frees whole segments before the first entry that any of the three wants to be kept; zero: that
// one wants nothing. Answered by MaintenanceDone with the first entry that can be read afterwards.
struct CompactRequest {
  std::uint64_t call{};
  Index retain_from{};
  std::int64_t since_ms{};     // entries that are as young, ms since the epoch
  std::uint64_t keep_bytes{};  // so many of the log's newest bytes
  bool operator==(const CompactRequest&) const = default;
};

// The store has no event yet, and the files of this generation, which are whole but not marked as
// ready, are to be its own. Answered by MaintenanceDone where they are not taken; where they are,
// by the next term's announcement.
struct AdoptRequest {
  std::uint64_t call{};
  Generation generation{};
  bool operator==(const AdoptRequest&) const = default;
};

// The tab closes its session in good order; nothing of it is in flight any more.
struct CloseSession {
  ClientId client{};
  bool operator==(const CloseSession&) const = default;
};

// This replica's digest at `index` differs from the leader's: the leader recomputes its own, and
// answers with TableDigests if that is sound.
struct DigestDispute {
  Index index{};
  bool operator==(const DigestDispute&) const = default;
};

// ---- leader -> replica -------------------------------------------------------------------------

struct Announce {
  ClientId leader{};
  Index head{};
  ChainHash chain{};  // at head
  bool operator==(const Announce&) const = default;
};

// Whole batches, in order. Empty: only the head moves, ask for the range when you can.
struct Committed {
  Index previous{};  // index before the first entry
  ChainHash previous_chain{};
  std::vector<std::shared_ptr<const Bytes>> entries;  // encoded; decode_entry
  Index head{};
  Index durable{};     // flushed through
  Index checkpoint{};  // state database flushed through
  std::optional<Digest>
      digest{};  // of the state after the last entry here; none in a catch-up range
  bool operator==(const Committed& other) const;
};

// A request's fate where Committed does not tell it: duplicates and rejections.
struct Accepted {
  Index first_index{};
  std::uint32_t count{1};
  Term term{};
  std::int64_t time_ms{};
  std::int64_t changes{};  // of an exec
  bool voided{};           // the number was withdrawn: it took no effect
  bool operator==(const Accepted&) const = default;
};
struct Answer {
  RequestNumber number{};
  std::variant<Accepted, Error> result{};
  bool operator==(const Answer&) const = default;
};
struct Answers {
  ClientId client{};
  std::vector<Answer> answers{};
  bool operator==(const Answers&) const = default;
};

// A channel dropped something: send again from `number` on.
struct ResendFrom {
  ClientId client{};
  RequestNumber number{};
  bool operator==(const ResendFrom&) const = default;
};

// The session is closed (its tab's lock was seen released): the page must mint a new one.
struct SessionClosed {
  ClientId client{};
  bool operator==(const SessionClosed&) const = default;
};

struct Range {
  std::uint64_t call{};
  std::variant<std::vector<std::shared_ptr<const Bytes>>, Error> result{};
  Index head{};
  bool operator==(const Range& other) const;
};

struct ReadIndex {
  std::uint64_t call{};
  Index index{};
  bool operator==(const ReadIndex&) const = default;
};

struct QueryResult {
  std::uint64_t call{};
  std::variant<Bytes, Error> result{};  // rows in the boundary encoding, web/host/boundary.h
  bool operator==(const QueryResult&) const = default;
};

struct TransferChunk {
  std::uint64_t call{};
  std::uint64_t transfer{};
  std::uint64_t offset{};
  std::uint64_t total_bytes{};
  Index index{};      // the image is of this index
  ChainHash chain{};  // at `index`
  std::variant<Bytes, Error> result{};
  bool operator==(const TransferChunk&) const = default;
};

struct CheckpointDone {
  std::uint64_t call{};
  std::variant<Index, Error> result{};
  bool operator==(const CheckpointDone&) const = default;
};

// To CompactRequest and AdoptRequest.
struct MaintenanceDone {
  std::uint64_t call{};
  std::variant<Index, Error> result{};
  bool operator==(const MaintenanceDone&) const = default;
};

// To DigestDispute, behind the Committed that brings `index`: by which the other side names the
// tables that differ.
struct TableDigests {
  Index index{};
  DigestsByTable tables{};
  bool operator==(const TableDigests&) const = default;
};

// To a tab whose schema has the state made anew, or that has asked for a compaction: how far that
// is. Its message is answered afterwards.
struct Working {
  std::uint64_t done{};
  std::uint64_t total{};  // entries
  bool operator==(const Working&) const = default;
};

struct Stats {
  std::uint64_t call{};
  std::string json{};  // counters; an object
  bool operator==(const Stats&) const = default;
};

struct SchemaRefused {
  Error error{};  // kSchemaTooOld, kSchemaConflict, kEngineTooOld, or a migration's kRejected
  bool operator==(const SchemaRefused&) const = default;
};

// The leader cannot lead, and says so instead of hanging: reads of its storage, appends, queries.
struct LeaderFailed {
  Error error{};
  bool operator==(const LeaderFailed&) const = default;
};

// ---- replica <-> replica -----------------------------------------------------------------------

struct TabQuery {
  std::uint64_t call{};
  bool operator==(const TabQuery&) const = default;
};
struct TabInfo {
  std::uint64_t call{};
  ClientId tab{};
  Role role{};
  bool visible{};
  Index applied{};
  bool operator==(const TabInfo&) const = default;
};

using MessageBody =
    std::variant<AppendRequests, Seek, Join, Acknowledge, RangeRequest, ReadIndexRequest,
                 QueryRequest, TransferRequest, CheckpointRequest, StatsRequest, CloseSession,
                 ExclusiveRequest, DigestDispute, CompactRequest, AdoptRequest, Announce, Committed,
                 Answers, ResendFrom, SessionClosed, Range, ReadIndex, QueryResult, TransferChunk,
                 CheckpointDone, Stats, SchemaRefused, LeaderFailed, MaintenanceDone, TableDigests,
                 Working, TabQuery, TabInfo>;

// Envelope of every message. A receiver drops what is of another store, or of a lower term than it
// knows: that is what keeps a deposed leader's words from being heard.
struct Message {
  StoreId store{};  // zero: the sender does not know it yet
  Term term{};      // the sender's; generation included. Zero: knows none
  Address from{};
  MessageBody body{};
  bool operator==(const Message&) const = default;
};

}  // namespace tablog
