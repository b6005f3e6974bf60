#include "tests/replica/replica_fixture.h"

#include <utility>

namespace tablog::replica {

AppendRequest request(std::uint64_t number, std::uint64_t settled_through) {
  return AppendRequest{.number = {number},
                       .settled_through = {settled_through},
                       .payload = std::vector<Event>{Event{.type = "e"}}};
}

ReplicaFixture::ReplicaFixture(Options options) : options_(options) {
  replica_.emplace(kSelf, samples::schema(), options_);
}

void ReplicaFixture::run(const Input& input) {
  carry_out(replica_->step(now_, input));
}

// The host's duties, replica/replica.h, in the order of Output's fields.
void ReplicaFixture::carry_out(const Output& output) {
  std::optional<Input> followed_by;
  if (output.discard) ++discards_;
  if (output.install && output.install->is_last()) {
    ++installs_;
    followed_by = SnapshotInstalled{.applied = image_index_, .chain = chain(image_index_)};
  }
  if (!output.apply.empty()) {
    for (const EncodedEntry& each : output.apply) applied_.push_back(each.entry.index);
    if (auto error = std::exchange(apply_error_, std::nullopt)) {
      followed_by = ApplyFailed{*error};
    } else {
      const Digest right = digest_at(output.apply.back().entry.index);
      followed_by = Applied{.digest = std::exchange(wrong_digest_, std::nullopt).value_or(right)};
    }
  }
  if (output.read_digests) followed_by = DigestsRead{.tables = tables_};
  const auto add = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  add(sent_, output.messages);
  add(settled_, output.settled);
  add(noted_, output.noted);
  add(queries_, output.queries);
  add(replies_, output.replies);
  add(chunks_, output.chunks);
  if (output.failed) failed_.push_back(*output.failed);
  ready_ += output.ready ? 1 : 0;
  lock_queries_ += output.query_locks ? 1 : 0;
  suspicions_ += output.suspects ? 1 : 0;
  if (output.wake_at) wake_at_ = output.wake_at;
  if (followed_by) run(*followed_by);
}

void ReplicaFixture::hear(MessageBody body) {
  run(Received{Message{.store = kStore,
                       .term = term_,
                       .from = {.tab = kLeader, .role = Role::kLeader},
                       .body = std::move(body)}});
}

void ReplicaFixture::advance(std::chrono::microseconds by) {
  const auto until = now_.monotonic + by;
  while (wake_at_ && *wake_at_ <= until) {
    now_.monotonic = std::max(now_.monotonic, *std::exchange(wake_at_, std::nullopt));
    run(Ticked{});
  }
  now_.monotonic = until;
}

void ReplicaFixture::welcome() {
  Committed empty = committed(next(head()), head());
  hear(empty);
}

void ReplicaFixture::follow() {
  run(Started{});
  if (entries_.empty()) log(std::nullopt, TermStart{.leader = kLeader});
  announce();
  welcome();
  for (int i = 0; i < 100 && replica_->applied() < head(); ++i) {
    const auto ranges = take_sent<RangeRequest>();
    if (ranges.empty()) break;
    hear(committed(ranges.back().from, ranges.back().to));
  }
  sent_.clear();
  applied_.clear();
}

void ReplicaFixture::log(std::optional<std::uint64_t> number, EntryBody body) {
  Entry entry{.index = next(head()), .term = term_, .body = std::move(body)};
  if (number) entry.request = RequestStamp{.client = kSelf, .number = {*number}};
  entries_.push_back(encode(std::move(entry))->bytes);
  chains_.push_back(extend_chain(chains_.back(), *entries_.back()));
}

Committed ReplicaFixture::committed(Index from, Index to) const {
  const Index previous{from.value - 1};
  Committed message{.previous = previous,
                    .previous_chain = chain(previous),
                    .entries = {},
                    .head = head(),
                    .durable = head(),
                    .checkpoint = {},
                    .digest = std::nullopt};
  for (std::uint64_t i = from.value; i <= to.value; ++i) message.entries.push_back(entries_[i - 1]);
  if (!message.entries.empty() && to == head()) message.digest = digest_at(to);
  return message;
}

Accepted ReplicaFixture::accepted(Index index) const {
  return Accepted{.first_index = index, .count = 1, .term = term_};
}

std::vector<std::uint64_t> ReplicaFixture::take_sent_numbers() {
  std::vector<std::uint64_t> numbers;
  for (const AppendRequests& message : take_sent<AppendRequests>()) {
    for (const AppendRequest& each : message.requests) numbers.push_back(each.number.value);
  }
  return numbers;
}

std::vector<std::uint64_t> ReplicaFixture::take_settled() {
  std::vector<std::uint64_t> numbers;
  for (const Settled& each : std::exchange(settled_, {})) numbers.push_back(each.number.value);
  return numbers;
}

}  // namespace tablog::replica
