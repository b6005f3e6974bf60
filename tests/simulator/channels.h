// Channels: one inbox per worker, and a common one. In order between two workers, unless the
// weather says otherwise: then messages are lost, doubled, late, and pass each other. A rule does
// so to messages of one kind, for scenarios.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "log/message.h"
#include "tests/simulator/words.h"
#include "tests/simulator/world.h"

namespace tablog::simulator {

struct Weather {
  std::uint64_t loss_permille{};
  std::uint64_t duplicate_permille{};
  std::uint64_t reorder_permille{};
  microseconds delay_max{300};
};

// What becomes of the next message that goes from one tab to another and begins with these words.
struct Rule {
  enum class Fate : std::uint8_t { kLost, kDoubled, kHeld } fate{};
  std::string from{};
  std::string to{};
  std::string words{};
  std::uint64_t count{1};  // of messages
};

class Channels {
 public:
  using Inbox = std::function<void(const Bytes&)>;
  explicit Channels(World& world) : world_(world) {}

  void listen(const Address& address, Inbox inbox) { inboxes_[address] = std::move(inbox); }
  void stop(const Address& address) { inboxes_.erase(address); }
  // To one inbox, or to all but the sender's own.
  void send(const Address& from, const std::optional<Address>& to, const Bytes& bytes);
  void set_weather(Weather weather) { weather_ = weather; }

  void name(const ClientId& tab, const std::string& name) { names_[tab] = name; }
  [[nodiscard]] std::string name_of(const ClientId& tab) const;
  void add(Rule rule) { rules_.push_back(std::move(rule)); }
  void release();  // what is held
  void heal();

  [[nodiscard]] std::uint64_t sent() const { return sent_; }

 private:
  void tell(const Address& from, const std::optional<Address>& to, const Bytes& bytes) const;
  void carry(const Address& from, const Address& to, const Bytes& bytes);
  [[nodiscard]] std::optional<Rule::Fate> ruled(const Address& from, const Address& to,
                                                const Bytes& bytes);
  void deliver(microseconds at, const Address& to, const Bytes& bytes);

  World& world_;
  Weather weather_;
  std::map<Address, Inbox> inboxes_;
  std::map<std::pair<Address, Address>, microseconds> last_;  // when the last one arrives
  std::map<ClientId, std::string> names_;
  std::vector<Rule> rules_;
  std::vector<std::pair<Address, Bytes>> held_;
  std::uint64_t sent_{};
};

}  // namespace tablog::simulator
