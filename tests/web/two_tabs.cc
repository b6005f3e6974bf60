#include "tests/web/two_tabs.h"

#include <gtest/gtest.h>

#include <utility>

#include "log/overloaded.h"
#include "tests/storage/samples.h"

namespace tablog::host {

using namespace std::chrono_literals;

namespace {

// Connections in the order in which they were opened; those that are closed are among them.
struct Opened {
  std::vector<sqlite3*> in_memory;
  std::vector<sqlite3*> on_pool;  // the writing one, then the reading one
};
Opened& opened() {
  static Opened all;
  return all;
}

int on_open(sqlite3* db, const char** /*error*/, const void* /*routines*/) {
  const char* name = sqlite3_db_filename(db, "main");
  const bool file = name != nullptr && *name != '\0';
  (file ? opened().on_pool : opened().in_memory).push_back(db);
  return SQLITE_OK;
}

using EntryPoint = void (*)();

}  // namespace

TwoTabs::TwoTabs() {
  sqlite3_auto_extension(reinterpret_cast<EntryPoint>(&on_open));
  leader = std::make_unique<LeaderKit>(disk, model, KitOptions{});
  leader->tells = [this](const SendBytes& send) { to_tabs_.push_back(send); };
  leader->start();
}

TwoTabs::~TwoTabs() {
  sqlite3_cancel_auto_extension(reinterpret_cast<EntryPoint>(&on_open));
}

Tab& TwoTabs::open() {
  const ClientId id = storage::samples::client(static_cast<std::uint8_t>(101 + tabs.size()));
  leader->others.insert(id);
  const auto now = [this] {
    now_ += 10us;
    return Clock{.monotonic = now_, .wall = 1'700'000'000s};
  };
  Tab& tab = *tabs.emplace_back(std::make_unique<Tab>(
      Tab{.id = id, .host = ReplicaHost(id, storage::samples::schema(), {}, now)}));
  step(tab, [&] { return tab.host.step(replica::Started{}); });
  settle();
  return tab;
}

void TwoTabs::step(Tab& tab, const std::function<std::vector<ReplicaEffect>()>& run) {
  const std::size_t before = opened().in_memory.size();
  auto effects = run();
  if (opened().in_memory.size() > before) tab.connection = opened().in_memory.back();
  for (ReplicaEffect& effect : effects) {
    std::visit(Overloaded{[&](SendBytes& send) { to_leader_.push_back(std::move(send.bytes)); },
                          [&](replica::Noted& noted) { tab.noted.push_back(std::move(noted)); },
                          [&](Error& error) { tab.errors.push_back(std::move(error)); },
                          [&](Replied& replied) {
                            tab.replies.insert_or_assign(replied.call, std::move(replied));
                          },
                          [](const auto&) {}},
               effect);
  }
}

void TwoTabs::settle() {
  while (!to_tabs_.empty() || (!to_leader_.empty() && !hold_to_leader)) {
    if (!to_tabs_.empty()) {
      const SendBytes send = std::move(to_tabs_.front());
      to_tabs_.pop_front();
      for (const auto& tab : tabs) {
        if (!send.to || send.to->tab == tab->id)
          step(*tab, [&] { return tab->host.receive(send.bytes); });
      }
      continue;
    }
    const Bytes bytes = std::move(to_leader_.front());
    to_leader_.pop_front();
    leader->hear(bytes);
  }
}

void TwoTabs::append(Payload payload) {
  leader->append(Durability::kFull, std::move(payload));
  settle();
}

void TwoTabs::ask(Tab& tab, replica::CallId call, const std::string& sql,
                  replica::Consistency consistency) {
  step(tab, [&] {
    return tab.host.step(
        replica::Query{.call = call, .consistency = consistency, .sql = sql, .params = {}});
  });
  settle();
}

void TwoTabs::elapse(std::chrono::milliseconds time) {
  now_ += time;
  leader->elapse(time);
  for (const auto& tab : tabs) step(*tab, [&] { return tab->host.step(replica::Ticked{}); });
  settle();
}

sqlite3* TwoTabs::leader_connection() {
  return opened().on_pool.at(opened().on_pool.size() - 2);
}

void TwoTabs::plant(sqlite3* connection, const std::string& sql) {
  char* words = nullptr;
  ASSERT_EQ(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, &words), SQLITE_OK) << words;
}

void TwoTabs::rot(sqlite3* connection, const std::string& sql) {
  char* vfs = nullptr;
  ASSERT_EQ(sqlite3_file_control(connection, "main", SQLITE_FCNTL_VFSNAME, &vfs), SQLITE_OK);
  sqlite3_cancel_auto_extension(reinterpret_cast<EntryPoint>(&on_open));
  sqlite3* other = nullptr;
  const int code =
      sqlite3_open_v2(sqlite3_db_filename(connection, "main"), &other, SQLITE_OPEN_READWRITE, vfs);
  sqlite3_auto_extension(reinterpret_cast<EntryPoint>(&on_open));
  sqlite3_free(vfs);
  ASSERT_EQ(code, SQLITE_OK);
  sqlite3_db_config(other, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  plant(other, sql);
  sqlite3_close(other);
}

void TwoTabs::plant_function(sqlite3* connection) {
  const auto other = [](sqlite3_context* context, int, sqlite3_value**) {
    sqlite3_result_text(context, "other", -1, SQLITE_STATIC);
  };
  ASSERT_EQ(sqlite3_create_function(connection, "upper", 1,
                                    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nullptr,
                                    other, nullptr, nullptr),
            SQLITE_OK);
}

}  // namespace tablog::host
