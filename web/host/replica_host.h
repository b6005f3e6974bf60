// ReplicaHost: carries out what replica::Replica decides, on a database in memory. What is left
// over, messages and replies, are the effects for whoever drives it: the browser's worker or the
// simulator.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "log/clock.h"
#include "replica/replica.h"
#include "storage/image_intake.h"
#include "storage/state_database.h"
#include "web/host/overlay.h"
#include "web/host/watches.h"

namespace tablog::host {

struct SendBytes {
  std::optional<Address> to;  // none: everyone
  Bytes bytes;                // an encoded message
};
struct SetTimer {
  std::chrono::microseconds delay;  // one timer: a new one replaces it
};
struct QueryLocks {};
struct Suspects {};  // that the leader is stopped: this tab's leader worker is to look

struct RepliedRows {
  Bytes rows;
  std::optional<RowsHash> hash{};  // where it was asked for
};
struct RepliedDigests {
  Index index;  // zero: there is no state here
  DigestsByTable tables;
};
struct RepliedEncoded {
  std::vector<std::shared_ptr<const Bytes>> entries;
  Index next;
};
struct RepliedEntries {
  std::vector<Entry> entries;
  Index next;
};
struct Replied {
  replica::CallId call{};
  std::variant<Error, RepliedRows, RepliedEntries, RepliedEncoded, RepliedDigests, Index,
               std::vector<replica::TabState>, std::string, std::monostate>
      result;
};
struct Watched {  // the rows of a watch have changed
  replica::CallId call{};
  RowsHash hash;
  Bytes rows;
};
struct Ready {};

using ReplicaEffect =
    std::variant<SendBytes, SetTimer, QueryLocks, Suspects, replica::Settled, Replied, Watched,
                 replica::Status, Ready, Error, replica::Noted, replica::Progress, replica::Chunk>;

// What of the log a read wants; the rest of the range is passed over.
struct ReadFilter {
  std::vector<std::string> types;  // empty: all
  bool control{};                  // also entries that no app appended
  bool encoded{};                  // all of the range, as the log has it: for a past worker
  std::uint32_t limit{};           // of wanted entries in one reply; 0: none
};

class ReplicaHost {
 public:
  using Now = std::function<Clock()>;
  ReplicaHost(ClientId self, const Schema& schema, const replica::Options& options, Now now);

  [[nodiscard]] std::vector<ReplicaEffect> step(const replica::Input& input);
  // `optimistic`: those of them that this tab's queries see at once.
  [[nodiscard]] std::vector<ReplicaEffect> append(const replica::Appends& appends,
                                                  const std::vector<RequestNumber>& optimistic);
  [[nodiscard]] std::vector<ReplicaEffect> read(const replica::ReadLog& read, ReadFilter filter);
  // A transaction's: with the hash of its rows.
  [[nodiscard]] std::vector<ReplicaEffect> guarded_query(const replica::Query& query);
  // `query` runs now and whenever its rows may have changed; Replied only with an error, which ends
  // it, as Forget does.
  [[nodiscard]] std::vector<ReplicaEffect> watch(replica::Query query, RowsHash known);
  [[nodiscard]] std::vector<ReplicaEffect> heard(replica::CallId call);  // what Watched told
  // Recomputed from the rows of this tab's state.
  [[nodiscard]] std::vector<ReplicaEffect> digests(replica::CallId call);
  // Bytes from a channel. What does not decode is dropped.
  [[nodiscard]] std::vector<ReplicaEffect> receive(ByteView bytes);

  [[nodiscard]] const replica::Replica& replica() const { return replica_; }
  [[nodiscard]] storage::StateDatabase* database() { return database_.get(); }

 private:
  [[nodiscard]] std::vector<ReplicaEffect> finish_step();
  void run(const replica::Input& input);
  void run_watches();
  void run_query(const replica::RunQuery& query);
  [[nodiscard]] RepliedRows with_hash(replica::CallId call, Bytes rows);
  void watch_ran(replica::CallId call, Bytes rows, storage::TablesRead reads);
  void watch_failed(replica::CallId call, Error error);
  void plan_wake();
  void carry_out(replica::Output output);
  [[nodiscard]] std::optional<replica::Input> install(const replica::Piece& piece);
  [[nodiscard]] replica::Input read_digests();
  [[nodiscard]] replica::Input apply(const std::vector<EncodedEntry>& entries);
  void show_overlay();
  void discard();
  void reply(replica::Reply reply);
  [[nodiscard]] Replied filtered(replica::CallId call, const replica::EntriesRead& read);

  ClientId self_;
  replica::Replica replica_;
  Now now_;
  std::unique_ptr<storage::StateDatabase> database_;
  // Of a snapshot that is coming in; an error is told when all of it has come.
  Result<std::unique_ptr<storage::ImageIntake>> intake_ = nullptr;
  std::map<replica::CallId, ReadFilter> filters_;
  Overlay overlay_;
  std::set<replica::CallId> guarded_;
  Watches watches_;
  // What the machine asked for, and what the timer is set to, where it is set.
  std::optional<std::chrono::microseconds> wake_at_;
  std::optional<std::chrono::microseconds> timer_at_;
  std::vector<ReplicaEffect> effects_;
};

}  // namespace tablog::host
