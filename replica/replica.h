// Replica: the state machine of a tab's replica worker. It carries the tab's appends to the leader
// until each has its fate, applies the committed entries in order, and says when a query may run.
// Rules: DESIGN sections 4 and 6; the messages: docs/protocol.md.
//
// Pure: no I/O, no clock. Input goes in, Output comes out, and the host carries the output out in
// the order of its fields, feeding back what each asks for:
//   discard  -> nothing: the database is empty afterwards
//   install  -> SnapshotInstalled, or SnapshotFailed, after the last piece
//   apply    -> Applied, or ApplyFailed
//   read_digests -> DigestsRead
// before anything else is fed.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "log/clock.h"
#include "log/message.h"
#include "replica/outbox.h"

namespace tablog::replica {

enum class Mode : std::uint8_t { kMemory = 0, kNone = 1 };  // none: queries go to the leader
enum class Consistency : std::uint8_t { kSession = 0, kLinearizable = 1, kLocal = 2 };
using CallId = std::uint32_t;

struct Options {
  Mode mode{};
  std::uint64_t replica_bytes_max = 64U << 20U;  // a larger database is asked of the leader
  std::chrono::milliseconds seek_interval{200};
  std::chrono::milliseconds resend_interval{500};
  std::chrono::milliseconds unresponsive_after{3000};
  std::chrono::milliseconds suspect_after{1100};  // waited for so long, the leader is looked after
  std::chrono::milliseconds call_timeout{10'000};
  std::chrono::milliseconds open_timeout{30'000};
  std::chrono::milliseconds tabs_timeout{1000};
  std::uint64_t snapshot_gap_entries = 2000;  // further behind than this, a snapshot is quicker
  std::uint32_t range_bytes = 256U << 10U;
  std::uint64_t acknowledge_bytes = 256U << 10U;
  Outbox::Limits message{.requests_max = 4096, .bytes_max = 8U << 20U};  // of AppendRequests
};

// ---- inputs ------------------------------------------------------------------------------------

struct Started {};
struct Received {
  Message message;
};
struct Appends {                        // those of one task of the page
  std::vector<AppendRequest> requests;  // schema version, deaths and hash are filled in here
  bool handed{};  // by the page to this tab's own leader, too (leader::OwnAppends)
};
struct Query {
  CallId call{};
  Consistency consistency{};
  // What the page was told of as appended, and this worker perhaps not yet; of the history that
  // stands after so many rollbacks and divergences of this worker.
  Index not_before{};
  std::uint32_t noted{};
  std::string sql;
  std::vector<Argument> params;
};
struct AskExclusive {  // answered with nothing once this tab has it, and has applied all before it
  CallId call{};
  bool release{};  // it is not needed any more; no answer
};
struct ReadLog {
  CallId call{};
  Index from;
  Index to;  // zero: the head
  std::uint32_t limit{};
};
struct Checkpoint {
  CallId call{};
};
struct Export {
  CallId call{};
  TransferKind kind{};
};
struct Adopt {  // answered with the index of the head, once a leader leads that generation
  CallId call{};
  Generation generation;
};
struct Compact {
  CallId call{};
  CompactRequest wanted;
};
struct Tabs {
  CallId call{};
  std::vector<ClientId> tabs;
};
struct GetStats {
  CallId call{};
};
struct Close {
  CallId call{};
};
struct Forget {
  CallId call{};
};
struct Visibility {
  bool visible{};
};
struct Applied {
  Digest digest;  // of the state after the last entry
};
struct ApplyFailed {
  Error error;
};
struct DigestsRead {      // answer to Output::read_digests
  DigestsByTable tables;  // those that the running digest is of; empty: they cannot be read
};
struct SnapshotInstalled {  // as the database itself says
  Index applied;
  ChainHash chain;
};
struct SnapshotFailed {
  Error error;
};
struct Ticked {};

using Input =
    std::variant<Started, Received, Appends, Query, AskExclusive, ReadLog, Checkpoint, Export,
                 Adopt, Compact, Tabs, GetStats, Close, Forget, Visibility, Applied, ApplyFailed,
                 DigestsRead, SnapshotInstalled, SnapshotFailed, Ticked>;

// ---- outputs -----------------------------------------------------------------------------------

struct Send {
  std::optional<Address> to;  // none: everyone
  Message message;
};
struct RunQuery {  // on the local database, now; the host replies
  CallId call{};
  std::string sql;
  std::vector<Argument> params;
};
struct EntriesRead {
  std::vector<std::shared_ptr<const Bytes>> entries;
  Index next;  // zero: done
};
struct TabState {
  ClientId tab;
  Role role{};
  bool visible{};
  Index applied;
  std::chrono::microseconds round_trip{};
};
struct Reply {
  CallId call{};
  // Rows of the leader, or of another kind of call: by what was asked.
  std::variant<Error, Bytes, EntriesRead, Index, std::vector<TabState>, std::string, std::monostate>
      result;
};
struct Chunk {  // of an export; at offset 0 it begins, perhaps anew
  CallId call{};
  std::uint64_t offset{};
  Bytes bytes;
};
struct Noted {
  enum class Kind : std::uint8_t { kRollback = 0, kDivergence = 1 } kind{};
  Index index;
  std::string detail;
};
struct Progress {  // bytes of a snapshot, or entries that are applied anew
  std::uint64_t done{};
  std::uint64_t total{};
};

struct Status {
  Term term;
  std::optional<ClientId> leader;
  Index head;
  Index durable;
  Index applied;
  Index checkpoint;
  bool leader_unresponsive{};
  bool operator==(const Status&) const = default;
};

// Of a snapshot, in order; the one at offset 0 begins it, and what had come before is of no use.
struct Piece {
  std::uint64_t offset{};
  Bytes bytes;
  std::uint64_t total_bytes{};
  [[nodiscard]] bool is_last() const { return offset + bytes.size() >= total_bytes; }
};

struct Output {  // The host acts in declaration order.
  bool discard{};
  std::optional<Piece> install{};
  std::vector<EncodedEntry> apply{};
  bool read_digests{};  // not with any of those above
  std::vector<Send> messages{};
  std::vector<Settled> settled{};
  std::vector<Noted> noted{};
  std::vector<Progress> progress{};
  std::optional<Status> status{};  // where it changed
  bool ready{};                    // a session query can be answered, for the first time
  std::optional<Error> failed{};
  std::vector<RunQuery> queries{};
  std::vector<Chunk> chunks{};
  std::vector<Reply> replies{};
  bool query_locks{};  // evicts a leader that sits in the back/forward cache
  bool suspects{};     // that the leader's process is stopped: node::Suspected, for this tab's own
  std::optional<std::chrono::microseconds> wake_at{};  // monotonic; then Ticked
};

class Replica {
 public:
  Replica(ClientId self, Schema schema, Options options = {});

  [[nodiscard]] Output step(const Clock& now, const Input& input);

  [[nodiscard]] Status status() const;
  [[nodiscard]] StoreId store() const { return store_; }
  [[nodiscard]] Index applied() const { return applied_; }
  [[nodiscard]] std::size_t pending() const { return outbox_.size(); }

 private:
  enum class Phase : std::uint8_t {
    kSeeking,   // no leader known
    kJoining,   // Join is out
    kFetching,  // a snapshot comes, chunk by chunk
    kLive,      // subscribed; perhaps catching up
    kRefused,   // the leader refused this tab's schema; what is pending is still settled
  };
  struct Call {
    std::variant<Query, AskExclusive, ReadLog, Checkpoint, Export, Adopt, Compact, Tabs, GetStats>
        request{};
    std::chrono::microseconds began{};
    std::chrono::microseconds asked{};
    std::chrono::microseconds ask_again_after{};  // grows: it may be slow rather than lost
    std::optional<Index> wait_for{};              // a query's or exclusive use's: when applied
    std::uint64_t transfer{};                     // an export's
    std::uint64_t offset{};
    std::vector<TabState> tabs{};  // that have answered
  };

  void on(const Started& input);
  void on(const Received& input);
  void on(const Appends& input);
  void on(const Query& input);
  void on(const AskExclusive& input);
  void on(const ReadLog& input);
  void on(const Checkpoint& input);
  void on(const Export& input);
  void on(const Adopt& input);
  void on(const Compact& input);
  void on(const Tabs& input);
  void on(const GetStats& input);
  void on(const Close& input);
  void on(const Forget& input);
  void on(const Visibility& input);
  void on(const Applied& input);
  void on(const ApplyFailed& input);
  void on(const DigestsRead& input);
  void on(const SnapshotInstalled& input);
  void on(const SnapshotFailed& input);
  void on(const Ticked& input);

  // Messages, replica_messages.cc.
  void receive(const Address& from, const Announce& message);
  void receive(const Address& from, const Committed& message);
  void receive(const Address& from, const Answers& message);
  void receive(const Address& from, const ResendFrom& message);
  void receive(const Address& from, const SessionClosed& message);
  void receive(const Address& from, const Range& message);
  void receive(const Address& from, const ReadIndex& message);
  void receive(const Address& from, const QueryResult& message);
  void receive(const Address& from, const TransferChunk& message);
  void receive(const Address& from, const tablog::CheckpointDone& message);
  void receive(const Address& from, const Stats& message);
  void receive(const Address& from, const TableDigests& message);
  void receive(const Address& from, const SchemaRefused& message);
  void receive(const Address& from, const LeaderFailed& message);
  void receive(const Address& from, const Working& message);
  void receive(const Address& from, const MaintenanceDone& message);
  void receive(const Address& from, const TabQuery& message);
  void receive(const Address& from, const TabInfo& message);
  template <class Other>
  void receive(const Address& /*from*/, const Other& /*message*/) {}  // not for a replica

  // Following a leader.
  void adopt(const Message& message);
  void join();
  void apply(const Committed& message);
  void heard_of_head(Index head);
  void ask_range();
  void check_told();
  void note_shorter_log(Index head);
  void catch_up_otherwise(const Error& error);
  void fetch_snapshot();
  void ask_chunk();
  void receive_snapshot(const TransferChunk& message);
  void note(Noted::Kind kind, Index index, std::string detail);
  void start_over(Noted::Kind kind, std::string detail);
  void dispute();
  void follow_new_store(const Message& message);
  void finish_adoptions(Index head);
  void caught_up();
  void acknowledge(std::uint64_t bytes);

  // Calls, replica_calls.cc.
  Call* add_call(CallId id, Call call);
  void send_call(CallId id, Call& call);
  void send_calls();
  void repeat_calls();
  void run_ready_queries();
  void refuse_queries();
  void finish(CallId id, decltype(Reply::result) result);
  void expire_calls();
  void finish_tabs(CallId id, Call& call);
  void export_chunk(CallId id, Call& call, const TransferChunk& message);

  void send(std::optional<Address> to, MessageBody body);
  void send_to_leader(MessageBody body);
  void flush_outbox();
  void settle(std::vector<Settled> settled);
  [[nodiscard]] bool asks_leader() const { return options_.mode == Mode::kNone; }
  [[nodiscard]] bool waits_for_leader() const;
  void fail_with(Error error);
  void plan_wake();

  ClientId self_;
  Schema schema_;
  Options options_;

  Clock now_{};
  Output out_{};

  Phase phase_{};
  Error refusal_;  // while kRefused
  StoreId store_;
  Term term_;
  std::optional<Address> leader_;
  bool joined_this_term_{};

  Index applied_;
  ChainHash chain_;  // at applied_
  Index head_;
  Index durable_;
  Index checkpoint_;
  std::uint32_t noted_{};  // rollbacks and divergences that were told
  Index appended_;  // what the page was told of as its own, perhaps by its own leader, before this
  // A leader is asked whether it has got that far; the answer is the asked one's by `call`.
  struct HeadCheck {
    std::uint64_t call{};
    Index told;
    std::chrono::microseconds asked{};
  };
  std::optional<HeadCheck> head_check_;
  std::uint64_t head_checks_{};
  Index seen_;  // highest index that this tab was told of as applied: reads never go behind it
  Index seen_before_;  // seen_ when the leader of now was adopted: its log has to have that
  std::optional<Digest> expected_digest_;  // of what is being applied
  // The state here is not the leader's. While it stands nothing is served from it, nor compared.
  struct Dispute {
    Term term{};                                       // whose leader it began with
    std::optional<std::chrono::microseconds> asked{};  // the leader of now
    int questions{};                                   // that it was asked
    DigestsByTable leaders{};                          // its answer
  };
  std::optional<Dispute> dispute_;

  std::optional<std::chrono::microseconds> range_asked_;
  std::uint64_t transfer_{};  // the leader's number of the snapshot's transfer
  std::optional<std::chrono::microseconds> chunk_asked_;
  std::uint64_t image_bytes_{};  // that have come of the snapshot, and are with the host
  std::uint64_t unacknowledged_bytes_{};

  Outbox outbox_;
  std::map<CallId, Call> calls_;
  bool ready_{};  // now
  bool was_ready_{};
  bool visible_{true};
  std::chrono::microseconds started_{};
  std::chrono::microseconds heard_{};   // the leader's last word
  std::chrono::microseconds sought_{};  // the last Seek
  std::chrono::microseconds locks_queried_{};
  std::chrono::microseconds joined_at_{};
  std::optional<std::chrono::microseconds> wake_;
  Status told_;
};

}  // namespace tablog::replica
