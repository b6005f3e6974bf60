// Makes a log to measure the command line tool on: `tablog_make_log ENTRIES DIRECTORY` leaves a
// store's generation in DIRECTORY/g0 and the same log exported as DIRECTORY/log.tablog. Written by
// the code that a browser's leader runs, with its digests; to-do lists of six tabs, in batches of
// 1 to 64 appends.
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "log/batch.h"
#include "storage/posix_file.h"
#include "storage/profile.h"
#include "storage/store.h"

namespace tablog::bench {
namespace {

namespace fs = std::filesystem;
using storage::Store;

constexpr std::size_t kTabs = 6;
constexpr std::uint64_t kBatchMax = 64;
constexpr std::uint64_t kItems = 20'000;        // more are replaced: the state stays small
constexpr std::uint64_t kTermEntries = 50'000;  // of one leader
constexpr std::uint64_t kCheckpointEntries = 10'000;
constexpr std::int64_t kBegin = 1'795'000'000'000;  // ms

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
              .migrations = {"CREATE TABLE todo(id INTEGER PRIMARY KEY, list INTEGER NOT NULL, "
                             "title TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0)"},
              .materializers = {}};
  const auto add = [&](const char* type, const char* sql) {
    made.materializers.push_back({.type = type, .sql = sql});
  };
  add("todo.added", "INSERT OR REPLACE INTO todo(id, list, title) VALUES (:id, :list, :title)");
  add("todo.renamed", "UPDATE todo SET title = :title WHERE id = :id");
  add("todo.toggled", "UPDATE todo SET done = NOT done WHERE id = :id");
  storage::stamp_engine(made);
  return made;
}

ClientId tab(std::size_t number) {
  ClientId id;
  id.bytes.fill(std::byte{static_cast<unsigned char>(number + 1)});
  return id;
}

class Maker {
 public:
  explicit Maker(fs::path directory) : directory_(std::move(directory)) {
    storage::StoreOptions options{.fresh = {}, .generation = {}, .salt_seed = 1};
    options.fresh.bytes.fill(std::byte{7});
    store_ = must(Store::open({.log = slots("log", 4), .pool = slots("db/.opaque", 6)}, options));
    begin_term();
    write({BatchItem{.bodies = {schema()}}});
  }

  void run(std::uint64_t entries) {
    while (index() < entries) {
      if (index() / kTermEntries >= term_.value) begin_term();
      const std::uint64_t left = entries - index();
      std::vector<BatchItem> items;
      const std::uint64_t wanted = std::min(1 + random_() % kBatchMax, left);
      while (items.size() < wanted) items.push_back(next_item());
      write(items);
      if (index() - checkpoint_ >= kCheckpointEntries) {
        checkpoint_ = must(store_->checkpoint()).value;
        write({BatchItem{.bodies = {CheckpointMark{Index{checkpoint_}}}}});
      }
    }
    must(store_->checkpoint());
  }

  void export_log(const fs::path& path) {
    const auto exported = must(store_->log().begin_export());
    std::ofstream file(path, std::ios::binary);
    for (std::uint64_t at = 0; at < exported->size_bytes();) {
      const Bytes piece = must(exported->read(at, 4U << 20U));
      file.write(reinterpret_cast<const char*>(piece.data()),
                 static_cast<std::streamsize>(piece.size()));
      at += piece.size();
    }
    file.close();
    if (!file) std::exit(1);
  }

 private:
  [[nodiscard]] std::uint64_t index() const { return store_->log().head().index.value; }

  void begin_term() {
    ++term_.value;
    write({BatchItem{.bodies = {TermStart{tab(term_.value % kTabs)}}}});
  }

  BatchItem next_item() {
    const std::size_t who = random_() % kTabs;
    const std::uint64_t number = ++numbers_[who];
    const std::uint64_t what = random_() % 10;
    const std::uint64_t id = 1 + random_() % kItems;
    Event event{.type = what < 6 ? "todo.added" : what < 9 ? "todo.toggled" : "todo.renamed"};
    event.args.push_back({"id", static_cast<std::int64_t>(id)});
    if (what < 6) event.args.push_back({"list", static_cast<std::int64_t>(id % 20)});
    if (what < 6 || what == 9) {
      event.args.push_back({"title", "thing number " + std::to_string(random_() % 1'000'000) +
                                         " that has to be done before the weekend"});
    }
    return {.request = RequestStamp{.client = tab(who),
                                    .number = RequestNumber{number},
                                    .settled_through = RequestNumber{number - 1},
                                    .request_hash = random_()},
            .bodies = {event},
            .schema_version = 1};
  }

  void write(const std::vector<BatchItem>& items) {
    time_ms_ += static_cast<std::int64_t>(random_() % 400);
    must(store_->reserve(256U << 10U));
    const auto done = must(store_->state().execute(
        {.term = term_, .time_ms = time_ms_, .wall_ms = time_ms_, .seed = random_()}, items));
    std::vector<EncodedEntry> entries;
    for (const auto& item : done.items) {
      const auto& accepted = std::get<std::vector<EncodedEntry>>(item);
      entries.insert(entries.end(), accepted.begin(), accepted.end());
    }
    must(store_->log().append(entries, done.digest));
    must(store_->log().flush());
    must(store_->commit_state());
    while (store_->log_slots_wanted() > 0) store_->add_log_slot(new_slot("log"));
    while (store_->pool_slots_wanted() > 0) store_->add_pool_slot(new_slot("db/.opaque"));
  }

  storage::Slot new_slot(const std::string& folder) {
    const std::string name = "slot" + std::to_string(1000 + slots_++);
    return {name, must(storage::open_posix_file((directory_ / folder / name).string(),
                                                storage::PosixMode::kExclusive))};
  }

  std::vector<storage::Slot> slots(const std::string& folder, int count) {
    fs::create_directories(directory_ / folder);
    std::vector<storage::Slot> made;
    made.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) made.push_back(new_slot(folder));
    return made;
  }

  fs::path directory_;
  std::unique_ptr<Store> store_;
  std::mt19937_64 random_{1};
  std::vector<std::uint64_t> numbers_ = std::vector<std::uint64_t>(kTabs);
  Term term_{};
  std::int64_t time_ms_{kBegin};
  std::uint64_t checkpoint_{};
  int slots_{};
};

}  // namespace
}  // namespace tablog::bench

int main(int count, char** arguments) {
  using namespace tablog::bench;
  if (count != 3) {
    std::cerr << "usage: tablog_make_log ENTRIES DIRECTORY\n";
    return 2;
  }
  rlimit limit{};  // a slot per 4 MiB of log
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
  }
  const std::filesystem::path directory = arguments[2];
  Maker maker(directory / "g0");
  maker.run(std::strtoull(arguments[1], nullptr, 10));
  maker.export_log(directory / "log.tablog");
  return 0;
}
