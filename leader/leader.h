// Leader: the state machine of the tab that leads, for one term. It takes requests strictly in the
// order of their session, sequences them in batches, and tells nobody anything before it is durable
// and the lease is good. Rules: DESIGN sections 4 and 6; the messages: docs/protocol.md.
//
// Pure: no I/O, no clock. Input goes in, Output comes out, and the host carries the output out in
// the order of its fields, feeding back what each asks for:
//   execute    -> Executed (or ReserveFailed)        before anything else is fed
//   persist    -> Persisted, or PersistFailed        likewise
//   commit     -> nothing, or StateFailed
//   reads      -> RangeSent for a subscriber's range (call 0); else nothing
//   checkpoint -> CheckpointDone, or StateFailed
//   recheck    -> DigestChecked
//   begin_anew -> AnewAdvanced, again and again, between other inputs; or AnewFailed
// After step_down is set, the machine is finished: nothing more may be fed.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "leader/lease.h"
#include "leader/sessions.h"
#include "leader/subscribers.h"
#include "log/batch.h"
#include "log/clock.h"
#include "log/message.h"
#include "log/session_table.h"

namespace tablog::leader {

struct Options {
  std::size_t batch_requests_max = 4096;
  std::size_t batch_bytes_max = 8U << 20U;      // of payloads, roughly
  std::size_t queue_requests_max = 65536;       // beyond either: dropped, the sender sends again
  std::uint64_t queue_bytes_max = 128U << 20U;  // of payloads, roughly
  std::chrono::milliseconds lease{1000};        // L of DESIGN section 6
  std::chrono::milliseconds relaxed_flush{50};  // a relaxed append is flushed after at most this
  // The state's commit follows the log's flush by at most as much: what a successor may have to
  // replay.
  std::uint32_t commit_batches = 16;
  std::uint64_t commit_bytes = 64U << 10U;  // of entries
  std::chrono::milliseconds commit_delay{5};
  std::uint64_t checkpoint_entries = 10'000;   // since the last one
  std::uint64_t checkpoint_bytes = 4U << 20U;  // of entries since the last one, in this term
  // What a successor reads before it can answer; also of entries of earlier leaders.
  std::uint64_t checkpoint_wal_bytes = 4U << 20U;
  std::chrono::milliseconds checkpoint_interval{60'000};
  std::uint64_t window_bytes = 1U << 20U;     // unacknowledged, per subscriber
  std::chrono::milliseconds exclusive{1000};  // the longest use of ExclusiveRequest
  std::uint32_t poison_alone_deaths = 2;      // a request that saw so many leaders end runs alone
  std::uint32_t poison_reject_deaths = 3;     // and one more is rejected
};

// What recovery found; the host reads it from storage::Store.
struct Recovered {
  StoreId store;
  Generation generation;
  Term last_term;
  Index head;
  ChainHash chain;
  Index checkpoint;
  std::int64_t last_time_ms{};
  std::optional<Schema> schema;
  SessionTable sessions;
  std::string engine{};  // SQLite's version here: the log's, or a newer one
};

// ---- inputs ------------------------------------------------------------------------------------

struct Started {
};  // first: begins the term with a record that must be durable before anything is said
struct Received {
  Message message;
};
// Of this tab's own page, which hands them to its replica as well (replica::Appends::handed): on a
// line of its own, without the replica between, so that an awaited append takes two hops less.
struct OwnAppends {
  std::vector<AppendRequest> requests;  // complete, as a replica sends them
};
struct BatchDue {};  // the message to oneself, armed by Output::arm_batch, came back
struct Executed {
  BatchResult result;
  std::uint64_t wal_bytes{};  // of the state database, before this batch is committed
};
struct ReserveFailed {  // no room for the batch: it was not executed
  Error error;
};
struct ExecuteFailed {  // the state database failed, not the SQL: nothing of the batch stands
  Error error;
};
struct Persisted {};  // written, and flushed where asked
struct PersistFailed {
  Error error;
};
struct StateFailed {
  Error error;
};
struct CheckpointDone {
  Index index;
};
struct RangeSent {  // a subscriber got the entries through `through`
  Address to;
  Index through;
  std::uint64_t bytes{};
};
struct DigestChecked {  // answer to Output::recheck_digest
  bool matches{};
  DigestsByTable tables{};  // of the state at the last entry; where it matches
  std::string wrong{};      // what does not match; empty: it is not known by name
};
// A second state is on its way from the log's first entry to its last (Output::begin_anew).
struct AnewAdvanced {
  std::uint64_t done{};
  std::uint64_t total{};  // entries
  bool finished{};        // it has all that was sequenced
};
struct AnewFailed {  // what stands in its way; it is gone
  Error error;
};
struct BaseReady {};  // FreeCompacted, when the lease is good
struct LocksSeen {
  std::chrono::microseconds began;   // monotonic, before locks.query() was called
  bool held{};                       // by this leader
  std::set<ClientId> tabs;           // whose lock is held
  std::optional<ClientId> holder{};  // the tab whose leader worker holds the leader's lock
};
struct Ticked {};

using Input =
    std::variant<Started, Received, OwnAppends, BatchDue, Executed, ReserveFailed, ExecuteFailed,
                 Persisted, PersistFailed, StateFailed, CheckpointDone, RangeSent, DigestChecked,
                 AnewAdvanced, AnewFailed, BaseReady, LocksSeen, Ticked>;

// ---- outputs -----------------------------------------------------------------------------------

struct Execute {
  BatchContext context;
  std::vector<BatchItem> items;
  std::uint64_t bytes{};  // estimate, for the reservation
  bool on_anew{};         // on the second state, which is the state from then on if it takes it
};

struct Persist {
  std::vector<EncodedEntry> entries;  // one write; may be empty: only flush
  Digest digest;
  bool flush{};
};

struct Send {
  std::optional<Address> to;  // none: everyone
  Message message;
};

struct FreeCompacted {};  // the files of what a base has taken the place of

// A read of committed storage, or work on it, that the host answers to `to` by itself.
struct Read {
  Address to;
  std::variant<RangeRequest, QueryRequest, TransferRequest, StatsRequest, CompactRequest,
               FreeCompacted, AdoptRequest>
      request;
  Index head;  // nothing beyond may be read
};

struct Output {                      // The host acts in declaration order.
  std::optional<Execute> execute{};  // in the state database's open transaction
  std::optional<Persist> persist{};  // durable before anything below happens
  std::vector<Answer> settled{};     // of OwnAppends, for the page
  std::vector<Send> messages{};
  bool commit{};  // the state database, all that it has executed; never before the log's flush
  std::vector<Read> reads{};
  bool checkpoint{};                   // flush the state database
  bool recheck_digest{};               // recompute it in full and compare with the running one
  std::optional<Schema> begin_anew{};  // a second state, as this schema has it
  bool arm_batch{};                    // a message to oneself, to cut the batch when it comes back
  bool query_locks{};                  // LocksSeen when it answers
  std::optional<std::chrono::microseconds> wake_at{};  // monotonic; then Ticked
  std::optional<Error> step_down{};                    // close everything, release the lock
};

// How long requests took, from their arrival to their answer: [i] of less than 2^i times
// kLatencyUnit, the last of all that took longer.
using LatencyCounts = std::array<std::uint64_t, 20>;
inline constexpr std::chrono::microseconds kLatencyUnit{32};

struct Counters {
  std::uint64_t batches{};
  std::uint64_t entries{};
  std::uint64_t requests{};
  std::uint64_t duplicates{};
  std::uint64_t rejections{};
  std::uint64_t gaps{};
  std::uint64_t dropped_messages{};  // of another store or term
  std::uint64_t lease_waits{};       // publications that had to wait for locks.query()
  LatencyCounts append_latency{};
};

class Leader {
 public:
  Leader(ClientId self, Recovered recovered, std::uint64_t seed, Options options = {});

