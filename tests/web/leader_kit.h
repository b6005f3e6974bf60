// A store's leader on a memory disk, and a tab that uses it: drives host::LeaderHost as
// web/src/leader_worker.ts does, and remembers beside it what was asked and what was answered. The
// product's order of reserve, execute, append, flush, commit and checkpoint is what runs.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "storage/memory_file.h"
#include "web/host/leader_host.h"

namespace tablog::host {

// One request of the tab, and what it was told of it.
struct Asked {
  ClientId client;
  AppendRequest request;
  std::optional<std::variant<Accepted, Error>> answer{};

  [[nodiscard]] const Accepted* accepted() const {
    return answer ? std::get_if<Accepted>(&*answer) : nullptr;
  }
  [[nodiscard]] const Error* rejected() const {
    return answer ? std::get_if<Error>(&*answer) : nullptr;
  }
};

// What of the acknowledged may be missing, after what has happened to the disk.
enum class MayLose : std::uint8_t { kNothing, kRelaxed };

// What outlives a leader: the tab. A copy of it is the tab at that moment.
struct Model {
  Model();

  std::vector<Asked> asked{};
  ClientId client{};  // the tab's session
  std::uint32_t schema_version{1};
  std::uint64_t leaders{};            // that were started
  std::uint64_t files{};              // that were created
  std::vector<Error> errors{};        // that leaders have told of themselves
  std::optional<Index> checkpoint{};  // that an answer named
  MayLose may_lose{};

  Asked& ask(Durability durability, Payload payload);
  void answer(const ClientId& from, const Answer& answer);
  void new_session();
  // The tab did not hear the answers that it has not said to have.
  void forget_answers();
  // Of this session: the highest number through which all are answered.
  [[nodiscard]] RequestNumber settled_through() const;
};

struct KitOptions {
  storage::LogOptions log{.segment_bytes = 64U << 10U, .preallocate_bytes = 4096};
  std::uint64_t checkpoint_entries = 10'000;
};

class LeaderKit {
 public:
  LeaderKit(storage::MemoryDisk& disk, Model& model, const KitOptions& options);
  ~LeaderKit();

  // The lock is granted. When this returns the leader leads, the tab has joined and sent again what
  // was not answered; or errors() of the model tell why not.
  void start();

  void join();
  void send();  // what is asked and not answered, in one message
  // Asks, sends, and waits for what comes of it.
  void append(Durability durability, Payload payload);
  void checkpoint();
  void close_session();
  void dispute(Index index);  // this tab's digest is another
  [[nodiscard]] Result<Bytes> query(const std::string& sql);
  void transfer(TransferKind kind);  // a whole one
  // What a subscriber that is behind is answered; a Committed is not among it.
  [[nodiscard]] std::optional<Range> range(Index from);
  void elapse(std::chrono::milliseconds time);

  // Of other tabs than the model's: what they send, and what they are told.
  void hear(ByteView message);
  std::set<ClientId> others{};
  std::function<void(const SendBytes&)> tells{};

  [[nodiscard]] bool leads() const { return host_->node().state() == node::State::kLeading; }
  [[nodiscard]] storage::Store* store() { return host_->store(); }
  [[nodiscard]] const storage::Recovery& recovery() { return host_->store()->recovery(); }

 private:
  void receive(MessageBody body);
  void carry_out(std::vector<LeaderEffect> effects);
  void carry_out(const SendBytes& effect);
  void carry_out(const SetTimer& effect);
  void carry_out(const QueryLocks& effect);
  void carry_out(const Answer& effect);
  void carry_out(const ArmBatch& effect);
  void carry_out(const ArmWork& effect);
  void carry_out(const OpenFiles& effect);
  void carry_out(const WantSlots& effect);
  void carry_out(const KeepSnapshot& effect);
  void carry_out(const DropSnapshots& /*effect*/) {}
  void carry_out(const CloseFiles& effect);
  void carry_out(LockAction action);
  void carry_out(const RoleChanged& effect);
  void carry_out(const Error& effect);
  void add(Directory directory);
  void post(std::function<void()> task) { tasks_.push_back(std::move(task)); }
  void settle();
  [[nodiscard]] storage::Slot create(const char* directory);
  [[nodiscard]] std::vector<storage::Slot> open(const char* directory, std::size_t count);

  storage::MemoryDisk& disk_;
  Model& model_;
  std::chrono::microseconds now_;
  std::optional<std::chrono::microseconds> timer_;
  std::deque<std::function<void()>> tasks_;
  int grants_{};  // of the lock
  std::optional<QueryResult> rows_;
  std::optional<TransferChunk> chunk_;
  std::optional<Range> range_;
  std::unique_ptr<LeaderHost> host_;
};

// Requests of storage/samples.h's schema.
[[nodiscard]] Event todo(std::int64_t id, std::string title);
[[nodiscard]] Payload events(std::vector<Event> events);
[[nodiscard]] Payload one(std::int64_t id, std::string title);
[[nodiscard]] Payload exec(std::string sql);

}  // namespace tablog::host
