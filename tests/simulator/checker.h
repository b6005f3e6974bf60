// Checker: what users may rely on (DESIGN section 1), held against what they were told and what the
// files hold. It knows entries and nothing of the machines: it is told what a tab sees, and reads
// the log.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "log/message.h"
#include "storage/memory_file.h"
#include "tests/simulator/world.h"

namespace tablog::simulator {

class Checker {
 public:
  explicit Checker(World& world) : world_(world) {}

  // ---- what pages do and are told
  void issued(const ClientId& client, RequestNumber number, const Payload& payload,
              Durability durability);
  void withdrawn(const ClientId& client, RequestNumber number);
  void accepted(const ClientId& client, RequestNumber number, const Accepted& accepted);
  void rejected(const ClientId& client, RequestNumber number, const Error& error);
  void died(const ClientId& client);  // what it waits for is unknown from here on

  // ---- what replicas hold: the same history and content for everyone at the same index
  void observed(const std::string& who, Index index, const ChainHash& chain, const Digest& digest);
  void led(const std::string& who, Term term);

  // ---- what the disk holds
  // After a power loss: what was acknowledged as durable is there; what was not flushed may be
  // gone.
  void power_lost(const storage::MemoryDisk& files);
  // At the end: every entry where it was said to be, once, in order; nothing that was rejected.
  // Replays the log into an empty database: the digest that everyone must have.
  [[nodiscard]] Digest check_log(const storage::MemoryDisk& files);

  // How many rows every tab must see: appends of notes that were acknowledged (of one client, or
  // all).
  [[nodiscard]] std::uint64_t notes_accepted(const std::optional<ClientId>& client) const;
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  enum class Fate : std::uint8_t { kPending, kAccepted, kRejected, kVoid, kUnknown, kLost };
  struct Append {
    Payload payload{};
    Durability durability{};
    bool withdrawn{};
    Fate fate{};
    Index first{};
    std::uint32_t count{};
    std::uint32_t seen{};  // entries of it in the log
    std::uint64_t notes{};
  };
  using Key = std::pair<ClientId, RequestNumber>;

  Append& find(const ClientId& client, RequestNumber number);
  void check_entry(const Entry& entry, const Entry* previous);
  void check_request(const Entry& entry);
  void count_notes(const ClientId& client, const Append& append, std::int64_t sign);
  [[nodiscard]] static std::string name(const ClientId& client, RequestNumber number);

  World& world_;
  std::map<Key, Append> appends_;
  std::map<Index, std::pair<ChainHash, Digest>> history_;
  std::map<ClientId, RequestNumber> last_logged_;
  std::map<ClientId, std::uint64_t> notes_;
  std::uint64_t all_notes_{};
  std::uint64_t acknowledged_{};
  Term term_;
};

}  // namespace tablog::simulator
