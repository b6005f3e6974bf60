// LeaderWorker: a tab's leader worker. Drives host::LeaderHost as web/src/leader_worker.ts does.
#pragma once

#include <memory>
#include <string>

#include "tests/simulator/origin.h"
#include "tests/simulator/thread.h"
#include "web/host/leader_host.h"

namespace tablog::simulator {

class LeaderWorker {
 public:
  using Page = std::function<void(replica::Settled)>;
  // `version`: of the schema in this tab's build.
  LeaderWorker(Origin& origin, ClientId tab, const std::string& name, std::uint32_t version,
               Page page);
  ~LeaderWorker();
  LeaderWorker(const LeaderWorker&) = delete;
  LeaderWorker& operator=(const LeaderWorker&) = delete;

  void post(std::vector<AppendRequest> requests);  // from the page
  void suspect();                                  // from the tab's replica, by the page
  // The worker, or its process, dies: now, or in the middle of what it does.
  void kill();
  [[nodiscard]] Thread& thread() { return *thread_; }

  [[nodiscard]] bool is_leading() const;
  [[nodiscard]] bool has_files() const { return has_files_; }
  [[nodiscard]] const host::LeaderHost& host() const { return *host_; }
  [[nodiscard]] Digest digest() const { return host_->store()->state().digest(); }  // while leading

 private:
  void step(const std::function<std::vector<host::LeaderEffect>()>& run);
  void ask_for_lock();
  void release_lock();
  void steal_lock();
  void ask_fork_lock();
  [[nodiscard]] Task hearing(Task task);
  [[nodiscard]] Task losing();
  void open_files(host::OpenFiles wanted, microseconds patience);
  [[nodiscard]] Result<storage::StoreFiles> try_open(const host::OpenFiles& wanted);
  void hear(const leader::LocksSeen& seen);
  [[nodiscard]] Clock read_clock();
  void check_lease(const std::vector<host::LeaderEffect>& effects) const;

  void carry_out(host::LeaderEffect& effect);
  void carry_out(host::SendBytes& effect);
  void carry_out(Answer& effect);
  void carry_out(const host::SetTimer& effect);
  void carry_out(const host::QueryLocks& effect);
  void carry_out(const host::ArmBatch& effect);
  void carry_out(const host::ArmWork& effect);
  void carry_out(const host::OpenFiles& effect);
  void carry_out(const host::WantSlots& effect);
  void carry_out(const host::KeepSnapshot& effect);
  void carry_out(const host::DropSnapshots& /*effect*/) {}
  void carry_out(const host::CloseFiles& effect);
  void carry_out(host::LockAction action);
  void carry_out(const host::RoleChanged& effect);
  void carry_out(const Error& effect);

  Origin& origin_;
  ClientId tab_;
  std::string name_;
  std::shared_ptr<Thread> thread_;
  std::unique_ptr<host::LeaderHost> host_;
  Page page_;
  Timer timer_;
  std::vector<microseconds> clock_read_;    // in this step
  bool cuts_batch_{};                       // this step
  std::optional<microseconds> held_since_;  // the lock was seen held; when that question began
  bool opens_{};
  std::uint64_t opened_after_{};  // so many deletions of the site's data
  bool has_files_{};
};

}  // namespace tablog::simulator
