// A leader and replicas, hosts and databases as they are in the browser, joined by channels that
// lose nothing; and SQL behind their backs: a change that no entry made, or a function that is not
// the same in one of them. The product has no hook for that: SQLite itself tells of each connection
// that is opened (sqlite3_auto_extension).
#pragma once

#include <sqlite3.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/web/leader_kit.h"
#include "web/host/replica_host.h"

namespace tablog::host {

struct Tab {
  ClientId id;
  ReplicaHost host;
  sqlite3* connection{};  // that its state is in
  std::vector<replica::Noted> noted{};
  std::vector<Error> errors{};
  std::map<replica::CallId, Replied> replies{};
};

class TwoTabs {
 public:
  TwoTabs();  // of storage/samples.h's schema
  ~TwoTabs();
  TwoTabs(const TwoTabs&) = delete;
  TwoTabs& operator=(const TwoTabs&) = delete;

  Tab& open();  // one more, that follows the leader
  // Of the model's tab, which has no replica here. Nothing is held meanwhile.
  void append(Payload payload);
  void ask(Tab& tab, replica::CallId call, const std::string& sql,
           replica::Consistency consistency = replica::Consistency::kSession);
  // Delivers what is on its way until nothing is.
  void settle();
  void elapse(std::chrono::milliseconds time);

  [[nodiscard]] static sqlite3* leader_connection();  // that writes the leader's state
  static void plant(sqlite3* connection, const std::string& sql);
  // As plant(), on another connection to the same file: no hook sees it.
  static void rot(sqlite3* connection, const std::string& sql);
  // From now on upper() gives "other" on it.
  static void plant_function(sqlite3* connection);

  bool hold_to_leader{};  // what the tabs say to it stays on its way
  storage::MemoryDisk disk{};
  Model model{};
  std::vector<std::unique_ptr<Tab>> tabs{};
  std::unique_ptr<LeaderKit> leader{};

 private:
  void step(Tab& tab, const std::function<std::vector<ReplicaEffect>()>& run);

  std::chrono::microseconds now_{std::chrono::hours{1}};
  std::deque<SendBytes> to_tabs_;
  std::deque<Bytes> to_leader_;
};

}  // namespace tablog::host
