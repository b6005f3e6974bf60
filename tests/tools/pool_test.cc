// Pools of SQLite files: ours, the official build's, damaged ones.
#include <gmock/gmock.h>

#include <map>

#include "storage/memory_file.h"
#include "storage/pool_header.h"
#include "storage/store.h"
#include "tests/tools/sample_store.h"

namespace tablog::tools {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

namespace fs = std::filesystem;

// The rows of a state database that was extracted, with what lies beside it, opened in a pool anew.
std::string ask(const std::string& file, const std::string& sql) {
  std::vector<storage::Slot> slots;
  storage::MemoryDisk disk;
  for (const char* suffix : {"", "-wal", "-spare"}) {
    Bytes bytes(storage::kPoolHeaderBytes);
    if (fs::exists(file + suffix)) {
      std::ranges::copy(storage::encode_pool_header(storage::kStatePath + std::string(suffix),
                                                    *suffix == '\0' ? 0x106 : 0x80006),
                        bytes.begin());
      const Bytes content = read_file(file + suffix);
      bytes.insert(bytes.end(), content.begin(), content.end());
    }
    disk.overwrite("slot" + std::string(suffix), bytes);
  }
  auto pool = storage::Pool::open(*disk.open_slots("slot"));
  EXPECT_TRUE(pool);
  const auto state = storage::StateDatabase::on_pool(**pool, storage::kStatePath);
  EXPECT_TRUE(state) << state.error().message;
  return state ? samples::ask(**state, sql) : "";
}

std::map<std::string, nlohmann::json> slots_of(const std::string& directory, int code = 0) {
  const Ran ran = tablog({"pool", "list", directory, "--output", "json"});
  EXPECT_EQ(ran.code, code) << ran.notes;
  std::map<std::string, nlohmann::json> slots;
  for (const auto& row : ran.json()) slots.emplace(row["slot"], row);
  return slots;
}

std::string slot_with(const std::string& directory, const std::string& path) {
  for (const auto& [name, row] : slots_of(directory)) {
    if (row["path"] == path) return name;
  }
  ADD_FAILURE() << "no " << path;
  return {};
}

void write_slot(const std::string& path, const storage::PoolHeaderFields& fields,
                const Bytes& content) {
  Bytes bytes(content.empty() ? fields.size() : storage::kPoolHeaderBytes);
  std::ranges::copy(fields, bytes.begin());
  bytes.insert(bytes.end(), content.begin(), content.end());
  write_file(path, bytes);
}

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

TEST(PoolTest, StoresDatabaseIsListedAndExtractedWithItsWal) {
  SampleStore store;
  store.fill(25);
  const std::string pool = store.directory() + "/db/.opaque";
  for (const std::string& directory : {pool, store.directory() + "/db", store.directory()}) {
    const auto rows = slots_of(directory);
    const auto row = rows.at(slot_with(directory, storage::kStatePath));
    EXPECT_EQ(row["state"], "file");
    EXPECT_EQ(row["digest"]["version"], 2);
    EXPECT_EQ(row["digest"]["ok"], true);
    EXPECT_THAT(row["flags"], Contains("main-db"));
    EXPECT_EQ(rows.size(), 6U);
  }
  EXPECT_THAT(tablog({"pool", "list", pool}).data, HasSubstr(storage::kStatePath));
  const Ran ran = tablog({"pool", "extract", store.directory(), storage::kStatePath, "-o",
                          store.at("out.sqlite3"), "--output", "json"});
  EXPECT_EQ(ran.code, 0) << ran.notes;
  EXPECT_EQ(ran.json().size(), 2U);  // the store is open: what is new is in the WAL
  EXPECT_TRUE(fs::exists(store.at("out.sqlite3-wal")));
  EXPECT_EQ(ask(store.at("out.sqlite3"), "SELECT count(*) AS n FROM todo"), "n=25");
}

TEST(PoolTest, OfficialPoolsAreRead) {
  const ScratchDirectory scratch;
  const std::string pool = scratch.at(".opfs-sahpool/.opaque/");
  fs::create_directories(pool);
  const Bytes content = bytes_of("SQLite format 3, and so on");
  write_slot(pool + "a1", storage::encode_pool_header("/sp%20ace.db", 0x106), content);
  write_slot(pool + "a2", {}, {});
  write_slot(pool + "a3", storage::encode_pool_header("/temp", 0x10E), {});
  storage::PoolHeaderFields old = storage::encode_pool_header("/old.db", 0x106);
  old[storage::kPoolFlagsOffset + 3] &= std::byte{0x7F};  // up to 3.49: no digest
  std::fill(old.begin() + storage::kPoolDigestOffset, old.end(), std::byte{});
  write_slot(pool + "a4", old, content);
  for (const std::string& directory : {scratch.at(""), scratch.at(".opfs-sahpool"), pool}) {
    const auto rows = slots_of(directory);
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_EQ(rows.at("a1")["path"], "/sp ace.db");
    EXPECT_EQ(rows.at("a1")["bytes"], content.size());
    EXPECT_THAT(rows.at("a1")["flags"], ElementsAre("readwrite", "create", "digest-v2", "main-db"));
    EXPECT_EQ(rows.at("a2")["state"], "free");
    EXPECT_EQ(rows.at("a2")["path"], nullptr);
    EXPECT_EQ(rows.at("a3")["state"], "transient");
    EXPECT_EQ(rows.at("a4")["digest"]["version"], 1);
  }
  for (const char* path : {"/sp ace.db", "/sp%20ace.db", "sp ace.db", "/old.db"}) {
    const std::string out = scratch.at("out");
    EXPECT_EQ(tablog({"pool", "extract", pool, path, "-o", out, "--force"}).code, 0) << path;
    EXPECT_EQ(read_file(out), content);
  }
}

TEST(PoolTest, DamagedHeadersAreToldAndTheirContentExtractedBySlot) {
  SampleStore store;
  store.fill(10);
  ASSERT_TRUE(store.store().checkpoint());
  const std::string pool = store.directory() + "/db/.opaque/";
  const std::string slot = slot_with(pool, storage::kStatePath);
  const auto wal = slot_with(pool, std::string(storage::kStatePath) + "-wal");
  store.close();
  flip_byte(pool + slot, 3);
  const auto rows = slots_of(pool, 4);
  EXPECT_EQ(rows.at(slot)["state"], "quarantined");
  EXPECT_EQ(rows.at(slot)["digest"]["ok"], false);
  EXPECT_EQ(rows.at(wal)["state"], "file");
  const Ran gone = tablog({"pool", "extract", pool, storage::kStatePath, "-o", store.at("out")});
  EXPECT_EQ(gone.code, 2);
  EXPECT_THAT(gone.notes, HasSubstr("there is no file"));
  const Ran ran = tablog({"pool", "extract", pool, "--slot", slot, "-o", store.at("out")});
  EXPECT_EQ(ran.code, 0) << ran.notes;
  EXPECT_EQ(ask(store.at("out"), "SELECT count(*) AS n FROM todo"), "n=10");
}

TEST(PoolTest, TwoSlotsOfOnePathConflictUnlessOneIsEmpty) {
  const ScratchDirectory scratch;
  const auto header = storage::encode_pool_header("/a.db", 0x106);
  write_slot(scratch.at("s1"), header, bytes_of("one"));
  write_slot(scratch.at("s2"), header, bytes_of("two"));
  const auto rows = slots_of(scratch.at(""), 4);
  EXPECT_EQ(rows.at("s1")["state"], "conflicting");
  EXPECT_EQ(rows.at("s2")["state"], "conflicting");
  EXPECT_EQ(tablog({"pool", "extract", scratch.at(""), "/a.db", "-o", scratch.at("../out")}).code,
            4);
  write_slot(scratch.at("s2"), header, {});
  EXPECT_EQ(slots_of(scratch.at("")).at("s1")["state"], "file");
}

TEST(PoolTest, NothingIsReplacedAndThePoolIsNeverWrittenTo) {
  SampleStore store;
  store.fill(1);
  const std::string pool = store.directory() + "/db/.opaque";
  const std::vector<std::string> words{"pool", "extract", pool, storage::kStatePath, "-o"};
  const auto to = [&](const std::string& file, bool force) {
    auto all = words;
    all.push_back(file);
    if (force) all.emplace_back("--force");
    return tablog(all).code;
  };
  write_file(store.at("out-wal"), bytes_of("old"));
  EXPECT_EQ(to(store.at("out"), false), 2);
  EXPECT_EQ(to(store.at("out"), true), 0);
  EXPECT_EQ(to(pool + "/new", true), 2);
  EXPECT_EQ(to(pool + "/slot1", true), 2);
  EXPECT_EQ(to(store.at("no/such"), false), 5);
  EXPECT_FALSE(fs::exists(pool + "/new"));
}

TEST(PoolTest, WhatIsNoPoolIsUsage) {
  const ScratchDirectory scratch;
  fs::create_directories(scratch.at("empty"));
  EXPECT_EQ(tablog({"pool", "list", scratch.at("empty")}).code, 2);
  EXPECT_EQ(tablog({"pool", "list", scratch.at("absent")}).code, 5);
  EXPECT_EQ(tablog({"pool", "destroy", scratch.at("empty")}).code, 2);
  EXPECT_EQ(tablog({"pool", "list"}).code, 2);
  SampleStore store;
  EXPECT_EQ(tablog({"pool", "extract", store.directory(), "-o", scratch.at("out")}).code, 2);
  EXPECT_EQ(tablog({"pool", "extract", store.directory(), "/tablog.sqlite3"}).code, 2);
  EXPECT_EQ(
      tablog({"pool", "extract", store.directory(), "--slot", "?", "-o", scratch.at("o")}).code, 2);
}

// Whatever the headers hold, every slot is told.
TEST(PoolTest, EveryFlippedByteOfAHeaderIsSurvived) {
  SampleStore store;
  store.fill(1);
  const std::string pool = store.directory() + "/db/.opaque/";
  const std::string slot = slot_with(pool, storage::kStatePath);
  store.close();
  const Bytes whole = read_file(pool + slot);
  for (std::size_t at = 0; at < storage::kPoolHeaderFieldsBytes; at += 7) {
    Bytes bytes = whole;
    bytes[at] ^= std::byte{0x41};
    write_file(pool + slot, bytes);
    EXPECT_EQ(slots_of(pool, 4).at(slot)["state"], "quarantined") << at;
  }
}

}  // namespace
}  // namespace tablog::tools
