// Checker: what users may rely on (DESIGN section 1), held against what they were told and what the
// files hold. It knows entries and nothing of the machines: it is told what a tab sees, and reads
// the log.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "log/message.h"
#include "replica/outbox.h"
#include "storage/memory_file.h"
#include "tests/simulator/world.h"

namespace tablog::simulator {

class Checker {
 public:
  explicit Checker(World& world) : world_(world) {}

  // ---- what pages do and are told
  // `store`: the one that its replica follows then.
  void issued(const ClientId& client, const AppendRequest& request, const StoreId& store);
  void withdrawn(const ClientId& client, RequestNumber number);
  void accepted(const ClientId& client, RequestNumber number, const Accepted& accepted);
  void rejected(const ClientId& client, RequestNumber number, const Error& error,
                replica::Outcome outcome);
  void died(const ClientId& client);  // what it waits for is unknown from here on

  // ---- what replicas hold: the same history and content for everyone at the same index
  void observed(const std::string& who, const StoreId& store, Index index, const ChainHash& chain,
                const Digest& digest);
  void led(const std::string& who, const StoreId& store, Term term);
  void started_over(const std::string& who, const std::string& why);

  // ---- what the disk holds
  // After a power loss: what was acknowledged as durable is there; what was not flushed may be
  // gone.
  void power_lost(const storage::MemoryDisk& files);
  // Site data was deleted: nothing that was acknowledged needs to be there, and the outcome of what
  // is on its way may be unknown.
  void cleared();
  // A leader announces a store whose files were deleted while it stood still in the middle of that.
  void led_without_files(const StoreId& store);
  [[nodiscard]] bool was_cleared() const { return !deleted_.empty(); }
  [[nodiscard]] bool is_deleted(const StoreId& store) const { return deleted_.contains(store); }
  // The last batch is rotten, and nothing but itself proved that it was flushed: it may be cut off.
  void cut(Index after);
  // Bytes at rest are wrong, or gone: kCorrupt may be told until they are mended.
  void damaged() { damaged_ = true; }
  void mended();
  void told_corrupt(const std::string& who, const Error& error);
  [[nodiscard]] bool was_told_corrupt() const { return told_; }
  // At the end: every entry where it was said to be, once, in order; nothing that was rejected.
  // Replays the log into an empty database: the digest that everyone must have.
  [[nodiscard]] Digest check_log(const storage::MemoryDisk& files);

  // How many rows every tab must see: appends of notes that were acknowledged (of one client, or
  // all).
  [[nodiscard]] std::uint64_t notes_accepted(const std::optional<ClientId>& client) const;
  // And at most: what any page has issued that was not rejected.
  [[nodiscard]] std::uint64_t notes_issued(const std::optional<ClientId>& client) const;
  // Entries that a tab was given: dense, and what was appended.
  void read(const std::string& who, const std::vector<Entry>& entries) const;
  // A linearizable read of all notes has returned so many rows: no later one may return fewer.
  void read_latest(std::uint64_t rows) { latest_ = std::max(latest_, rows); }
  [[nodiscard]] std::uint64_t latest() const { return std::max(latest_, all_notes_.accepted); }
  // Counts what takes acknowledged entries away: no expectation outlives it.
  [[nodiscard]] std::uint64_t losses() const { return losses_; }
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  enum class Fate : std::uint8_t { kPending, kAccepted, kRejected, kVoid, kUnknown, kLost };
  struct Append {
    Payload payload{};
    Durability durability{};
    bool withdrawn{};
    bool orphaned{};  // on its way to a store that was deleted
    Fate fate{};
    Index first{};
    std::uint32_t count{};
    std::uint32_t seen{};  // entries of it in the log
    std::uint64_t notes{};
  };
  using Key = std::pair<ClientId, RequestNumber>;
  struct Notes {
    std::uint64_t issued{};  // and not rejected
    std::uint64_t accepted{};
  };
  struct Cut {
    Index after;
    bool durable_too{};
  };

  Append& find(const ClientId& client, RequestNumber number);
  void check_entry(const Entry& entry, const Entry* previous);
  void check_request(const Entry& entry);
  void check_content(const std::string& who, const Append& append, const Entry& entry) const;
  void count(std::uint64_t Notes::* what, const ClientId& client, const Append& append,
             std::int64_t sign);
  void lose(Cut cut);
  void orphan_pending();
  [[nodiscard]] static std::string name(const ClientId& client, RequestNumber number);

  World& world_;
  std::map<Key, Append> appends_;
  std::map<std::pair<StoreId, Index>, std::pair<ChainHash, Digest>> history_;
  std::map<ClientId, RequestNumber> last_logged_;
  std::map<ClientId, Notes> notes_;
  Notes all_notes_;
  std::uint64_t latest_{};
  std::uint64_t acknowledged_{};
  std::uint64_t losses_{};
  std::map<StoreId, Term> terms_;
  std::set<StoreId> deleted_;
  bool damaged_{};
  bool told_{};
  microseconds mended_at_{};
  bool may_start_over_{};
};

}  // namespace tablog::simulator