  [[nodiscard]] Output step(const Clock& now, const Input& input);

  [[nodiscard]] Term term() const { return term_; }
  [[nodiscard]] StoreId store() const { return store_; }
  [[nodiscard]] bool serving() const { return serving_; }
  [[nodiscard]] Index head() const { return published_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] std::size_t sessions() const { return sessions_.count(); }

 private:
  enum class Via : std::uint8_t { kReplica, kPage };
  struct Queued {
    ClientId client;
    AppendRequest request;
    Via via{};
    std::chrono::microseconds taken{};
  };
  struct Joining {
    Address from;
    Join join;
  };
  // A control entry to sequence, and the tabs whose schema it is.
  struct Control {
    EntryBody body;
    std::vector<Joining> joinings{};
  };
  // A schema that has the state made anew, and the tabs that wait for it.
  struct Upgrade {
    Schema schema;
    std::vector<Joining> joinings{};
  };
  // A tab that wants, or has, exclusive use.
  struct Exclusive {
    Address tab;
    std::uint64_t call{};
    std::chrono::microseconds asked{};
    std::optional<std::chrono::microseconds> until{};  // none: not granted yet
  };
  // One batch on its way through execute and persist.
  struct InFlight {
    std::vector<Control> controls{};
    std::vector<Queued> requests{};
    std::vector<std::pair<Joining, Error>> refused{};
    std::vector<std::pair<Queued, Error>> rejected{};
    std::vector<RequestNumber> own_accepted{};  // of OwnAppends
    std::vector<EncodedEntry> entries{};
    std::optional<Digest> digest{};
    bool flush{};
    std::optional<Schema> outdated{};  // the schema that it replaces: that of all subscribers
  };
  // What became of a batch, to be told under the lease.
  struct Publication {
    Index previous{};
    ChainHash previous_chain{};
    Index last{};
    ChainHash chain{};
    InFlight batch{};
    bool announce{};   // the first of the term
    bool unwritten{};  // nothing was added to the log, and nothing flushed
  };
  struct Addressed {
    std::optional<Address> to;
    MessageBody body;
  };
  using Outgoing = std::variant<Publication, Addressed, Read, Joining>;

