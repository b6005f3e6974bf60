#include "tests/simulator/leader_worker.h"

#include <algorithm>
#include <set>
#include <utility>

#include "log/codec.h"

namespace tablog::simulator {

using namespace std::chrono_literals;

namespace {

constexpr microseconds kOpenPatience = 3s;  // web/src/opfs.ts
constexpr microseconds kLease = 1s;         // L of DESIGN section 6

// Small, so that a short run sees checkpoints, full segments and narrow windows.
node::Options options() {
  node::Options options;
  options.leader.checkpoint_entries = 150;
  options.leader.checkpoint_bytes = 64U << 10U;
  options.leader.window_bytes = 16U << 10U;
  options.leader.batch_requests_max = 64;
  return options;
}

ClientId client_of(const std::string& hex) {
  ClientId client;
  for (std::size_t i = 0; i < client.bytes.size(); ++i) {
    client.bytes[i] = static_cast<std::byte>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
  }
  return client;
}

}  // namespace

LeaderWorker::LeaderWorker(Origin& origin, ClientId tab, const std::string& name,
                           std::uint32_t version, Page page)
    : origin_(origin),
      tab_(tab),
      name_(name),
      thread_(std::make_shared<Thread>(origin.world, name)),
      page_(std::move(page)) {
  Random& random = origin.world.random();
  const storage::LogOptions log{.segment_bytes = 48U << 10U, .preallocate_bytes = 16U << 10U};
  host_ = std::make_unique<host::LeaderHost>(host::LeaderConfig{.self = tab,
                                                                .fresh = random.id<StoreId>(),
                                                                .seed = random.next(),
                                                                .schema_version = version,
                                                                .options = options(),
                                                                .log = log},
                                             [this] { return read_clock(); });
  origin_.leader_workers[name] = tab;
  origin_.channels.listen({.tab = tab, .role = Role::kLeader}, [this](const Bytes& bytes) {
    thread_->post([this, bytes] { step([&] { return host_->receive(bytes); }); });
  });
  ask_for_lock();
}

LeaderWorker::~LeaderWorker() {
  kill();
}

void LeaderWorker::kill() {
  if (!thread_->is_alive()) return;
  thread_->kill();
  origin_.channels.stop({.tab = tab_, .role = Role::kLeader});
  const auto lag = origin_.world.random().between(3ms, 30ms);
  if (has_files_) {
    origin_.disk.holder_died(thread_.get(), lag + origin_.world.random().between(0us, 15ms));
    origin_.disk.let_go(thread_.get());
  }
  opens_ = has_files_ = false;
  origin_.locks.abandon(name_, lag);
}

void LeaderWorker::post(std::vector<AppendRequest> requests) {
  auto shared = std::make_shared<std::vector<AppendRequest>>(std::move(requests));
  thread_->post_after(20us, [this, shared] { step([&] { return host_->append(*shared); }); });
}

void LeaderWorker::suspect() {
  thread_->post_after(20us, [this] { step([&] { return host_->step(node::Suspected{}); }); });
}

bool LeaderWorker::is_leading() const {
  return thread_->is_alive() && host_->node().state() == node::State::kLeading;
}

// Effects are carried out when the step's time has passed; where the worker dies within it, never.
void LeaderWorker::step(const std::function<std::vector<host::LeaderEffect>()>& run) {
  thread_->spend(20us);
  clock_read_.clear();
  origin_.disk.begin_step();
  auto effects = run();
  origin_.disk.end_step();
  if (!thread_->is_alive()) return;
  check_lease(effects);
  thread_->emit(
      [this, effects = std::make_shared<std::vector<host::LeaderEffect>>(std::move(effects))] {
        for (host::LeaderEffect& effect : *effects) carry_out(effect);
      });
}

void LeaderWorker::carry_out(host::LeaderEffect& effect) {
  std::visit([this](auto& each) { carry_out(each); }, effect);
}

void LeaderWorker::carry_out(host::SendBytes& effect) {
  origin_.channels.send({.tab = tab_, .role = Role::kLeader}, effect.to, effect.bytes);
}

void LeaderWorker::carry_out(Answer& effect) {
  replica::Settled settled{.number = effect.number, .result = std::move(effect.result)};
  origin_.world.after(20us, [page = page_, settled = std::move(settled)] { page(settled); });
}

void LeaderWorker::carry_out(const host::SetTimer& effect) {
  timer_.set(*thread_, origin_.world.now() + effect.delay,
             [this] { step([&] { return host_->step(leader::Input{leader::Ticked{}}); }); });
}

// The answer is of some moment between the question and its arrival.
void LeaderWorker::carry_out(const host::QueryLocks& /*effect*/) {
  origin_.locks.look();
  const microseconds began = origin_.world.clock(origin_.world.now()).monotonic;
  const auto delay = [this] { return origin_.world.random().between(20us, 1500us); };
  origin_.world.after(delay(), [this, began, delay] {
    leader::LocksSeen seen{
        .began = began, .held = origin_.locks.holder(kLeadLock) == name_, .tabs = {}};
    const auto holder = origin_.locks.holder(kLeadLock);
    if (holder && origin_.leader_workers.contains(*holder))
      seen.holder = origin_.leader_workers.at(*holder);
    for (const std::string& tab : origin_.locks.held(kTabLocks)) seen.tabs.insert(client_of(tab));
    thread_->post_after(delay(), [this, seen] { hear(seen); });
  });
}

void LeaderWorker::hear(const leader::LocksSeen& seen) {
  if (seen.held) held_since_ = std::max(held_since_.value_or(seen.began), seen.began);
  step([&] { return host_->step(leader::Input{seen}); });
}

void LeaderWorker::carry_out(const host::ArmBatch& /*effect*/) {
  thread_->post([this] {
    cuts_batch_ = true;
    step([&] { return host_->step(leader::Input{leader::BatchDue{}}); });
    cuts_batch_ = false;
  });
}

void LeaderWorker::carry_out(const host::ArmWork& /*effect*/) {
  thread_->post([this] { step([&] { return host_->work(); }); });
}

void LeaderWorker::carry_out(const host::OpenFiles& effect) {
  opens_ = true;
  open_files(effect, effect.fork ? 100ms : kOpenPatience);
}

// Handles lag behind their lock: patiently, as web/src/opfs.ts does.
void LeaderWorker::open_files(host::OpenFiles wanted, microseconds patience) {
  const microseconds pause = origin_.world.random().between(2ms, 8ms);
  thread_->post_after(pause, [this, wanted, rest = patience - pause] {
    if (!opens_) return;
    auto files = try_open(wanted);
    if (!files && rest > 0us) {
      origin_.locks.look();  // to try a held file evicts who holds it in the cache, as well
      return open_files(wanted, rest);
    }
    if (!files && wanted.fork) {
      origin_.disk.fork();
      ++origin_.generation;
      thread_->trace("forks generation " + std::to_string(origin_.generation));
      origin_.world.count("generation forked");
      return open_files({.log_slots = wanted.log_slots, .pool_slots = wanted.pool_slots},
                        kOpenPatience);
    }
    opens_ = false;
    if (!files) return step([&] { return host_->open_failed({.error = files.error()}); });
    has_files_ = true;
    origin_.disk.set_user(thread_.get());
    opened_after_ = origin_.disk.clears();
    step([&] {
      return host_->open(
          {.files = std::move(*files), .generation = Generation{origin_.generation}});
    });
  });
}

Result<storage::StoreFiles> LeaderWorker::try_open(const host::OpenFiles& wanted) {
  auto log = origin_.disk.open("log", wanted.log_slots);
  if (!log) return fail(log.error());
  auto pool = origin_.disk.open("pool", wanted.pool_slots);
  if (!pool) return fail(pool.error());
  return storage::StoreFiles{.log = std::move(*log), .pool = std::move(*pool)};
}

void LeaderWorker::carry_out(const host::KeepSnapshot& /*effect*/) {}  // nothing depends on it

void LeaderWorker::carry_out(const host::WantSlots& effect) {
  const auto add = [this](host::Directory directory, const char* name) {
    if (!has_files_) return;
    auto slot = origin_.disk.create(name);
    if (!slot) return;
    step([&] { return host_->add({.directory = directory, .slot = std::move(*slot)}); });
  };
  for (std::size_t i = 0; i < effect.log_slots; ++i) {
    thread_->post_after(3ms, [add] { add(host::Directory::kLog, "log"); });
  }
  for (std::size_t i = 0; i < effect.pool_slots; ++i) {
    thread_->post_after(3ms, [add] { add(host::Directory::kPool, "pool"); });
  }
}

void LeaderWorker::carry_out(const host::CloseFiles& /*effect*/) {
  opens_ = has_files_ = false;
  origin_.disk.let_go(thread_.get());
}

Task LeaderWorker::hearing(Task task) {
  return [thread = std::weak_ptr(thread_), task = std::move(task)] {
    if (const auto alive = thread.lock()) alive->post(task);
  };
}

Task LeaderWorker::losing() {
  return hearing([this] {  // stolen
    step([&] { return host_->step(node::LockLost{}); });
    ask_for_lock();
  });
}

void LeaderWorker::ask_for_lock() {
  origin_.locks.request(kLeadLock, name_,
                        hearing([this] { step([&] { return host_->step(node::LockGranted{}); }); }),
                        losing());
}

void LeaderWorker::carry_out(host::LockAction action) {
  switch (action) {
    case host::LockAction::kRelease:
      return release_lock();
    case host::LockAction::kSteal:
      return steal_lock();
    case host::LockAction::kAskFork:
      return ask_fork_lock();
    case host::LockAction::kReleaseFork:
      return origin_.locks.release(kForkLock, name_);
  }
}

void LeaderWorker::steal_lock() {
  if (origin_.locks.holder(kLeadLock) == name_) return;  // its turn has come meanwhile
  origin_.locks.stop_waiting(kLeadLock, name_);
  thread_->trace("steals the lock of a leader that gives no sign of life");
  origin_.locks.steal(kLeadLock, name_, origin_.world.random().between(0us, 3s), losing());
  thread_->post_after(1ms, [this] { step([&] { return host_->step(node::LockGranted{}); }); });
}

void LeaderWorker::ask_fork_lock() {
  const bool free = !origin_.locks.holder(kForkLock);
  if (free) origin_.locks.request(kForkLock, name_, [] {});
  thread_->post_after(
      1ms, [this, free] { step([&] { return host_->step(node::ForkLock{.granted = free}); }); });
}

// One that was stolen is asked for again when the AbortError tells of it.
void LeaderWorker::release_lock() {
  if (origin_.locks.holder(kLeadLock) != name_) return;
  origin_.locks.release(kLeadLock, name_);
  ask_for_lock();
}

Clock LeaderWorker::read_clock() {
  const Clock clock = origin_.world.clock(thread_->now());
  clock_read_.push_back(clock.monotonic);
  return clock;
}

// Nothing is said unless the lock was seen held less than L before: judged from outside of the
// leader, by the times at which it looked at its clock in this step; for a batch, after its flush.
void LeaderWorker::check_lease(const std::vector<host::LeaderEffect>& effects) const {
  const microseconds not_before =
      origin_.world.clock(cuts_batch_ ? origin_.disk.log_flushed() : 0us).monotonic;
  const bool covered = std::ranges::any_of(clock_read_, [&](microseconds at) {
    return held_since_ && at - *held_since_ < kLease && at >= not_before;
  });
  if (covered) return;
  for (const host::LeaderEffect& effect : effects) {
    const auto* send = std::get_if<host::SendBytes>(&effect);
    if (send == nullptr) continue;
    const auto message = decode_message(send->bytes);
    const bool claims_nothing = message && (std::holds_alternative<LeaderFailed>(message->body) ||
                                            std::holds_alternative<Seek>(message->body) ||
                                            std::holds_alternative<TabQuery>(message->body));
    if (!claims_nothing) origin_.world.fail(name_ + " speaks without a lease");
  }
}

void LeaderWorker::carry_out(const host::RoleChanged& effect) {
  static constexpr const char* kStates[] = {"stands by", "opens the store", "leads", "has failed"};
  std::string words = kStates[static_cast<std::size_t>(effect.state)];
  if (effect.state == node::State::kLeading && host_->store() != nullptr) {
    const storage::Store& store = *host_->store();
    words += " term=" + std::to_string(effect.term.value) +
             " head=" + std::to_string(store.log().head().index.value) +
             " replayed from=" + std::to_string(store.recovery().replayed_from.value);
    if (const auto& torn = store.log().torn_tail())
      words += ", torn tail after " + std::to_string(torn->after.value);
    if (store.recovery().rebuilt) words += ", state made anew";
  }
  thread_->trace(words);
  // One whose record could not be written has said nothing to anybody: its term is free.
  const leader::Leader* leader = host_->node().leader();
  if (leader == nullptr || !leader->serving()) return;
  if (opened_after_ == origin_.disk.clears()) {
    origin_.checker.led(name_, leader->store(), leader->term());
  } else {  // stopped within the step that opened it
    origin_.checker.led_without_files(leader->store());
  }
  origin_.disk.forget_lost();  // it can do without
  const auto& torn = host_->store()->log().torn_tail();
  if (torn && origin_.disk.flip_lies_in(torn->slot, torn->offset, torn->bytes)) {
    thread_->trace("cuts off the batch in which a bit is flipped");
    origin_.disk.forget_flip();
    origin_.checker.cut(torn->after);
  }
}

void LeaderWorker::carry_out(const Error& effect) {
  thread_->trace("error: " + effect.message);
  if (effect.code == ErrorCode::kCorrupt) origin_.checker.told_corrupt(name_, effect);
}

}  // namespace tablog::simulator
