// What the digests cost: the same appends through one leader's store, with SQLite's preupdate hook
// and without it, in interleaved rounds. `tablog_digest_bench [ROUNDS]`; `./dev bench --digest`.
//
// In files of a temporary directory. Counted is the time on the processor: no wait for the disk, no
// messages, no browser. In an app's append the same digests are a smaller part of more. Without the
// hook the digest of all tables, which is then of nothing, is still combined for every batch; what
// that takes is measured and taken off.
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "log/batch.h"
#include "storage/posix_file.h"
#include "storage/profile.h"
#include "storage/store.h"

namespace tablog::bench {
namespace {

using storage::Store;
using Seconds = std::chrono::duration<double>;

// Of this process, on a processor: what else the machine does is not counted.
Seconds processor_time() {
  return Seconds(static_cast<double>(std::clock()) / CLOCKS_PER_SEC);
}

constexpr std::int64_t kRequests = 20'000;  // of one measurement
constexpr std::size_t kCommitBatches = 16;  // as leader::Options
constexpr std::int64_t kRowsBefore = 5000;
constexpr double kWantedShareMax = 0.15;

struct Workload {
  const char* name;
  const char* type;  // of the events
  std::size_t text_bytes;
  std::size_t per_batch;  // requests
};
constexpr Workload kWorkloads[] = {
    {"a row of 130 bytes is added, one append a batch", "added", 100, 1},
    {"a row of 130 bytes is added, 100 appends a batch", "added", 100, 100},
    {"a row of 1 KB is added, 100 appends a batch", "added", 1000, 100},
    {"a row of 130 bytes is changed, 100 appends a batch", "changed", 100, 100},
    {"a row is moved by REPLACE, 100 appends a batch", "replaced", 100, 100},
};

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  std::cerr << result.error().message << '\n';
  std::exit(1);
}
void must(const Result<void>& result) {
  if (result) return;
  std::cerr << result.error().message << '\n';
  std::exit(1);
}

Schema schema() {
  Schema made{.version = 1,
              .migrations = {"CREATE TABLE item(id INTEGER PRIMARY KEY, list INTEGER NOT NULL, "
                             "title TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0, price REAL);"
                             "CREATE INDEX item_list ON item(list)"},
              .materializers = {}};
  const auto add = [&](const char* type, const char* sql) {
    made.materializers.push_back({.type = type, .sql = sql});
  };
  add("added", "INSERT INTO item(list, title, price) VALUES (:id % 20, :title, :id / 4.0)");
  add("changed", "UPDATE item SET done = NOT done, title = :title WHERE id = :id");
  add("replaced", "REPLACE INTO item(id, list, title) VALUES (:id, :id % 7, :title)");
  storage::stamp_engine(made);
  return made;
}

// The writing connection of the store that is opened next.
sqlite3* opened = nullptr;
int on_open(sqlite3* db, const char** /*error*/, const void* /*routines*/) {
  if (opened == nullptr) opened = db;
  return SQLITE_OK;
}

std::string temporary_directory() {
  std::string name = std::filesystem::temp_directory_path() / "tablog-digest-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) std::exit(1);
  return name;
}

class Leader {
 public:
  enum class Digests { kKept, kNot };

  explicit Leader(Digests digests) {
    storage::StoreOptions options{.fresh = {}, .generation = {}, .salt_seed = 1};
    options.fresh.bytes.fill(std::byte{1});
    options.log.segment_bytes = 64U << 20U;
    opened = nullptr;
    store_ = must(Store::open({.log = slots("log", 4), .pool = slots("pool", 6)}, options));
    if (digests == Digests::kNot) sqlite3_preupdate_hook(opened, nullptr, nullptr);
    write({BatchItem{.bodies = {schema()}}});
    commit();
    run({.name = "", .type = "added", .text_bytes = 100, .per_batch = 100}, kRowsBefore);
  }