  // Inputs, leader.cc.
  void on(const Started& input);
  void on(const Received& input);
  void on(const OwnAppends& input);
  void on(const BatchDue& input);
  void on(const Executed& input);
  void on(const ReserveFailed& input);
  void on(const ExecuteFailed& input);
  void on(const Persisted& input);
  void on(const PersistFailed& input);
  void on(const StateFailed& input);
  void on(const CheckpointDone& input);
  void on(const RangeSent& input);
  void on(const DigestChecked& input);
  void on(const AnewAdvanced& input);
  void on(const AnewFailed& input);
  void on(const BaseReady& input);
  void on(const LocksSeen& input);
  void on(const Ticked& input);

  // Messages, leader_messages.cc.
  void take(const ClientId& client, const std::vector<AppendRequest>& requests, Via via);
  void receive(const Address& from, const AppendRequests& message);
  void receive(const Address& from, const Seek& message);
  void receive(const Address& from, const Join& message);
  void receive(const Address& from, const Acknowledge& message);
  void receive(const Address& from, const RangeRequest& message);
  void receive(const Address& from, const ReadIndexRequest& message);
  void receive(const Address& from, const QueryRequest& message);
  void receive(const Address& from, const TransferRequest& message);
  void receive(const Address& from, const CheckpointRequest& message);
  void receive(const Address& from, const StatsRequest& message);
  void receive(const Address& from, const CompactRequest& message);
  void receive(const Address& from, const AdoptRequest& message);
  void receive(const Address& from, const CloseSession& message);
  void receive(const Address& from, const ExclusiveRequest& message);
  void receive(const Address& from, const DigestDispute& message);
  template <class Other>
  void receive(const Address& /*from*/, const Other& /*message*/) {}  // not for a leader

