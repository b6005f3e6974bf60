#include "node/node.h"

#include <utility>

namespace tablog::node {
namespace {

// A newer tab may be able to lead where this one is too old: it gets the lock.
bool is_for_another(const Error& error) {
  return error.code == ErrorCode::kNewerFormat || error.code == ErrorCode::kEngineTooOld;
}

}  // namespace

Node::Node(ClientId self, std::uint64_t seed, Options options)
    : self_(self), seed_(seed), options_(options) {}

Output Node::step(const Clock& now, const Input& input) {
  now_ = now;
  out_ = Output{};
  std::visit([this](const auto& each) { on(each); }, input);
  if (retry_at_) out_.wake_at = retry_at_;
  if (fork_waits()) out_.wake_at = fork_at_;
  return std::exchange(out_, Output{});
}

void Node::enter(State state) {
  state_ = state;
  out_.state = state;
}

void Node::on(const LockGranted& /*input*/) {
  locks_seen_.reset();
  enter(State::kOpening);
  if (fork_ == Fork::kStealing) {
    fork_ = Fork::kFencing;
    fork_at_ = now_.monotonic + options_.leader.lease + options_.lease_margin;
    return;
  }
  end_fork();  // the leader had died, not stopped
  out_.query_locks = true;
  out_.open_files = true;
}

void Node::on(const LockLost& /*input*/) {
  if (state_ == State::kStandby) return;
  leader_.reset();
  retry_at_.reset();
  end_fork();
  out_.close_files = true;
  out_.release_lock = true;
  enter(State::kStandby);
}

void Node::on(const StorageOpened& input) {
  if (state_ != State::kOpening) return;
  end_fork();
  seed_ = seed_ * 0x9E3779B97F4A7C15ULL + 1;  // each term draws its own
  leader_ = std::make_unique<leader::Leader>(self_, input.recovered, seed_, options_.leader);
  enter(State::kLeading);
  lead(leader::Started{});
}

void Node::on(const StorageFailed& input) {
  if (state_ != State::kOpening) return;
  end_fork();
  out_.failed = input.error;
  fail(input.error);
}

// The lock stays held: nobody opens what this leaves.
void Node::on(const Adopt& input) {
  if (!leader_) return;
  leader_.reset();
  out_.leader = leader::Output{};
  out_.close_files = true;
  out_.open_files = true;
  out_.adopt = input.generation;
  enter(State::kOpening);
}

void Node::on(const leader::Input& input) {
  if (const auto* seen = std::get_if<leader::LocksSeen>(&input)) {
    if (state_ == State::kOpening) locks_seen_ = *seen;
    if (fork_ == Fork::kLooking) look_for_life(*seen);
  }
  if (leader_) return lead(input);
  if (const auto* received = std::get_if<leader::Received>(&input)) return receive(*received);
  if (std::holds_alternative<leader::Ticked>(input)) go_on_forking();
  if (std::holds_alternative<leader::Ticked>(input) && retry_at_ && now_.monotonic >= *retry_at_) {
    retry_at_.reset();
    if (is_for_another(*error_)) {
      out_.release_lock = true;
      enter(State::kStandby);
    } else {
      out_.open_files = true;
      enter(State::kOpening);
    }
  }
}

void Node::receive(const leader::Received& input) {
  const bool asks = std::holds_alternative<Seek>(input.message.body) ||
                    std::holds_alternative<Join>(input.message.body);
  if (state_ == State::kFailed && asks) tell_failure(input.message.from);
  if (fork_ == Fork::kLooking) hear_life(input.message);
}

void Node::tell_failure(std::optional<Address> to) {
  say(to, LeaderFailed{.error = *error_});
}

void Node::say(std::optional<Address> to, MessageBody body) {
  out_.leader.messages.push_back(
      leader::Send{.to = to,
                   .message = Message{.store = {},
                                      .term = {},
                                      .from = {.tab = self_, .role = Role::kLeader},
                                      .body = std::move(body)}});
}

void Node::lead(const leader::Input& input) {
  leader::Output output = leader_->step(now_, input);
  const bool started = std::holds_alternative<leader::Persisted>(input) && locks_seen_;
  merge(std::move(output));
  if (!started || !leader_) return;
  // The answer came while the store was being opened; the announcement need not wait for another.
  merge(leader_->step(now_, *std::exchange(locks_seen_, std::nullopt)));
}

void Node::merge(leader::Output output) {
  std::optional<Error> error = std::exchange(output.step_down, std::nullopt);
  out_.wake_at = output.wake_at;
  leader::Output& into = out_.leader;
  if (output.execute) into.execute = std::move(output.execute);
  if (output.persist) into.persist = std::move(output.persist);
  into.commit = into.commit || output.commit;
  for (auto& answer : output.settled) into.settled.push_back(std::move(answer));
  for (auto& message : output.messages) into.messages.push_back(std::move(message));
  for (auto& read : output.reads) into.reads.push_back(std::move(read));
  into.checkpoint = into.checkpoint || output.checkpoint;
  into.recheck_digest = into.recheck_digest || output.recheck_digest;
  if (output.begin_anew) into.begin_anew = std::move(output.begin_anew);
  into.arm_batch = into.arm_batch || output.arm_batch;
  into.query_locks = into.query_locks || output.query_locks;
  if (error) step_down(std::move(*error));
}

// Nothing that this leader was about to say is said: recovery decides what stands. One that could
// not even begin its term would fail in the same way at once: that waits, and everyone is told.
void Node::step_down(Error error) {
  const bool served = leader_->serving();
  leader_.reset();
  out_.leader = leader::Output{};
  out_.wake_at.reset();
  out_.failed = error;
  if (!served) return fail(std::move(error));
  out_.close_files = true;
  out_.release_lock = true;
  enter(State::kStandby);
}

void Node::fail(Error error) {
  error_ = std::move(error);
  retry_at_ = now_.monotonic + options_.retry_interval;
  out_.close_files = true;
  enter(State::kFailed);
  tell_failure(std::nullopt);
}

}  // namespace tablog::node
