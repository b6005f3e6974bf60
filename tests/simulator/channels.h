// Channels: one inbox per worker, and a common one. In order between two workers, unless the
// weather says otherwise: then messages are lost, doubled, late, and pass each other.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "log/message.h"
#include "tests/simulator/world.h"

namespace tablog::simulator {

struct Weather {
  std::uint64_t loss_permille{};
  std::uint64_t duplicate_permille{};
  std::uint64_t reorder_permille{};
  microseconds delay_max{300};
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

  [[nodiscard]] std::uint64_t sent() const { return sent_; }

 private:
  void carry(const Address& from, const Address& to, const Bytes& bytes);

  World& world_;
  Weather weather_;
  std::map<Address, Inbox> inboxes_;
  std::map<std::pair<Address, Address>, microseconds> last_;  // when the last one arrives
  std::uint64_t sent_{};
};

}  // namespace tablog::simulator