  // Batches, leader.cc.
  void cut_batch();
  void cut_and_arm();
  void take_controls(InFlight& batch, Execute& execute);
  void take_requests(InFlight& batch, Execute& execute);
  [[nodiscard]] BatchContext context() const;
  [[nodiscard]] bool is_newer(const Schema& schema) const;
  void join_upgrade(Joining joining);
  [[nodiscard]] bool has_work() const;
  [[nodiscard]] bool may_take(const Queued& queued) const;
  void drop_exclusive(const ClientId& tab);
  void tend_exclusive();
  void close_session(const ClientId& client);
  void say_unwritten(InFlight batch);
  void plan_upkeep();
  [[nodiscard]] bool can_commit() const;
  [[nodiscard]] bool commit_due() const;
  void commit();  // if it may
  void arm();

  // Saying things under the lease, leader_publish.cc.
  void say(Outgoing outgoing);
  void send(std::optional<Address> to, MessageBody body);
  void drain();
  void tell(std::optional<Address> to, MessageBody body);
  void utter(Publication& publication);
  void utter(Addressed& message);
  void utter(Read& read);
  void utter(Joining& joining);
  void count_latency(const Queued& queued);
  void refuse_outdated(const Schema& outdated);
  void publish_entries(const Publication& publication);
  void publish_answers(const Publication& publication);
  void publish_settled(const InFlight& batch);
  void welcome(const Joining& joining);
  void release_waiting_queries();
  void plan_wake();
  void fail_with(Error error);

  ClientId self_;
  Options options_;
  StoreId store_;
  std::uint64_t seed_;
  Term term_;

  Clock now_{};
  Output out_{};

  Lease lease_;
  Sessions sessions_;
  Subscribers subscribers_;
  std::optional<Schema> schema_;
  std::string engine_;
  std::optional<Upgrade> upgrade_;

  std::deque<Queued> queue_;
  std::uint64_t queue_bytes_{};  // of the payloads in it
  std::deque<Control> controls_;
  std::deque<Exclusive> exclusive_;  // the first has it, as soon as no batch is on its way
  std::optional<InFlight> in_flight_;
  std::deque<Outgoing> outgoing_;      // waits for the lease
  std::vector<Read> waiting_queries_;  // for an index not published, or not committed, yet
  std::vector<std::pair<Address, std::uint64_t>> checkpoint_calls_;

  // Invariant: published_ <= sequenced_; durable_ and committed_ <= sequenced_.
  Index sequenced_;  // last entry written to the log
  ChainHash chain_;  // at sequenced_
  Index durable_;    // last entry flushed
  Index committed_;  // last entry that the state database has committed
  Index published_;  // last entry that anybody was told of
  ChainHash published_chain_;
  Index checkpoint_;
  Digest digest_{};  // of the state at sequenced_
  std::int64_t last_time_ms_;
  std::uint64_t bytes_since_checkpoint_{};
  bool serving_{};  // the term start is durable
  bool armed_{};
  bool flush_wanted_{};  // of relaxed entries: their time is up, or a query waits for them
  // Since the state's last commit.
  std::uint32_t uncommitted_batches_{};
  std::uint64_t uncommitted_bytes_{};
  std::chrono::microseconds uncommitted_since_{};
  bool checkpoint_wanted_{};
  std::vector<Address> disputants_;      // wait for DigestChecked
  std::optional<TableDigests> checked_;  // what the last recomputation found sound
  std::chrono::microseconds started_{};
  std::chrono::microseconds last_activity_{};
  std::chrono::microseconds last_checkpoint_{};
  std::optional<std::chrono::microseconds> relaxed_since_;  // written, not flushed
  Counters counters_;
};

}  // namespace tablog::leader
