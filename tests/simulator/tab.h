// Tab: a page with its two workers. The page numbers its appends, survives its workers, and sends
// what is unanswered again to a new one, as web/src/session.ts does. It also is the app: it
// appends, asks, and knows what it must see.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tests/simulator/leader_worker.h"
#include "tests/simulator/replica_worker.h"

namespace tablog::simulator {

// How a page comes to stand still, its threads with it.
enum class Pause : std::uint8_t {
  kStopped,        // the process (SIGSTOP): locks and handles stay held, nothing notices
  kFrozen,         // by the browser; the page has ended its leader worker, as lifecycle.ts does
  kCached,         // navigated away, in the back/forward cache; likewise
  kCachedLeading,  // likewise, but its leader worker lives: nobody takes over until somebody looks
};

class Tab : public std::enable_shared_from_this<Tab> {
 public:
  Tab(Origin& origin, std::string name, const TabOptions& options);
  ~Tab();
  Tab(const Tab&) = delete;
  Tab& operator=(const Tab&) = delete;

  // ---- the app
  void append_some();  // one task's worth
  void append_note();
  void append(std::vector<Payload> payloads, Durability durability);  // in one task
  void withdraw_one();  // one that is unanswered, by its signal
  void withdraw(RequestNumber number);
  void ask_session();  // what this tab was told it has appended
  void ask_latest();   // what any tab was told
  void read_log();     // a piece of it
  [[nodiscard]] std::size_t pending() const { return unanswered_.size(); }
  // A question for the latest state has been answered since expect_current(); asks while it has
  // not.
  [[nodiscard]] bool is_current();
  void expect_current() { current_ = false; }
  // Its build is too old for what another has brought: it asks to be reloaded.
  [[nodiscard]] bool is_outdated() const { return outdated_; }

  // ---- what happens to it
  void restart_replica();  // its replica worker died
  void restart_leader();   // its leader worker died, or its page ended it
  void close();            // in good order: nothing is unanswered
  void kill();             // the process dies
  void pause(Pause how);
  void stop_for(microseconds time);  // the process, in the middle of a step of its leader worker
  void go_on();                      // after a pause, if the page is still there
  [[nodiscard]] bool is_alive() const { return alive_; }
  [[nodiscard]] const std::optional<Pause>& paused() const { return pause_; }
  [[nodiscard]] std::uint64_t pauses() const { return pauses_; }  // so far
  [[nodiscard]] bool is_running() const { return alive_ && !pause_; }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const ClientId& client() const { return client_; }
  [[nodiscard]] replica::Mode mode() const { return options_.mode; }
  [[nodiscard]] std::uint32_t version() const { return options_.version; }
  [[nodiscard]] const ReplicaWorker& replica() const { return *replica_; }
  [[nodiscard]] LeaderWorker& leader() { return *leader_; }

 private:
  struct Unanswered {
    AppendRequest request;
    bool withdrawn{};
  };
  struct Question {
    std::uint64_t expected{};  // rows, at least
    std::uint64_t losses{};    // of acknowledged entries, before it was asked
    StoreId store{};           // that was followed then
    bool latest{};
    bool invariants{};
    bool log{};
  };

  void start_replica();
  void start_leader();
  void stand_still(const std::vector<Thread*>& threads);
  void hear(const ToPage& what);
  void hear(const replica::Settled& settled);
  void hear(const host::Replied& replied);
  void hear(const Error& error);
  void check_rows(const Question& question, std::uint64_t rows);
  void issue(std::vector<AppendRequest> requests);
  void send(const std::vector<RequestNumber>& numbers);
  void ask(Question question, replica::Consistency consistency, const char* sql,
           std::vector<Argument> params);
  [[nodiscard]] RequestNumber settled_through() const;
  [[nodiscard]] AppendRequest new_request(Payload payload);
  [[nodiscard]] std::string next_label() const;

  Origin& origin_;
  std::string name_;
  TabOptions options_;
  ClientId client_;
  bool alive_{true};
  std::optional<Pause> pause_;
  std::uint64_t pauses_{};
  microseconds stopped_until_{};
  std::shared_ptr<Thread> page_;
  bool closing_{};  // appends nothing any more
  std::unique_ptr<ReplicaWorker> replica_;
  std::unique_ptr<LeaderWorker> leader_;
  std::vector<std::unique_ptr<ReplicaWorker>> dead_replicas_;  // may be in the middle of a step
  std::vector<std::unique_ptr<LeaderWorker>> dead_leaders_;
  std::uint64_t incarnation_{};  // of the replica worker: what earlier ones say is not heard
  std::uint64_t leader_life_{};  // likewise

  RequestNumber last_;
  std::map<RequestNumber, Unanswered> unanswered_;
  std::map<replica::CallId, Question> questions_;
  replica::CallId last_call_{};
  std::optional<replica::CallId> current_call_;
  bool current_{};
  std::uint32_t noted_{};  // rollbacks that this replica worker has told of
  Index accepted_;         // what the page was told of as appended
  bool outdated_{};
  std::uint64_t own_seen_{};  // notes of its own: it never sees fewer than it has seen
  std::uint64_t own_seen_losses_{};
};

}  // namespace tablog::simulator
