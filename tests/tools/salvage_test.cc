// What is saved of damaged logs, and that nothing else is claimed.
#include <gmock/gmock.h>

#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "log/codec.h"
#include "log/frame.h"
#include "log/segment.h"
#include "storage/import.h"
#include "storage/memory_file.h"
#include "storage/store.h"
#include "tests/tools/sample_store.h"

namespace tablog::tools {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

json verified(const std::string& path, const std::string& depth = "--deep") {
  const Ran ran = tablog({"verify", depth, path, "-o", "json"});
  EXPECT_EQ(ran.code, 0) << ran.data << ran.notes;
  return ran.code == 0 ? ran.json() : json();
}

std::string ask(const std::string& file, const std::string& sql) {
  const auto database = storage::StateDatabase::from_image(read_file(file));
  EXPECT_TRUE(database) << database.error().message;
  return database ? samples::ask(**database, sql) : "";
}

// As a browser does it: imported into a store that is not there yet, opened, and gone on with.
struct Imported {
  explicit Imported(const std::string& path) {
    const Bytes bytes = read_file(path);
    auto import = storage::LogImport::begin(bytes, bytes.size());
    EXPECT_TRUE(import) << import.error().message;
    if (!import) return;
    for (std::size_t i = 0; i < import->header().segments.size() + 3; ++i) {
      (void)disk.open("log/" + std::to_string(i));
    }
    for (int i = 0; i < 6; ++i) (void)disk.open("db/" + std::to_string(i));
    {
      auto pool = storage::Pool::open(*disk.open_slots("db/"));
      auto slots = *disk.open_slots("log/");
      std::vector<storage::File*> files;
      for (const storage::Slot& slot : slots) files.push_back(slot.file.get());
      import->open(std::move(files), **pool);
      EXPECT_TRUE(import->write(bytes));
      const auto finished = import->finish();
      EXPECT_TRUE(finished) << finished.error().message;
    }
    auto opened =
        storage::Store::open({.log = *disk.open_slots("log/"), .pool = *disk.open_slots("db/")},
                             {.fresh = {}, .generation = {}, .salt_seed = 9});
    EXPECT_TRUE(opened) << opened.error().message;
    if (opened) store = *std::move(opened);
  }

  void append(BatchItem item) {
    const storage::LogHead head = store->log().head();
    ASSERT_TRUE(store->reserve(16U << 10U));
    const auto done = store->state().execute(
        {.term = head.term, .time_ms = head.time_ms + 1, .wall_ms = 0, .seed = 3},
        std::vector<BatchItem>{std::move(item)});
    ASSERT_TRUE(done);
    ASSERT_TRUE(store->log().append(samples::entries(*done), done->digest));
    ASSERT_TRUE(store->log().flush());
    ASSERT_TRUE(store->commit_state());
  }

  storage::MemoryDisk disk;
  std::unique_ptr<storage::Store> store;
};

class SalvageTest : public testing::Test {
 protected:
  Ran salvage(const std::string& log) {
    fs::remove_all(store_.at("saved"));
    Ran ran = tablog({"salvage", log, "-o", store_.at("saved"), "--output", "json"});
    if (ran.code != 2 && ran.code != 5 && ran.code != 6) {
      EXPECT_EQ(json::parse(std::ifstream(saved("report.json"))), ran.json());
    }
    return ran;
  }
  json report(const std::string& log, int code) {
    const Ran ran = salvage(log);
    EXPECT_EQ(ran.code, code) << ran.data << ran.notes;
    return ran.json();
  }
  [[nodiscard]] std::string saved(const std::string& name) const {
    return store_.at("saved/" + name);
  }
  // Of entries.ndjson: those that are chained, or those that are not.
  [[nodiscard]] std::multiset<int> entries(bool chained) const {
    std::multiset<int> found;
    std::ifstream file(saved("entries.ndjson"));
    int before = 0;
    for (std::string line; std::getline(file, line);) {
      const json entry = json::parse(line);
      EXPECT_LE(before, entry["index"]);
      before = entry["index"];
      if (entry["chained"] == chained) found.insert(before);
    }
    return found;
  }
  // Flips a byte of an entry's body, or of its frame's header.
  void damage(int index, std::uint64_t offset_in_frame = kFrameHeaderBytes + 3) {
    const json frame =
        tablog({"get", store_.directory(), std::to_string(index), "-o", "json"}).json()["frame"];
    store_.close();
    damaged_ = {store_.slot(frame["sequence"]),
                frame["offset"].get<std::uint64_t>() + offset_in_frame};
    flip_byte(damaged_.first, damaged_.second);
  }
  // Of a compacted log: as a program that forgot the state that it begins with would write it.
  std::string export_without_base() {
    const auto log = store_.store().log().begin_export();
    EXPECT_TRUE(log);
    write_file(store_.at("compacted.tablog"), *(*log)->read(0, (*log)->size_bytes()));
    return store_.at("compacted.tablog");
  }
  void compact(Index through) {
    ASSERT_TRUE(store_.store().begin_compaction(through));
    while (*store_.store().advance_compaction([] { return true; }) ==
           storage::NextBase::Stage::kWorking) {
    }
    ASSERT_TRUE(store_.store().finish_compaction());
  }

