// A workload of transactions is stopped at every single call of a file, by a kill and by every kind
// of power loss; what the next worker finds must be a whole database in the state after one of the
// transactions: not before the last one that had to survive, not after the last one begun.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

#include "tests/storage/pool_samples.h"

namespace tablog::storage {
namespace {

using samples::Database;
using samples::make_slots;
using samples::Store;

struct Case {
  const char* name;
  const char* journal_mode;
  const char* synchronous;
  Loss loss;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.name;
}

class VfsCrashTest : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(
    Modes, VfsCrashTest,
    testing::Values(Case{"KilledInWal", "WAL", "NORMAL", Loss::kNothing},
                    Case{"KilledWithAJournal", "DELETE", "FULL", Loss::kNothing},
                    Case{"WalNormalLost", "WAL", "NORMAL", Loss::kUnflushed},
                    Case{"WalNormalTorn", "WAL", "NORMAL", Loss::kTorn},
                    Case{"WalNormalReordered", "WAL", "NORMAL", Loss::kReordered},
                    Case{"WalFullLost", "WAL", "FULL", Loss::kUnflushed},
                    Case{"WalFullTorn", "WAL", "FULL", Loss::kTorn},
                    Case{"WalFullReordered", "WAL", "FULL", Loss::kReordered},
                    Case{"JournalLost", "DELETE", "FULL", Loss::kUnflushed},
                    Case{"JournalTorn", "DELETE", "FULL", Loss::kTorn},
                    Case{"JournalReordered", "DELETE", "FULL", Loss::kReordered}),
    [](const auto& instance) { return instance.param.name; });

constexpr int kTransactions = 5;
constexpr int kCheckpointEvery = 2;
constexpr int kRows = 30;  // of each transaction, of about 300 bytes

struct Progress {
  int begun = 0;
  int committed = 0;
  int checkpointed = 0;
};

// Goes on where the database is; stops at the first error.
Progress work(Database& db, const Case& c) {
  Progress progress;
  const auto ok = [&](const std::string& sql) { return db.exec(sql) == SQLITE_OK; };
  const bool ready = ok(std::string("PRAGMA journal_mode=") + c.journal_mode) &&
                     ok(std::string("PRAGMA synchronous=") + c.synchronous) &&
                     ok("PRAGMA cache_size=10") &&  // so that it also writes before it commits
                     ok("CREATE TABLE IF NOT EXISTS t(n, i, x, PRIMARY KEY(i, n)) WITHOUT ROWID");
  for (int n = 1; ready && n <= kTransactions; ++n) {
    progress.begun = n;
    const auto text = std::to_string(n);
    if (!ok("BEGIN") ||
        !ok("WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < " +
            std::to_string(kRows) + ") INSERT INTO t SELECT " + text +
            ", i, hex(randomblob(150)) FROM k") ||
        !ok("UPDATE t SET x = hex(randomblob(150)) WHERE i % 3 = 0") || !ok("COMMIT")) {
      break;
    }
    progress.committed = n;
    if (n % kCheckpointEvery == 0) {
      if (!ok("PRAGMA wal_checkpoint(PASSIVE)")) break;
      progress.checkpointed = n;
    }
  }
  return progress;
}

TEST_P(VfsCrashTest, APrefixOfTheCommittedSurvivesAtEveryCall) {
  const Case& c = GetParam();
  bool stopped = true;
  for (int stop_at = 0; stopped; ++stop_at) {
    MemoryDisk disk;
    make_slots(disk, 4);
    std::mt19937_64 random(static_cast<std::uint64_t>(stop_at));
    stopped = false;
    Progress progress;
    {
      Store store(disk);
      int calls = 0;
      disk.set_fault_hook([&](const FileCall& call) -> std::optional<FileFault> {
        if (calls++ < stop_at) return std::nullopt;
        const bool first = !std::exchange(stopped, true);
        if (c.loss == Loss::kNothing) {  // killed: a part of what it was writing may be there
          return FileFault{.bytes_done = first ? random() % (call.bytes + 1) : 0};
        }
        disk.crash({.loss = c.loss, .sector_bytes = 512, .random = [&] { return random(); }});
        return FileFault{};
      });
      auto db = store.open();
      progress = work(db, c);
      if (stopped && c.loss == Loss::kNothing) disk.crash({.loss = c.loss});
    }
    disk.set_fault_hook(nullptr);

    Store store(disk);
    ASSERT_TRUE(store.pool->quarantined().empty()) << stop_at;
    auto db = store.open();
    ASSERT_EQ(db.ask("PRAGMA integrity_check"), "ok") << stop_at;
    const bool has_table = db.ask("SELECT count(*) FROM sqlite_schema") == "1";
    const int found = has_table ? std::stoi(db.ask("SELECT coalesce(max(n), 0) FROM t")) : 0;
    const bool all = c.loss == Loss::kNothing || std::string_view(c.synchronous) == "FULL";
    ASSERT_GE(found, all ? progress.committed : progress.checkpointed) << stop_at;
    ASSERT_LE(found, progress.begun) << stop_at;
    if (found > 0) {
      ASSERT_EQ(db.ask("SELECT count(*), count(DISTINCT n) FROM t"),
                std::to_string(found * kRows) + "," + std::to_string(found))
          << stop_at;
    }
    ASSERT_EQ(db.exec("DROP TABLE IF EXISTS t"), SQLITE_OK) << "it can be written: " << stop_at;
    ASSERT_EQ(work(db, c).committed, kTransactions) << stop_at;
  }
}

}  // namespace
}  // namespace tablog::storage
