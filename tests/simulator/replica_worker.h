// ReplicaWorker: a tab's replica worker. Drives host::ReplicaHost as web/src/replica_worker.ts
// does. What it tells its page arrives a moment later, and not at all when the page has given it up
// meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "tests/simulator/origin.h"
#include "tests/simulator/thread.h"
#include "web/host/replica_host.h"

namespace tablog::simulator {

using ToPage = std::variant<replica::Settled, host::Replied, host::Ready, host::Suspects,
                            replica::Noted, Error>;

struct TabOptions {
  replica::Mode mode{};
  std::uint32_t version{1};  // of the app's schema, in its build
};

class ReplicaWorker {
 public:
  using Page = std::function<void(ToPage)>;
  ReplicaWorker(Origin& origin, ClientId tab, const std::string& name,
                const TabOptions& tab_options, Page page);
  ~ReplicaWorker();
  ReplicaWorker(const ReplicaWorker&) = delete;
  ReplicaWorker& operator=(const ReplicaWorker&) = delete;

  void post(replica::Input input);  // from the page
  void kill();
  [[nodiscard]] Thread& thread() { return *thread_; }

  [[nodiscard]] const replica::Replica& replica() const { return host_->replica(); }
  [[nodiscard]] std::optional<Digest> digest() const;  // of the replica's database

 private:
  void step(const std::function<std::vector<host::ReplicaEffect>()>& run);
  void carry_out(host::ReplicaEffect& effect);
  void observe();

  Origin& origin_;
  ClientId tab_;
  std::shared_ptr<Thread> thread_;
  std::unique_ptr<host::ReplicaHost> host_;
  Page page_;
  Timer timer_;
  Index observed_;
  bool unresponsive_{};  // so it says of the leader
};

}  // namespace tablog::simulator
