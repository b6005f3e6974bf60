// The digest is the rows', whatever SQL does, and the same wherever the log is applied: in the
// leader that sequences, in a replica from a snapshot taken on the way, in a replay from the first
// entry, and after crashes. Random workloads: random_sql.h.
//
// `./dev test` runs a sample, TABLOG_FULL=1 5,000 workloads; TABLOG_WORKLOAD=7 only that one.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>

#include "tests/storage/random_sql.h"
#include "tests/storage/samples.h"
#include "tests/storage/store_kit.h"

namespace tablog::storage {
namespace {

using namespace samples;

constexpr std::uint64_t kWorkloadsFull = 5000;
constexpr std::uint64_t kWorkloadsSample = 60;
constexpr int kBatches = 30;

// Definitions of a later version of the app, with rows in the tables that they change.
constexpr const char* kMigration = R"sql(
ALTER TABLE doc ADD COLUMN extra REAL DEFAULT 2;
UPDATE doc SET extra = random() WHERE id % 2;
CREATE TABLE later(id INTEGER PRIMARY KEY, at TEXT DEFAULT CURRENT_TIMESTAMP, dice DEFAULT (random()));
INSERT INTO later(id) VALUES (1), (2);
CREATE TRIGGER doc_later AFTER UPDATE ON doc BEGIN REPLACE INTO later(id) VALUES (NEW.id % 5); END;
)sql";

struct Counts {
  std::uint64_t workloads{}, entries{}, rejected{}, crashes{}, replayed{}, late{};
};

// Everything that a query can see of a full text table, which no digest covers.
std::string searched(StateDatabase& state) {
  return ask(state, "SELECT rowid, body FROM search ORDER BY rowid") +
         ask(state, "SELECT count(*) AS hits FROM search WHERE search MATCH 'text'");
}

class Life : private StoreKit {
 public:
  Life(std::uint64_t seed, Counts& counts) : seed_(seed), counts_(counts), sql_(seed) {}

  void run() {
    segment_bytes = 256U << 10U;  // what fits into the slots that there are
    store_ = open();
    late_from_ = 1 + static_cast<int>(sql_.pick(kBatches - 1));
    migrates_at_ = 1 + static_cast<int>(sql_.pick(kBatches - 1));
    append({control(schema_of({kRandomTables}, {}))}, "the schema");
    for (int batch = 1; batch <= kBatches && !testing::Test::HasFailure(); ++batch) {
      live(batch);
    }
    if (testing::Test::HasFailure()) return;
    crash();
    compare_all();
    ++counts_.workloads;
  }

 private:
  void live(int batch) {
    if (batch == migrates_at_) {
      append({control(schema_of({kRandomTables, kMigration}, {}))}, "the migration");
      version_ = store_->state().schema()->version;
    }
    std::string script;
    auto items = sql_.batch(version_, script);
    append(std::move(items), script);
    if (sql_.pick(3) != 0) commit();
    if (sql_.pick(15) == 0) checkpoint();
    if (sql_.pick(12) == 0) crash();
    if (batch == late_from_) join_late();
  }

  void append(std::vector<BatchItem> items, const std::string& script) {
    const auto before = store_->state().applied();
    const auto result = samples::run(
        store_->state(), std::move(items),
        context(1'700'000'000'000 + 777 * ++time_, seed_ + store_->state().applied().value));
    for (const ErrorCode code : codes(result)) counts_.rejected += code == kNone ? 0 : 1;
    const auto made = samples::entries(result);
    expect_sound_digest(store_->state(), script);
    EXPECT_TRUE(store_->state().check_untouched()) << script;
    if (made.empty()) {
      EXPECT_EQ(to_hex(result.digest.bytes), to_hex(digests_[before].bytes)) << script;
      return;
    }
    counts_.entries += made.size();
    digests_[made.back().entry.index] = result.digest;
    ASSERT_TRUE(store_->reserve(256U << 10U));
    ASSERT_TRUE(store_->log().append(made, result.digest));
    ASSERT_TRUE(store_->log().flush());
    if (late_) {
      counts_.late += made.size();
      replay(*late_, made);
      EXPECT_EQ(to_hex(late_->digest().bytes), to_hex(result.digest.bytes)) << script;
    }
  }

