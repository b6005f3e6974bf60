// LeaderHost: carries out what node::Node decides, on the store's files. What is left over,
// messages and platform requests, are the effects for whoever drives it: the browser's worker or
// the simulator.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "node/node.h"
#include "storage/store.h"
#include "web/host/replica_host.h"
#include "web/host/transfers.h"

namespace tablog::host {

enum class Directory : std::uint8_t { kLog = 0, kPool = 1 };

// ---- inputs
struct FilesOpened {
  storage::StoreFiles files;
  Generation generation{};
};
struct FilesFailed {
  Error error;
};
struct SlotAdded {
  Directory directory{};
  storage::Slot slot;
};

// ---- effects
struct OpenFiles {  // every existing slot, and new ones until there are so many
  std::size_t log_slots{};
  std::size_t pool_slots{};
  bool fork{};         // where they are held: a copy of them, as a new generation
  Generation adopt{};  // first of all this one is marked as ready; zero: none
};
struct WantSlots {  // so many more, in the background
  std::size_t log_slots{};
  std::size_t pool_slots{};
};
struct CloseFiles {};
struct KeepSnapshot {  // of the state, for those who ask for the past; nothing depends on it
  Index index;
  Bytes image;
};
struct DropSnapshots {  // those of earlier entries than this one
  Index before;
};
enum class LockAction : std::uint8_t {
  kRelease,  // the leader's; and ask for it again
  kSteal,    // the leader's, instead of waiting for it: LockGranted
  kAskFork,  // if nobody has it: ForkLock
  kReleaseFork
};
struct ArmBatch {};
struct ArmWork {};  // a message to oneself, too, behind what others have sent meanwhile: work()
struct RoleChanged {
  node::State state{};
  Term term;
};
// An Answer is for the page of this tab.
using LeaderEffect =
    std::variant<SendBytes, Answer, SetTimer, QueryLocks, ArmBatch, ArmWork, OpenFiles, WantSlots,
                 CloseFiles, KeepSnapshot, DropSnapshots, LockAction, RoleChanged, Error>;

struct LeaderConfig {
  ClientId self;
  StoreId fresh;                   // random: of the ids of stores that do not exist yet
  std::uint64_t seed{};            // random
  std::uint32_t schema_version{};  // of this tab
  bool keeps_snapshots{};
  std::uint64_t snapshot_entries = 10'000;          // from one to the next, at least
  std::uint64_t snapshot_bytes_max = 64ULL << 20U;  // a larger state is not kept
  node::Options options{};
  storage::LogOptions log{};
};

class LeaderHost {
 public:
  LeaderHost(const LeaderConfig& config, ReplicaHost::Now now);
  ~LeaderHost();

  // LockGranted, LockLost, Suspected, ForkLock, and the leader's Received, BatchDue, LocksSeen,
  // Ticked.
  [[nodiscard]] std::vector<LeaderEffect> step(const node::Input& input);
  [[nodiscard]] std::vector<LeaderEffect> open(FilesOpened files);
  [[nodiscard]] std::vector<LeaderEffect> open_failed(FilesFailed failed);
  [[nodiscard]] std::vector<LeaderEffect> add(SlotAdded added);
  // The newest that is kept, zero: none. Told once this tab leads: until then no other is made.
  void know_newest_snapshot(Index newest) { newest_snapshot_ = newest; }
  // What this tab's page appends, also handed to its replica.
  [[nodiscard]] std::vector<LeaderEffect> append(std::vector<AppendRequest> requests);
  // A slice of what takes long.
  [[nodiscard]] std::vector<LeaderEffect> work();
  // Bytes from a channel. What does not decode is dropped.
  [[nodiscard]] std::vector<LeaderEffect> receive(ByteView bytes);

  [[nodiscard]] const node::Node& node() const { return node_; }
  [[nodiscard]] storage::Store* store() { return store_.get(); }

 private:
  void run(const node::Input& input);
  [[nodiscard]] std::vector<LeaderEffect> take_effects();
  [[nodiscard]] storage::StoreOptions store_options(Generation generation);
  void carry_out(node::Output output);
  void carry_out(leader::Output& output, std::vector<node::Input>& followed_by);
  [[nodiscard]] node::Input execute(const leader::Execute& execute);
  [[nodiscard]] node::Input persist(const leader::Persist& persist);
  void send(const leader::Send& send);
  void serve(const leader::Read& read, std::vector<node::Input>& followed_by);
  void serve(const leader::Read& read, const RangeRequest& request,
             std::vector<node::Input>& followed_by);
  void serve(const leader::Read& read, const QueryRequest& request);
  void serve(const leader::Read& read, const TransferRequest& request);
  void serve(const leader::Read& read, const StatsRequest& request);
  void serve(const leader::Read& read, const CompactRequest& request);
  void serve(const leader::Read& read, const leader::FreeCompacted& request);
  void serve(const leader::Read& read, const AdoptRequest& request,
             std::vector<node::Input>& followed_by);
  void answer(const Address& to, MessageBody body);
  void begin_anew(const Schema& schema, std::vector<node::Input>& followed_by);
  void work_anew(std::chrono::microseconds until);
  void work_compaction(std::chrono::microseconds until);
  [[nodiscard]] bool goes_on();
  void begin_compaction();
  void end_compaction(std::variant<Index, Error> result);
  void want_slots();
  void keep_snapshot(Index checkpoint);
  [[nodiscard]] leader::DigestChecked recheck_digest();
  void note_damage(const Error& error);

  LeaderConfig config_;
  ReplicaHost::Now now_;
  node::Node node_;
  std::unique_ptr<storage::Store> store_;
  bool state_is_wrong_{};   // damaged, or not what its digest says: not to be opened again
  bool asked_for_slots_{};  // since the lock was granted, more than there usually are
  std::optional<Index> newest_snapshot_;
  Transfers transfers_;
  std::uint64_t openings_{};
  std::chrono::microseconds told_of_work_{};
  struct Compaction {
    Address from;
    CompactRequest request;
  };
  std::deque<Compaction> compactions_;  // one after the other; the first is on its way
  bool batch_due_{};
  std::vector<LeaderEffect> effects_;
};

}  // namespace tablog::host
