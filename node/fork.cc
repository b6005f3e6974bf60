// The fork of a generation: how another tab takes the place of a leader whose process is stopped,
// and which therefore keeps its lock and its files. DESIGN section 6; docs/decisions/fork.md.
//
//   kAsking    for the lock that makes forks exclusive
//   kLooking   whether anything in the leader's tab answers: a busy or looping leader's tab does
//   kStealing  the leader's lock
//   kFencing   until the lease that it may still have has run out: nothing is acknowledged any more
//   kOpening   its files if they are free by now, else a copy of them
#include "node/node.h"

namespace tablog::node {

void Node::on(const Suspected& /*input*/) {
  // kFailed: it has the lock already, of a leader that was stopped, and the files are held as ever.
  const bool may = state_ == State::kStandby || state_ == State::kFailed;
  if (!may || fork_ != Fork::kNone) return;
  if (no_fork_before_ && now_.monotonic < *no_fork_before_) return;
  fork_ = Fork::kAsking;
  out_.ask_fork_lock = true;
}

void Node::on(const ForkLock& input) {
  if (fork_ != Fork::kAsking) {
    out_.release_fork_lock = input.granted;
    return;
  }
  if (!input.granted) {
    fork_ = Fork::kNone;  // another tab is at it
    return;
  }
  fork_ = Fork::kLooking;
  stopped_.reset();
  fork_at_ = now_.monotonic + options_.life_interval;
  out_.query_locks = true;
}

// Of the holder only: a message of anyone else says nothing about it.
void Node::look_for_life(const leader::LocksSeen& seen) {
  if (stopped_) return;
  if (seen.held && state_ == State::kFailed) return open_fork();
  if (!seen.holder || *seen.holder == self_)
    return end_fork();  // the lock is on its way to someone
  stopped_ = seen.holder;
  fork_at_ = now_.monotonic + options_.life_interval;
  say(Address{.tab = *stopped_, .role = Role::kReplica}, TabQuery{.call = 0});
  say(Address{.tab = *stopped_, .role = Role::kLeader}, Seek{});
}

void Node::hear_life(const Message& message) {
  if (stopped_ && message.from.tab == *stopped_) end_fork();
}

bool Node::fork_waits() const {
  return fork_ == Fork::kLooking || fork_ == Fork::kFencing;
}

void Node::go_on_forking() {
  if (!fork_waits() || now_.monotonic < fork_at_) return;
  if (fork_ == Fork::kFencing) {
    open_fork();
  } else if (stopped_) {
    fork_ = Fork::kStealing;
    out_.steal_lock = true;
  } else {
    end_fork();  // the browser did not even say who holds it
  }
}

void Node::open_fork() {
  fork_ = Fork::kOpening;
  retry_at_.reset();
  out_.query_locks = true;
  out_.open_files = true;
  out_.fork = true;
  if (state_ != State::kOpening) enter(State::kOpening);
}

void Node::end_fork() {
  if (fork_ == Fork::kNone) return;
  if (fork_ >= Fork::kStealing) no_fork_before_ = now_.monotonic + options_.fork_interval;
  if (fork_ != Fork::kAsking) out_.release_fork_lock = true;
  fork_ = Fork::kNone;
}

}  // namespace tablog::node
