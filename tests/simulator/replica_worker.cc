#include "tests/simulator/replica_worker.h"

#include <utility>

#include "log/overloaded.h"
#include "tests/simulator/workload.h"

namespace tablog::simulator {

using namespace std::chrono_literals;

namespace {

replica::Options options(replica::Mode mode) {
  replica::Options options;
  options.mode = mode;
  options.snapshot_gap_entries = 200;
  options.range_bytes = 8U << 10U;
  options.acknowledge_bytes = 4U << 10U;
  return options;
}

}  // namespace

ReplicaWorker::ReplicaWorker(Origin& origin, ClientId tab, const std::string& name,
                             const TabOptions& tab_options, Page page)
    : origin_(origin),
      tab_(tab),
      thread_(std::make_shared<Thread>(origin.world, name)),
      page_(std::move(page)) {
  host_ = std::make_unique<host::ReplicaHost>(
      tab, app_schema(tab_options.version), options(tab_options.mode),
      [this] { return origin_.world.clock(thread_->now()); });
  origin_.channels.listen({.tab = tab, .role = Role::kReplica}, [this](const Bytes& bytes) {
    thread_->post([this, bytes] { step([&] { return host_->receive(bytes); }); });
  });
  post(replica::Started{});
}

ReplicaWorker::~ReplicaWorker() {
  kill();
}

void ReplicaWorker::kill() {
  if (!thread_->is_alive()) return;
  thread_->kill();
  origin_.channels.stop({.tab = tab_, .role = Role::kReplica});
}

void ReplicaWorker::post(replica::Input input) {
  auto shared = std::make_shared<replica::Input>(std::move(input));
  thread_->post_after(20us, [this, shared] {
    step([&] {
      const auto* read = std::get_if<replica::ReadLog>(shared.get());
      return read != nullptr ? host_->read(*read, host::ReadFilter{.types = {}, .control = true})
                             : host_->step(*shared);
    });
  });
}

void ReplicaWorker::step(const std::function<std::vector<host::ReplicaEffect>()>& run) {
  thread_->spend(20us);
  auto effects = std::make_shared<std::vector<host::ReplicaEffect>>(run());
  observe();
  thread_->emit([this, effects] {
    for (host::ReplicaEffect& effect : *effects) carry_out(effect);
  });
}

void ReplicaWorker::observe() {
  const auto content = digest();
  if (!content || host_->database()->applied() == observed_) return;
  observed_ = host_->database()->applied();
  origin_.checker.observed(thread_->name(), host_->replica().store(), observed_,
                           host_->database()->chain(), *content);
}

std::optional<Digest> ReplicaWorker::digest() const {
  if (host_->database() == nullptr || host_->database()->applied() == Index{}) return std::nullopt;
  return host_->database()->digest();
}

void ReplicaWorker::carry_out(host::ReplicaEffect& effect) {
  const auto tell = [this](ToPage what) {
    origin_.world.after(20us, [page = page_, what = std::move(what)] { page(what); });
  };
  std::visit(
      Overloaded{
          [&](host::SendBytes& send) {
            origin_.channels.send({.tab = tab_, .role = Role::kReplica}, send.to, send.bytes);
          },
          [&](const host::SetTimer& set) {
            timer_.set(*thread_, origin_.world.now() + set.delay,
                       [this] { step([&] { return host_->step(replica::Ticked{}); }); });
          },
          [&](replica::Settled& settled) { tell(std::move(settled)); },
          [&](host::Replied& replied) { tell(std::move(replied)); },
          [&](const host::Ready& ready) { tell(ready); },
          [&](const host::Suspects& suspects) { tell(suspects); },
          [&](Error& error) { tell(std::move(error)); },
          [&](const replica::Noted& noted) {
            thread_->trace(
                (noted.kind == replica::Noted::Kind::kRollback ? "rollback: " : "divergence: ") +
                noted.detail);
            origin_.checker.started_over(thread_->name(), noted.detail);
            tell(noted);
          },
          [&](const replica::Status& status) {
            if (std::exchange(unresponsive_, status.leader_unresponsive) ==
                status.leader_unresponsive)
              return;
            thread_->trace(unresponsive_ ? "the leader is unresponsive" : "the leader answers");
          },
          [&](const host::QueryLocks&) { origin_.locks.look(); },
          [](const auto&) {},
      },
      effect);
}

}  // namespace tablog::simulator
