#include "tests/simulator/channels.h"

#include <algorithm>
#include <vector>

namespace tablog::simulator {

using namespace std::chrono_literals;

void Channels::send(const Address& from, const std::optional<Address>& to, const Bytes& bytes) {
  if (to) return carry(from, *to, bytes);
  for (const auto& [address, inbox] : inboxes_) {
    if (address != from) carry(from, address, bytes);
  }
}

void Channels::carry(const Address& from, const Address& to, const Bytes& bytes) {
  ++sent_;
  Random& random = world_.random();
  if (random.permille(weather_.loss_permille)) return;
  const int copies = random.permille(weather_.duplicate_permille) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const microseconds arrival = world_.now() + random.between(50us, weather_.delay_max);
    auto& last = last_[{from, to}];
    const bool passes = random.permille(weather_.reorder_permille);
    if (!passes) last = std::max(last, arrival);
    world_.at(passes ? arrival + random.between(0us, 20ms) : last, [this, to, bytes] {
      const auto inbox = inboxes_.find(to);  // a channel does not buffer
      if (inbox != inboxes_.end()) inbox->second(bytes);
    });
  }
}

}  // namespace tablog::simulator
