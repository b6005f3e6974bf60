#include "tests/simulator/leader_worker.h"

#include <set>
#include <utility>

#include "tests/simulator/workload.h"

namespace tablog::simulator {

using namespace std::chrono_literals;

namespace {

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

LeaderWorker::LeaderWorker(Origin& origin, ClientId tab, const std::string& name, Page page)
    : origin_(origin),
      tab_(tab),
      name_(name),
      thread_(std::make_shared<Thread>(origin.world, name)),
      page_(std::move(page)) {
  Random& random = origin.world.random();
  const storage::LogOptions log{.segment_bytes = 48U << 10U, .preallocate_bytes = 16U << 10U};
  host_ =
      std::make_unique<host::LeaderHost>(host::LeaderConfig{.self = tab,
                                                            .fresh = random.id<StoreId>(),
                                                            .seed = random.next(),
                                                            .schema_version = app_schema().version,
                                                            .options = options(),
                                                            .log = log},
                                         [this] { return origin_.world.clock(thread_->now()); });
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
  if (has_files()) {
    origin_.disk.holder_died(lag + origin_.world.random().between(0us, 15ms));
    origin_.disk.set_user(nullptr);
  }
  opens_ = has_files_ = false;
  origin_.locks.abandon(name_, lag);
}

void LeaderWorker::post(std::vector<AppendRequest> requests) {
  auto shared = std::make_shared<std::vector<AppendRequest>>(std::move(requests));
  thread_->post_after(20us, [this, shared] { step([&] { return host_->append(*shared); }); });
}

bool LeaderWorker::is_leading() const {
  return thread_->is_alive() && host_->node().state() == node::State::kLeading;
}

// Effects are carried out when the step's time has passed; where the worker dies within it, never.
void LeaderWorker::step(const std::function<std::vector<host::LeaderEffect>()>& run) {
  thread_->spend(20us);
  auto effects = run();
  if (!thread_->is_alive()) return;
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
  const std::uint64_t timer = ++timer_;
  thread_->post_after(effect.delay, [this, timer] {
    if (timer == timer_) step([&] { return host_->step(leader::Input{leader::Ticked{}}); });
  });
}

// The answer is of some moment between the question and its arrival.
void LeaderWorker::carry_out(const host::QueryLocks& /*effect*/) {
  const microseconds began = origin_.world.now();
  const auto delay = [this] { return origin_.world.random().between(20us, 1500us); };
  thread_->post_after(delay(), [this, began, delay] {
    leader::LocksSeen seen{
        .began = began, .held = origin_.locks.holder(kLeadLock) == name_, .tabs = {}};
    for (const std::string& tab : origin_.locks.held(kTabLocks)) seen.tabs.insert(client_of(tab));
    thread_->post_after(delay(),
                        [this, seen] { step([&] { return host_->step(leader::Input{seen}); }); });
  });
}

void LeaderWorker::carry_out(const host::ArmBatch& /*effect*/) {
  thread_->post([this] { step([&] { return host_->step(leader::Input{leader::BatchDue{}}); }); });
}

void LeaderWorker::carry_out(const host::Resume& /*effect*/) {
  thread_->post([this] { step([&] { return host_->resume(); }); });
}

void LeaderWorker::carry_out(const host::OpenFiles& effect) {
  opens_ = true;
  open_files(effect);
}

void LeaderWorker::open_files(host::OpenFiles wanted) {
  thread_->post_after(origin_.world.random().between(2ms, 8ms), [this, wanted] {
    if (!opens_) return;
    auto log = origin_.disk.open("log", wanted.log_slots);
    auto pool =
        log ? origin_.disk.open("pool", wanted.pool_slots) : Result<std::vector<storage::Slot>>{};
    if (!log || !pool) return open_files(wanted);  // handles lag behind the lock
    opens_ = false;
    has_files_ = true;
    origin_.disk.set_user(thread_.get());
    auto files = std::make_shared<storage::StoreFiles>();
    files->log = std::move(*log);
    files->pool = std::move(*pool);
    step([&] { return host_->open({.files = std::move(*files)}); });
  });
}

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
  origin_.disk.set_user(nullptr);
}

void LeaderWorker::ask_for_lock() {
  origin_.locks.request(kLeadLock, name_, [this, thread = std::weak_ptr(thread_)] {
    if (const auto alive = thread.lock(); alive && alive->is_alive()) {
      alive->post([this] { step([&] { return host_->step(node::LockGranted{}); }); });
    }
  });
}

void LeaderWorker::carry_out(const host::ReleaseLock& /*effect*/) {
  origin_.locks.release(kLeadLock, name_);
  ask_for_lock();
}

void LeaderWorker::carry_out(const host::RoleChanged& effect) {
  static constexpr const char* kStates[] = {"stands by", "opens the store", "leads", "has failed"};
  thread_->trace(std::string(kStates[static_cast<std::size_t>(effect.state)]) +
                 " term=" + std::to_string(effect.term.value));
  // One whose record could not be written has said nothing to anybody: its term is free.
  const leader::Leader* leader = host_->node().leader();
  if (leader != nullptr && leader->serving()) origin_.checker.led(name_, leader->term());
}

void LeaderWorker::carry_out(const Error& effect) {
  thread_->trace("error: " + effect.message);
  if (effect.code == ErrorCode::kCorrupt)
    origin_.world.fail(name_ + " finds corruption: " + effect.message);
}

}  // namespace tablog::simulator
