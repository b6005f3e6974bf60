#include "tests/simulator/channels.h"

#include <algorithm>

#include "log/codec.h"

namespace tablog::simulator {

using namespace std::chrono_literals;

void Channels::send(const Address& from, const std::optional<Address>& to, const Bytes& bytes) {
  if (world_.tells_messages()) tell(from, to, bytes);
  if (to) return carry(from, *to, bytes);
  for (const auto& [address, inbox] : inboxes_) {
    if (address != from) carry(from, address, bytes);
  }
}

std::string Channels::name_of(const ClientId& tab) const {
  const auto found = names_.find(tab);
  return found == names_.end() ? "?" : found->second;
}

void Channels::tell(const Address& from, const std::optional<Address>& to,
                    const Bytes& bytes) const {
  const auto message = decode_message(bytes);
  if (!message) return;
  const std::string words =
      words_of(message->body, [this](const ClientId& tab) { return name_of(tab); });
  if (words.empty()) return;
  world_.note(name_of(from.tab) + (from.role == Role::kLeader ? "/leader" : ""),
              (to ? "to " + name_of(to->tab) : "to all") + ": " + words);
}

std::optional<Rule::Fate> Channels::ruled(const Address& from, const Address& to,
                                          const Bytes& bytes) {
  if (rules_.empty()) return std::nullopt;
  const auto message = decode_message(bytes);
  if (!message) return std::nullopt;
  const std::string words =
      words_of(message->body, [this](const ClientId& tab) { return name_of(tab); });
  const auto rule = std::ranges::find_if(rules_, [&](const Rule& each) {
    return each.from == name_of(from.tab) && each.to == name_of(to.tab) &&
           words.starts_with(each.words);
  });
  if (rule == rules_.end()) return std::nullopt;
  const Rule::Fate fate = rule->fate;
  static constexpr const char* kFates[] = {"is lost", "is doubled", "is held"};
  world_.note("channel", rule->words + " from " + rule->from + " to " + rule->to + ' ' +
                             kFates[static_cast<std::size_t>(fate)]);
  if (--rule->count == 0) rules_.erase(rule);
  return fate;
}

void Channels::carry(const Address& from, const Address& to, const Bytes& bytes) {
  ++sent_;
  Random& random = world_.random();
  const auto fate = ruled(from, to, bytes);
  if (fate == Rule::Fate::kHeld) return held_.emplace_back(to, bytes), void();
  if (fate == Rule::Fate::kLost || random.permille(weather_.loss_permille)) return;
  const bool doubled = fate == Rule::Fate::kDoubled || random.permille(weather_.duplicate_permille);
  for (int i = 0; i < (doubled ? 2 : 1); ++i) {
    const microseconds arrival = world_.now() + random.between(50us, weather_.delay_max);
    auto& last = last_[{from, to}];
    const bool passes = random.permille(weather_.reorder_permille);
    if (!passes) last = std::max(last, arrival);
    deliver(passes ? arrival + random.between(0us, 20ms) : last, to, bytes);
  }
}

void Channels::deliver(microseconds at, const Address& to, const Bytes& bytes) {
  world_.at(at, [this, to, bytes] {
    const auto inbox = inboxes_.find(to);  // a channel does not buffer
    if (inbox != inboxes_.end()) inbox->second(bytes);
  });
}

void Channels::heal() {
  set_weather({});
  rules_.clear();
  release();
}

void Channels::release() {
  for (auto& [to, bytes] : std::exchange(held_, {})) deliver(world_.now(), to, bytes);
}

}  // namespace tablog::simulator