  ~Leader() {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  Leader(const Leader&) = delete;
  Leader& operator=(const Leader&) = delete;

  Seconds run(const Workload& workload, std::int64_t requests = kRequests) {
    const Seconds start = processor_time();
    std::size_t batches = 0;
    for (std::int64_t done = 0; done < requests;) {
      std::vector<BatchItem> items;
      for (std::size_t i = 0; i < workload.per_batch; ++i, ++done) items.push_back(item(workload));
      write(std::move(items));
      if (++batches % kCommitBatches == 0) commit();
    }
    commit();
    return processor_time() - start;
  }

  // Of combining all tables' digests, once a batch.
  Seconds combining(const Workload& workload) {
    const auto batches = static_cast<std::size_t>(kRequests) / workload.per_batch;
    const Seconds start = processor_time();
    for (std::size_t i = 0; i < batches; ++i) {
      if (store_->state().digest() == Digest{}) std::exit(1);
    }
    return processor_time() - start;
  }

 private:
  [[nodiscard]] std::vector<storage::Slot> slots(const std::string& name, int count) const {
    const std::string directory = directory_ + "/" + name;
    std::filesystem::create_directories(directory);
    std::vector<storage::Slot> made;
    for (int i = 0; i < count; ++i) {
      std::string file = std::to_string(i);
      auto handle =
          must(storage::open_posix_file(directory + "/" + file, storage::PosixMode::kExclusive));
      made.push_back({.name = std::move(file), .file = std::move(handle)});
    }
    return made;
  }

  BatchItem item(const Workload& workload) {
    const RequestNumber number{++requests_};
    const auto id = static_cast<std::int64_t>(number.value * 7919 % kRowsBefore) + 1;
    std::string title(workload.text_bytes, 'x');
    title.replace(0, 8, std::to_string(10'000'000 + number.value));
    BatchItem made{.bodies = {Event{.type = workload.type,
                                    .args = {{.name = "id", .value = id},
                                             {.name = "title", .value = std::move(title)}}}},
                   .schema_version = 1};
    made.request = RequestStamp{.client = {}, .number = number};
    made.request->settled_through = RequestNumber{number.value - 1};
    return made;
  }

  void write(std::vector<BatchItem> items) {
    must(store_->reserve(1U << 20U));
    const auto result = must(store_->state().execute(
        {.term = Term{1}, .time_ms = 1'700'000'000'000, .wall_ms = 1'700'000'000'000, .seed = 7},
        items));
    std::vector<EncodedEntry> entries;
    for (const auto& each : result.items) {
      const auto* made = std::get_if<std::vector<EncodedEntry>>(&each);
      if (made == nullptr) {
        std::cerr << std::get<Error>(each).message << '\n';
        std::exit(1);
      }
      entries.insert(entries.end(), made->begin(), made->end());
    }
    must(store_->log().append(entries, result.digest));
    must(store_->log().flush());
  }

  void commit() { must(store_->commit_state()); }

  std::string directory_ = temporary_directory();
  std::unique_ptr<Store> store_;
  std::uint64_t requests_{};
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

bool measure(const Workload& workload, int rounds) {
  std::vector<double> with, without, shares;
  for (int round = 0; round < rounds; ++round) {
    // Who is first changes: a machine that grows warm, or slow, is so for both.
    auto kept = std::make_unique<Leader>(Leader::Digests::kKept);
    auto not_kept = std::make_unique<Leader>(Leader::Digests::kNot);
    Seconds a{}, b{};
    if (round % 2 == 0) a = kept->run(workload);
    b = not_kept->run(workload);
    if (round % 2 != 0) a = kept->run(workload);
    b -= kept->combining(workload);
    with.push_back(static_cast<double>(kRequests) / a.count());
    without.push_back(static_cast<double>(kRequests) / b.count());
    shares.push_back(1 - b.count() / a.count());
  }
  const double share = median(shares);
  std::printf("%-52s %9.0f %9.0f %7.1f %%\n", workload.name, median(with), median(without),
              100 * share);
  return share <= kWantedShareMax;
}

}  // namespace
}  // namespace tablog::bench

int main(int argc, char** argv) {
  using namespace tablog::bench;
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 7;
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(&on_open));
  std::printf("Appends per second of processor time, medians of %d rounds of %d\n", rounds,
              static_cast<int>(kRequests));
  std::printf("%-52s %9s %9s %9s\n", "", "digests", "none", "share");
  bool met = true;
  for (const Workload& workload : kWorkloads) met = measure(workload, rounds) && met;
  std::printf("wanted: at most %.0f %%: %s\n", 100 * kWantedShareMax, met ? "met" : "NOT met");
  return met ? 0 : 1;
}