  void commit() { ASSERT_TRUE(store_->commit_state()); }
  void checkpoint() { ASSERT_TRUE(store_->checkpoint()); }

  // Of the last commit, as the leader's reading connection has it; then the entries since.
  void join_late() {
    commit();
    const auto image = store_->state().snapshot();
    ASSERT_TRUE(image) << image.error().message;
    auto late = StateDatabase::from_image(*image);
    ASSERT_TRUE(late) << late.error().message;
    late_ = std::move(*late);
    EXPECT_EQ(late_->digest(), store_->state().digest());
  }

  // The process dies, with all that it has not committed; or the power goes, with all that was not
  // flushed. All that the log has flushed is there again.
  void crash() {
    const Index head = store_->log().head().index;
    disk.crash({.loss = sql_.pick(2) == 0 ? Loss::kNothing : Loss::kUnflushed});
    store_.reset();
    more_log_slots();
    store_ = open();
    ASSERT_TRUE(store_);
    ++counts_.crashes;
    counts_.replayed += head.value - store_->recovery().replayed_from.value;
    EXPECT_FALSE(store_->recovery().rebuilt) << *store_->recovery().rebuilt;
    EXPECT_EQ(store_->state().applied(), head);
    EXPECT_EQ(to_hex(store_->state().digest().bytes), to_hex(digests_[head].bytes));
    expect_sound_digest(store_->state(), "after a crash");
  }

  void compare_all() {
    const auto replayed = StateDatabase::in_memory();
    ASSERT_TRUE(replayed);
    (*replayed)->set_store(store_->log().head().store);
    const auto done = storage::replay(store_->log(), **replayed, store_->log().head().index);
    ASSERT_TRUE(done) << done.error().message;
    const auto tables = store_->state().table_digests();
    ASSERT_TRUE(tables);
    for (StateDatabase* each : {replayed->get(), late_.get()}) {
      EXPECT_EQ(each->applied(), store_->state().applied());
      EXPECT_EQ(each->table_digests(), tables);
      EXPECT_EQ(each->running_table_digests(), tables);
      EXPECT_EQ(searched(*each), searched(store_->state()));
    }
  }

  std::uint64_t seed_;
  Counts& counts_;
  RandomSql sql_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StateDatabase> late_;
  std::map<Index, Digest> digests_;
  std::uint32_t version_{1};
  int late_from_{}, migrates_at_{};
  std::int64_t time_{};
};

TEST(DigestPropertyTest, IsTheRowsAndTheSameInLeaderLateReplicaReplayAndAfterCrashes) {
  const char* only = std::getenv("TABLOG_WORKLOAD");
  const bool full = std::getenv("TABLOG_FULL") != nullptr;
  const std::uint64_t first = only != nullptr ? std::strtoull(only, nullptr, 10) : 0;
  const std::uint64_t count = only != nullptr ? 1 : full ? kWorkloadsFull : kWorkloadsSample;
  Counts counts;
  for (std::uint64_t seed = first; seed < first + count && !HasFailure(); ++seed) {
    SCOPED_TRACE("rerun: TABLOG_WORKLOAD=" + std::to_string(seed));
    Life(seed, counts).run();
  }
  std::cout << counts.workloads << " workloads: " << counts.entries << " entries, "
            << counts.rejected << " requests rejected; " << counts.late
            << " entries in late replicas; " << counts.crashes << " crashes, " << counts.replayed
            << " entries replayed after them\n";
  EXPECT_EQ(counts.workloads, count);
  EXPECT_GT(counts.entries, 60 * count);
}

}  // namespace
}  // namespace tablog::storage
