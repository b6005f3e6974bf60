#include "leader/subscribers.h"

namespace tablog::leader {

void Subscribers::join(const Address& tab, Wants wants, Place place, std::chrono::microseconds now,
                       Follows follows) {
  tabs_.insert_or_assign(
      tab, Subscriber{.wants = wants, .place = place, .joined = now, .follows = follows});
}

void Subscribers::acknowledge(const Address& tab, Index applied) {
  const auto found = tabs_.find(tab);
  if (found == tabs_.end()) return;
  Subscriber& subscriber = found->second;
  while (!subscriber.unacknowledged.empty() && subscriber.unacknowledged.front().first <= applied) {
    subscriber.unacknowledged_bytes -= subscriber.unacknowledged.front().second;
    subscriber.unacknowledged.pop_front();
  }
}

void Subscribers::count(Subscriber& subscriber, Index through, std::uint64_t bytes) {
  subscriber.unacknowledged.emplace_back(through, bytes + kCommittedOverheadBytes);
  subscriber.unacknowledged_bytes += bytes + kCommittedOverheadBytes;
}

Subscribers::Share Subscribers::publish(const Address& tab, Index through, std::uint64_t bytes) {
  const auto found = tabs_.find(tab);
  if (found == tabs_.end()) return Share::kNothing;
  Subscriber& subscriber = found->second;
  if (subscriber.place == Place::kBehind) {
    // The head that it was told may be lost on its way: again, now and then.
    subscriber.missed_bytes += bytes;
    if (subscriber.missed_bytes <= window_bytes_) return Share::kNothing;
    subscriber.missed_bytes = 0;
    return Share::kHead;
  }
  if (subscriber.unacknowledged_bytes > window_bytes_) {
    // It has all that there is: told of that head it would ask for nothing, and never be fed again.
    if (bytes == 0) return Share::kNothing;
    subscriber.place = Place::kBehind;
    subscriber.missed_bytes = 0;
    return Share::kHead;
  }
  const bool heads_only = subscriber.wants == Wants::kHeads;
  count(subscriber, through, heads_only ? 0 : bytes);
  return heads_only ? Share::kHead : Share::kEntries;
}

void Subscribers::range_sent(const Address& tab, Index through, std::uint64_t bytes, Index head) {
  const auto found = tabs_.find(tab);
  if (found == tabs_.end()) return;
  count(found->second, through, bytes);
  if (through >= head) found->second.place = Place::kAtHead;
}

bool Subscribers::gets_entries(const ClientId& client) const {
  const auto found = tabs_.find(Address{.tab = client, .role = Role::kReplica});
  return found != tabs_.end() && found->second.wants == Wants::kEntries;
}

std::vector<Address> Subscribers::all() const {
  std::vector<Address> addresses;
  addresses.reserve(tabs_.size());
  for (const auto& [address, subscriber] : tabs_) addresses.push_back(address);
  return addresses;
}

std::vector<Address> Subscribers::drop_outdated() {
  std::vector<Address> outdated;
  std::erase_if(tabs_, [&](const auto& each) {
    if (each.second.follows == Follows::kAnySchema) return false;
    outdated.push_back(each.first);
    return true;
  });
  return outdated;
}

void Subscribers::drop_absent(const std::set<ClientId>& tabs, std::chrono::microseconds began) {
  std::erase_if(tabs_, [&](const auto& each) {
    return each.second.joined < began && !tabs.contains(each.first.tab);
  });
}

}  // namespace tablog::leader