  SampleStore store_;
  std::pair<std::string, std::uint64_t> damaged_;
};

// ---- nothing is lost

TEST_F(SalvageTest, WholeLogIsSavedWhole) {
  store_.fill(200);
  const json before = verified(store_.directory());
  for (const std::string& log :
       {store_.directory(), store_.directory() + "/log", store_.export_log()}) {
    const json told = report(log, 0);
    EXPECT_EQ(told["status"], "whole");
    EXPECT_THAT(told["missing"], IsEmpty());
    EXPECT_THAT(told["problems"], IsEmpty());
    EXPECT_EQ(told["rescued"], nullptr);
    EXPECT_EQ(told["state"]["from"], log == store_.directory() ? "state database" : "replay");
    EXPECT_EQ(told["state"]["applied"], 202);
    const json after = verified(saved("prefix.tablog"));
    for (const char* field : {"store", "last", "chain", "digest", "entries", "batches"}) {
      EXPECT_EQ(after[field], before[field]) << field;
    }
    EXPECT_THAT(entries(true), SizeIs(202));
    EXPECT_THAT(entries(false), IsEmpty());
    EXPECT_EQ(ask(saved("state.sqlite3"), "SELECT count(*) AS n FROM todo"), "n=200");
  }
}

TEST_F(SalvageTest, TableTellsAPersonTheSame) {
  store_.fill(50);
  damage(20);
  const Ran ran = tablog({"salvage", store_.directory(), "-o", store_.at("saved")});
  EXPECT_EQ(ran.code, 4);
  for (const char* words : {"damaged", "19 entries (1 to 19)", "1 entry: 20", "rescued.tablog",
                            "the store's state database", "UNREADABLE"}) {
    EXPECT_THAT(ran.data, HasSubstr(words));
  }
}

TEST_F(SalvageTest, TornTailIsNothingThatWasEverDurable) {
  store_.fill(20);
  store_.tear_tail();
  const json told = report(store_.directory(), 3);
  EXPECT_EQ(told["status"], "torn");
  EXPECT_THAT(told["missing"], IsEmpty());
  EXPECT_EQ(verified(saved("prefix.tablog"))["last"], 22);
}

TEST_F(SalvageTest, EmptyStoreHasNothingToLose) {
  const json told = report(store_.directory(), 0);
  EXPECT_EQ(told["prefix"], nullptr);
  EXPECT_EQ(told["state"], nullptr);
}

TEST_F(SalvageTest, LostSegmentHeadersLoseNoEntry) {
  store_.fill(200);
  const json before = verified(store_.directory());
  const auto segments = tablog({"segments", store_.directory(), "-o", "json"}).json().size();
  ASSERT_GT(segments, 3U);
  store_.close();
  for (std::uint64_t sequence = 1; sequence <= segments; ++sequence) {
    const std::string slot = store_.slot(sequence);
    flip_byte(slot, 70);
    EXPECT_EQ(tablog({"verify", store_.directory()}).code, 4);
    const json told = report(store_.directory(), 0);
    EXPECT_THAT(told["problems"], SizeIs(1));
    EXPECT_EQ(verified(saved("prefix.tablog"))["chain"], before["chain"]) << sequence;
    flip_byte(slot, 70);
  }
  for (std::uint64_t sequence = segments; sequence > 0; --sequence) {
    flip_byte(store_.slot(sequence), 70);
  }
  report(store_.directory(), 0);
  EXPECT_EQ(verified(saved("prefix.tablog"))["chain"], before["chain"]);
}

TEST_F(SalvageTest, DamagedStateDatabaseIsMadeAnew) {
  store_.fill(30);
  ASSERT_TRUE(store_.store().checkpoint());
  store_.close();
  for (const auto& file : fs::directory_iterator(store_.directory() + "/db/.opaque")) {
    if (fs::file_size(file) > 8192) {
      for (const std::uint64_t at : {4096 + 100, 4096 + 4096 + 50, 4096 + 2 * 4096 + 9}) {
        flip_byte(file.path().string(), at);
      }
    }
  }
  const json told = report(store_.directory(), 0);
  EXPECT_EQ(told["state"]["from"], "replay");
  EXPECT_THAT(told["problems"].dump(), HasSubstr("state database cannot be read"));
  EXPECT_EQ(ask(saved("state.sqlite3"), "SELECT count(*) AS n FROM todo"), "n=30");
}

// ---- something is lost

TEST_F(SalvageTest, EntriesBeforeAndBehindADamagedOneAreSaved) {
  store_.fill(200);
  const json before = verified(store_.directory());
  damage(10);
  const json told = report(store_.directory(), 4);
  EXPECT_EQ(told["status"], "damaged");
  EXPECT_EQ(told["missing"], json::parse(R"([{"first":10,"last":10}])"));
  EXPECT_EQ(told["prefix"]["last"], 9);
  EXPECT_EQ(verified(saved("prefix.tablog"))["last"], 9);
  EXPECT_THAT(entries(true), SizeIs(201));  // 10's commit frame vouches for what follows
  EXPECT_EQ(entries(true).count(10), 0U);
  const auto unreadable = [](const json& slot) { return slot["unreadableBytes"] > 0; };
  EXPECT_EQ(std::ranges::count_if(told["slots"], unreadable), 1);
  EXPECT_EQ(told["state"]["from"], "state database");
  EXPECT_EQ(ask(saved("state.sqlite3"), "SELECT count(*) AS n FROM todo"), "n=200");
  EXPECT_EQ(told["rescued"]["base"], 202);
  EXPECT_EQ(told["rescued"]["chain"], before["chain"]);
}

TEST_F(SalvageTest, RescuedLogIsImportedAndGoneOnWith) {
  store_.fill(200);
  const Digest digest = store_.store().state().digest();
  const auto sessions = store_.store().state().sessions();
  const Index head = store_.store().log().head().index;
  for (const int index : {10, 150, 202}) {
    damage(index);
    const json told = report(store_.directory(), 4);
    ASSERT_NE(told["rescued"], nullptr) << index;
    verified(saved("rescued.tablog"));
    Imported imported(saved("rescued.tablog"));
    ASSERT_TRUE(imported.store);
    EXPECT_EQ(imported.store->state().digest(), digest);
    EXPECT_EQ(imported.store->state().sessions(), sessions);
    EXPECT_EQ(imported.store->log().head().index, head);
    imported.append(samples::added(1'000'000 + index, "goes on"));
    EXPECT_EQ(imported.store->log().head().index, next(head));
    flip_byte(damaged_.first, damaged_.second);  // and back
  }
}

TEST_F(SalvageTest, PrefixIsImportedByABrowser) {
  store_.fill(100);
  damage(60);
  report(store_.directory(), 4);
  Imported imported(saved("prefix.tablog"));
  ASSERT_TRUE(imported.store);
  EXPECT_EQ(imported.store->log().head().index, Index{59});
  imported.append(samples::added(1'000'000, "goes on"));
}

TEST_F(SalvageTest, MissingSegmentsAreToldByTheirEntries) {
  store_.fill(200);
  const auto rows = tablog({"segments", store_.directory(), "-o", "json"}).json();
  store_.close();
  fs::remove(store_.slot(2));
  json told = report(store_.directory(), 4);
  EXPECT_EQ(told["missing"][0]["first"], rows[1]["base"]);
  EXPECT_EQ(told["missing"][0]["last"], rows[1]["last"]);
  EXPECT_THAT(told["problems"], Contains("segment 2 is missing"));
  EXPECT_EQ(told["prefix"]["last"], rows[0]["last"]);
  EXPECT_THAT(entries(true), SizeIs(202 - rows[1]["entries"].get<int>()));
  EXPECT_EQ(verified(saved("rescued.tablog"))["last"], 202);

  fs::remove(store_.slot(1));
  told = report(store_.directory(), 4);
  EXPECT_EQ(told["prefix"], nullptr);
  EXPECT_FALSE(fs::exists(saved("prefix.tablog")));
  EXPECT_EQ(told["missing"][0]["first"], 1);

  // The log alone: nobody knows how far it went, but that it did.
  fs::remove(store_.slot(rows.size()));
  told = report(store_.directory() + "/log", 4);
  EXPECT_EQ(told["state"], nullptr);
  EXPECT_EQ(told["rescued"], nullptr);
  EXPECT_THAT(told["problems"], Contains("segment " + std::to_string(rows.size()) + " is missing"));
}

TEST_F(SalvageTest, LostCommitFrameEndsThePrefixAndLosesNoEntry) {
  store_.fill(100);
  const json batch = tablog({"get", store_.directory(), "50", "-o", "json"}).json();
  store_.close();
  flip_byte(store_.slot(batch["frame"]["sequence"]),
            batch["batch"]["commitOffset"].get<std::uint64_t>() + 9);
  const json told = report(store_.directory(), 4);
  EXPECT_EQ(told["prefix"]["last"], 49);
  EXPECT_THAT(told["missing"], IsEmpty());
  EXPECT_EQ(entries(false), std::multiset<int>{50});
  EXPECT_THAT(entries(true), SizeIs(101));  // the next commit frame's chain goes through 50
}

TEST_F(SalvageTest, WithoutAPoolTheStateIsThePrefixs) {
  store_.fill(100);
  damage(60);
  const json told = report(store_.directory() + "/log", 4);
  EXPECT_EQ(told["state"]["from"], "replay");
  EXPECT_EQ(told["state"]["applied"], 59);
  EXPECT_EQ(told["rescued"], nullptr);
  EXPECT_EQ(ask(saved("state.sqlite3"), "SELECT count(*) AS n FROM todo"), "n=57");
}

// A frame whose own checksums hold, and whose batch's commit frame knows better.
TEST_F(SalvageTest, EntryThatItsCommitFrameDoesNotConfirmIsNotChained) {
  store_.fill(60);
  const auto frame =
      tablog({"get", store_.directory(), "30", "--brief", "-o", "json"}).json().at("frame");
  const std::string slot = store_.slot(frame.at("sequence").get<std::uint64_t>());
  const auto offset = frame.at("offset").get<std::uint64_t>();
  Bytes file = read_file(slot);
  const auto header = decode_segment_header(file);
  ASSERT_TRUE(header);
  Bytes body(
      file.begin() + static_cast<std::ptrdiff_t>(offset + kFrameHeaderBytes),
      file.begin() + static_cast<std::ptrdiff_t>(offset + kFrameHeaderBytes +
                                                 frame.at("bodyBytes").get<std::uint64_t>()));
  auto entry = decode_entry(body);
  ASSERT_TRUE(entry);
  ++entry->seed;
  const auto forged = encode_entry(*entry);
  ASSERT_TRUE(forged);
  ASSERT_EQ(forged->size(), body.size());
  Bytes mended;
  append_entry_frame(mended,
                     {.salt = header->salt,
                      .offset = offset,
                      .flushed_through = Index{frame.at("flushedThrough").get<std::uint64_t>()}},
                     Index{30}, *forged);
  std::ranges::copy(mended, file.begin() + static_cast<std::ptrdiff_t>(offset));
  write_file(slot, file);
  const json told = report(store_.directory(), 4);
  EXPECT_EQ(told["prefix"]["last"], 29);
  EXPECT_EQ(told["entries"]["entries"], 62);
  EXPECT_LT(told["entries"]["chained"], 62);
}

TEST_F(SalvageTest, TwoHistoriesOfOneIndexAreBothKept) {
  store_.fill(10);
  SampleStore other;
  other.fill(2);
  other.append({samples::added(77, "another third")});
  store_.close();
  fs::copy_file(other.slot(1), store_.directory() + "/log/other");
  const json told = report(store_.directory(), 0);
  EXPECT_EQ(told["entries"]["duplicates"], 3);
  EXPECT_EQ(told["entries"]["duplicated"], json::parse("[3, 4, 5]"));
  EXPECT_EQ(entries(true).count(5), 2U);
  EXPECT_EQ(entries(true).count(2), 1U);
  EXPECT_EQ(verified(saved("prefix.tablog"))["last"], 12);
}

// ---- compacted

TEST_F(SalvageTest, CompactedLogIsSavedWithItsBase) {
  store_.fill(150);
  compact(Index{80});
  const json before = verified(store_.directory());
  for (const std::string& log : {store_.directory(), store_.export_log()}) {
    const json told = report(log, 0);
    EXPECT_EQ(told["prefix"]["base"], 80);
    EXPECT_EQ(verified(saved("prefix.tablog"))["chain"], before["chain"]);
    Imported imported(saved("prefix.tablog"));
    ASSERT_TRUE(imported.store);
    EXPECT_EQ(imported.store->log().head().index, Index{152});
  }
}

TEST_F(SalvageTest, DamageBehindABaseLeavesWhatIsBefore) {
  store_.fill(150);
  compact(Index{80});
  damage(120);
  json told = report(store_.directory(), 4);
  EXPECT_EQ(told["prefix"]["last"], 119);
  verified(saved("prefix.tablog"));
  verified(saved("rescued.tablog"));
  fs::remove_all(store_.directory() + "/db");
  told = report(store_.directory(), 4);
  EXPECT_EQ(told["prefix"], nullptr);
  EXPECT_EQ(told["state"], nullptr);
  EXPECT_EQ(entries(true).count(152), 1U);
}

// ---- exports

TEST_F(SalvageTest, CutExportGivesAllThatIsBeforeTheCut) {
  store_.fill(120);
  const std::string log = store_.export_log();
  const Bytes whole = read_file(log);
  int last = 122;
  for (const std::uint64_t left :
       {whole.size() - 1, whole.size() - 100, whole.size() / 2, whole.size() / 4}) {
    resize(log, left);
    const json told = report(log, left == whole.size() - 1 ? 0 : 4);
    EXPECT_LE(told["prefix"]["last"], last);
    last = told["prefix"]["last"];
    EXPECT_EQ(verified(saved("prefix.tablog"))["last"], last);
    EXPECT_EQ(told["proven"], 122);
  }
  EXPECT_LT(last, 60);
}

TEST_F(SalvageTest, ExportWithoutItsTableIsSearchedForSegments) {
  store_.fill(120);
  const json before = verified(store_.directory());
  compact(Index{40});
  for (const std::string& log : {store_.export_log(), export_without_base()}) {
    const bool with_base = log == store_.at("notes.tablog");
    flip_byte(log, 40);
    const json told = report(log, with_base ? 0 : 4);
    EXPECT_EQ(told["entries"]["chained"], told["entries"]["entries"]);
    if (with_base) {
      EXPECT_EQ(verified(saved("prefix.tablog"))["chain"], before["chain"]);
    }
  }
}

TEST_F(SalvageTest, ExportOfLostHeadersIsFoundByItsFrames) {
  store_.fill(120);
  const std::string log = store_.export_log();
  const json before = verified(log);
  const auto rows = tablog({"segments", log, "-o", "json"}).json();
  flip_byte(log, 40);
  for (const json& row : rows) flip_byte(log, row["fileOffset"].get<std::uint64_t>() + 60);
  report(log, 0);
  EXPECT_EQ(verified(saved("prefix.tablog"))["chain"], before["chain"]);
}

TEST_F(SalvageTest, LogThatAnAppHasStoredInItsLogIsNotTakenForIt) {
  SampleStore inner;
  inner.fill(5);
  Bytes blob = read_file(inner.export_log());
  store_.fill(3);
  store_.append({samples::exec("CREATE TABLE file(a)")});
  store_.append({samples::exec("INSERT INTO file VALUES (?1)", {{.name = "1", .value = blob}})});
  store_.append({samples::added(9, "behind")});
  const std::string log = store_.export_log();
  const json before = verified(log);
  flip_byte(log, 40);
  const json told = report(log, 0);
  EXPECT_EQ(told["entries"]["duplicates"], 0);
  EXPECT_EQ(verified(saved("prefix.tablog"))["chain"], before["chain"]);
}

TEST_F(SalvageTest, OneSlotAloneIsSavedToo) {
  store_.fill(100);
  store_.close();
  report(store_.slot(1), 4);  // its seal names the one that goes on
  EXPECT_GT(verified(saved("prefix.tablog"))["last"], 10);
}

// ---- where to, and what not

TEST_F(SalvageTest, DirectoryHasToBeNewOrEmptyAndNotTheLogs) {
  store_.fill(2);
  const auto to = [&](const std::string& directory) {
    return tablog({"salvage", store_.directory(), "-o", directory}).code;
  };
  EXPECT_EQ(to(store_.at("new/one")), 0);
  EXPECT_EQ(to(store_.at("new/one")), 2);
  EXPECT_EQ(to(store_.directory() + "/log/saved"), 2);
  EXPECT_EQ(to(store_.directory()), 2);
  EXPECT_EQ(to(""), 2);
  EXPECT_EQ(to(store_.export_log()), 2);
  fs::create_directory(store_.at("empty"));
  EXPECT_EQ(to(store_.at("empty")), 0);
  EXPECT_FALSE(fs::exists(store_.directory() + "/log/saved"));
}

TEST_F(SalvageTest, WhatWasNoLogIsUsageAndMakesNoDirectory) {
  fs::create_directories(store_.at("none"));
  write_file(store_.at("none/text"), Bytes(9000, std::byte{'x'}));
  for (const char* name : {"none", "none/text"}) {
    EXPECT_EQ(salvage(store_.at(name)).code, 2) << name;
    EXPECT_FALSE(fs::exists(store_.at("saved"))) << name;
  }
  EXPECT_EQ(salvage(store_.at("absent")).code, 5);
}

// ---- whatever is broken

// What is written stands up, whatever it was made of.
void expect_sound(const Ran& ran, const std::string& saved, const std::string& where) {
  ASSERT_THAT(ran.code, AnyOf(0, 2, 3, 4, 6)) << where << ran.notes;
  if (ran.code == 2 || ran.code == 6) return;
  for (const char* name : {"prefix.tablog", "rescued.tablog"}) {
    if (!fs::exists(saved + "/" + name)) continue;
    const Ran verified = tablog({"verify", "--deep", saved + "/" + name});
    EXPECT_EQ(verified.code, 0) << where << name << verified.data << verified.notes;
  }
  if (ran.json()["missingEntries"] > 0) {
    EXPECT_EQ(ran.code, 4) << where;
  }
}

TEST_F(SalvageTest, NoDamageToSlotsMakesItFailOrLie) {
  store_.fill(60);
  compact(Index{20});
  store_.close();
  std::vector<std::pair<std::string, Bytes>> files;
  for (const auto& file : fs::recursive_directory_iterator(store_.directory())) {
    if (file.is_regular_file() && file.file_size() > 0) {
      files.emplace_back(file.path().string(), read_file(file.path().string()));
    }
  }
  std::ranges::sort(files);
  std::mt19937 random(4711);
  for (int round = 0; round < 100; ++round) {
    std::string where = "round " + std::to_string(round) + ": ";
    const auto changes = 1 + random() % 4;
    for (unsigned i = 0; i < changes; ++i) {
      const auto& [path, bytes] = files[random() % files.size()];
      Bytes changed = read_file(path);
      if (changed.empty()) continue;
      const std::size_t at = random() % std::min<std::size_t>(changed.size(), 16U << 10U);
      if (random() % 4 == 0) {
        changed.resize(at);
      } else {
        changed[at] ^= static_cast<std::byte>(1U << random() % 8);
      }
      write_file(path, changed);
      where += fs::path(path).filename().string() + "@" + std::to_string(at) + " ";
    }
    expect_sound(salvage(store_.directory()), store_.at("saved"), where);
    for (const auto& [path, bytes] : files) write_file(path, bytes);
  }
}

TEST_F(SalvageTest, NoDamageToAnExportMakesItFailOrLie) {
  store_.fill(60);
  compact(Index{20});
  const std::string log = store_.export_log();
  const Bytes whole = read_file(log);
  std::mt19937 random(8123);
  for (int round = 0; round < 100; ++round) {
    Bytes changed = whole;
    std::string where = "round " + std::to_string(round) + ": ";
    const auto flips = random() % 4;
    for (unsigned i = 0; i < flips; ++i) {
      const std::size_t at = random() % (random() % 3 == 0 ? 400 : changed.size());
      changed[at] ^= static_cast<std::byte>(1U << random() % 8);
      where += "@" + std::to_string(at) + " ";
    }
    if (random() % 2 == 0) changed.resize(random() % changed.size());
    write_file(log, changed);
    expect_sound(salvage(log), store_.at("saved"), where + std::to_string(changed.size()) + " ");
  }
}

}  // namespace
}  // namespace tablog::tools
