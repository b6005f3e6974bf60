// Files from elsewhere: exported logs and databases, sound ones and others.
#include "storage/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "log/export.h"
#include "log/size.h"
#include "storage/base.h"
#include "storage/vfs.h"
#include "tests/storage/store_kit.h"

namespace tablog::storage {
namespace {

using namespace samples;
using testing::HasSubstr;

constexpr const char* kPath = "/import.sqlite3";

// The files of a store that is yet to be.
struct NewFiles {
  NewFiles() {
    for (int i = 0; i < 4; ++i) (void)disk.open("log/" + std::to_string(i));
    for (int i = 0; i < 6; ++i) (void)disk.open("db/" + std::to_string(i));
  }
  Result<std::unique_ptr<Store>> open() {
    return Store::open(
        {.log = disk.open_slots("log/").value(), .pool = disk.open_slots("db/").value()},
        {.fresh = {}, .generation = Generation{3}, .salt_seed = 5});
  }
  MemoryDisk disk;
};

// ---- exported logs

Bytes export_of(Store& store) {
  const auto log = store.log().begin_export(store.base_file());
  EXPECT_TRUE(log);
  return (*log)->read(0, (*log)->size_bytes()).value();
}

Result<void> import_log(NewFiles& files, ByteView bytes, std::size_t piece_bytes = 1000) {
  auto import =
      LogImport::begin(bytes.first(std::min<std::size_t>(bytes.size(), 5000)), bytes.size());
  if (!import) return fail(import.error());
  auto pool = Pool::open(files.disk.open_slots("db/").value());
  auto slots = files.disk.open_slots("log/").value();
  std::vector<File*> log;
  for (const Slot& slot : slots) log.push_back(slot.file.get());
  if (log.size() < import->header().segments.size())
    return fail(ErrorCode::kStorageUnavailable, "too few slots");
  import->open(std::move(log), **pool);
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
    const ByteView piece = bytes.subspan(at, std::min(piece_bytes, bytes.size() - at));
    if (auto written = import->write(piece); !written) return written;
  }
  return import->finish();
}

class LogImportTest : public testing::Test {
 protected:
  LogImportTest() : store_(kit_.open()) {
    kit_.append(*store_, {control(schema())});
    for (std::int64_t id = 1; id <= 150; ++id)
      kit_.append(*store_, {added(id, std::to_string(id) + std::string(100, 'x'))});
  }
  void compact(Index retain_from) {
    ASSERT_TRUE(
        store_->begin_compaction(store_->compactable({.retain_from = retain_from}).value()));
    ASSERT_EQ(store_->advance_compaction([] { return true; }), NextBase::Stage::kReady);
    ASSERT_TRUE(store_->finish_compaction());
  }
  void expect_same(NewFiles& files) {
    auto opened = files.open();
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ((*opened)->log().head().chain, store_->log().head().chain);
    EXPECT_EQ((*opened)->log().first(), store_->log().first());
    EXPECT_EQ((*opened)->state().digest(), store_->state().digest());
    EXPECT_EQ((*opened)->state().sessions(), store_->state().sessions());
  }
  StoreKit kit_;
  std::unique_ptr<Store> store_;
};

TEST_F(LogImportTest, GivesTheSameLogHoweverItComes) {
  const Bytes bytes = export_of(*store_);
  ASSERT_GT(store_->log().segments().size(), 1U);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{4097}, bytes.size()}) {
    NewFiles files;
    const auto imported = import_log(files, bytes, piece);
    ASSERT_TRUE(imported) << imported.error().message;
    expect_same(files);
  }
}

TEST_F(LogImportTest, ACompactedOneBringsItsBase) {
  compact(Index{100});
  NewFiles files;
  const auto imported = import_log(files, export_of(*store_));
  ASSERT_TRUE(imported) << imported.error().message;
  expect_same(files);
}

TEST_F(LogImportTest, ABaseWhoseFreeListIsWrongIsCorrupt) {
  compact(Index{100});
  Bytes bytes = export_of(*store_);
  MemorySource source(bytes);
  const auto header = read_export_header(source, bytes.size());
  ASSERT_TRUE(header);
  constexpr std::uint64_t kFreePagesAt = 36;  // of a SQLite file, four bytes, big-endian
  bytes[header->header_bytes() + kFreePagesAt + 3] ^= std::byte{1};
  NewFiles files;
  EXPECT_EQ(import_log(files, bytes).error().code, ErrorCode::kCorrupt);
}

TEST_F(LogImportTest, AnotherByteIsFoundOrMeansNothing) {
  compact(Index{100});
  const Bytes bytes = export_of(*store_);
  int found = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 97) {
    Bytes other = bytes;
    other[at] ^= std::byte{0x10};
    NewFiles files;
    if (!import_log(files, other)) {
      ++found;
      continue;
    }
    auto opened = files.open();
    if (!opened || (*opened)->log().head().chain != store_->log().head().chain) {
      ++found;
      continue;
    }
    EXPECT_EQ((*opened)->state().digest(), store_->state().digest()) << at;
  }
  EXPECT_GT(found, 100);
}

TEST_F(LogImportTest, ACutOneAndAnotherFileAreRefused) {
  const Bytes bytes = export_of(*store_);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{9}, std::size_t{200}, bytes.size() / 2, bytes.size() - 1}) {
    NewFiles files;
    EXPECT_FALSE(import_log(files, ByteView(bytes).first(size))) << size;
  }
  NewFiles files;
  const Bytes other(100'000);
  EXPECT_EQ(import_log(files, other).error().code, ErrorCode::kInvalidArgument);
}

// ---- databases

class DatabaseImportTest : public testing::Test {
 protected:
  static constexpr const char* kTables =
      "CREATE TABLE todo(id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, done INTEGER NOT NULL "
      "DEFAULT 0);"
      "CREATE TABLE note(id INTEGER PRIMARY KEY, todo INTEGER NOT NULL, body TEXT);";

  // A SQLite file made by plain SQLite, of what `sql` does.
  void make(const std::string& sql) {
    auto pool = Pool::open(files_.disk.open_slots("db/").value());
    const PoolVfs vfs(**pool);
    auto connection =
        Connection::open(kPath, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs.name());
    ASSERT_TRUE(connection);
    const auto made = run_own(connection->get(), sql.c_str());
    ASSERT_TRUE(made) << made.error().message;
  }
  Result<std::unique_ptr<Store>> import(const Schema& schema) {
    auto pool = Pool::open(files_.disk.open_slots("db/").value());
    auto log = files_.disk.open("log/0").value();
    const DatabaseImport wanted{.store = store_id(),
                                .generation = Generation{3},
                                .time_ms = 1'700'000'000'000,
                                .salt = 9,
                                .schema = schema};
    auto imported = import_database(**pool, kPath, *log, wanted);
    if (!imported) return fail(imported.error());
    pool->reset();
    log.reset();
    return files_.open();
  }
  static StoreId store_id() {
    StoreId id;
    id.bytes.fill(std::byte{9});
    return id;
  }
  NewFiles files_;
};

TEST_F(DatabaseImportTest, IsTheStateThatANewLogBeginsBehind) {
  make(std::string(kTables) + "INSERT INTO todo(id, title) VALUES (1, 'a'), (7, 'b');");
  auto store = import(schema());
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->log().first(), Index{2});
  EXPECT_EQ((*store)->log().head().index, Index{1});
  EXPECT_EQ((*store)->state().schema()->version, 1U);
  EXPECT_EQ((*store)->state().last_app_entry(), Index{});
  const BatchResult result = run((*store)->state(), {added(8, "c")});
  EXPECT_EQ(entries(result).size(), 1U);
  ASSERT_TRUE((*store)->reserve(1000));
  ASSERT_TRUE((*store)->log().append(entries(result), result.digest));
  ASSERT_TRUE((*store)->log().flush() && (*store)->commit_state());
  Store::close_without_state(std::move(*store));
  store = files_.open();
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ(ask((*store)->state(), "SELECT id, title FROM todo"),
            "id=1 title='a'|id=7 title='b'|id=8 title='c'");
  expect_sound_digest((*store)->state());
}

TEST_F(DatabaseImportTest, TakesWhatSqliteCanHave) {
  make(std::string("PRAGMA page_size=1024; PRAGMA journal_mode=WAL;") + kTables +
       "CREATE VIRTUAL TABLE f USING fts5(body); INSERT INTO f VALUES ('some words');"
       "CREATE TABLE auto(id INTEGER PRIMARY KEY AUTOINCREMENT, v, double AS (v * 2) STORED);"
       "INSERT INTO auto(id, v) VALUES (41, 2); DELETE FROM auto; INSERT INTO auto(v) VALUES (3);"
       "CREATE TABLE pairs(a, b, PRIMARY KEY (b, a)) WITHOUT ROWID; INSERT INTO pairs VALUES (1, "
       "x'00');"
       "CREATE VIEW seen AS SELECT title FROM todo;"
       "CREATE TRIGGER tr AFTER INSERT ON todo BEGIN INSERT INTO note(todo, body) VALUES (NEW.id, "
       "'t'); END; INSERT INTO todo(id, title) VALUES (1, 'a');");
  auto store = import(schema());
  ASSERT_TRUE(store) << store.error().message;
  StateDatabase& state = (*store)->state();
  EXPECT_EQ(ask(state, "SELECT body FROM f WHERE f MATCH 'words'"), "body='some words'");
  EXPECT_EQ(ask(state, "SELECT id, double FROM auto"), "id=42 double=6");
  EXPECT_EQ(ask(state, "SELECT seq FROM sqlite_sequence"), "seq=42");
  EXPECT_EQ(ask(state, "SELECT title FROM seen"), "title='a'");
  EXPECT_EQ(ask(state, "SELECT count(*) AS n FROM note"), "n=1");
  EXPECT_EQ(ask(state, "PRAGMA page_size"), "page_size=4096");
  expect_sound_digest(state);
}

TEST_F(DatabaseImportTest, AnExportedOneIsTakenWithoutItsStoresOwnTables) {
  StoreKit kit;
  auto from = kit.open();
  kit.append(*from, {control(schema()), added(1, "a")});
  {
    auto pool = Pool::open(files_.disk.open_slots("db/").value());
    ASSERT_TRUE((*create_database(**pool, kPath))->write(0, from->state().snapshot().value()));
  }
  auto store = import(schema());
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ(ask((*store)->state(), "SELECT title FROM todo"), "title='a'");
  EXPECT_TRUE((*store)->state().sessions().sessions().empty());
}

TEST_F(DatabaseImportTest, WhatNoStoreCanHaveIsRefused) {
  make(std::string("PRAGMA encoding='UTF-16';") + kTables);
  const auto imported = import(schema());
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(DatabaseImportTest, OneWithAutoVacuumIsRefusedInWords) {
  make(kTables);
  {
    auto pool = Pool::open(files_.disk.open_slots("db/").value());
    ASSERT_TRUE((*pool)->find(kPath)->write(52, Bytes(4, std::byte{1})));
  }
  const auto imported = import(schema());
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(imported.error().message, HasSubstr("auto_vacuum"));
}

TEST_F(DatabaseImportTest, NamesOfTheStoresOwnAreRefused) {
  make(std::string(kTables) + "CREATE TABLE tablog_mine(a);");
  const auto imported = import(schema());
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(DatabaseImportTest, TablesThatTheSchemasEventsDoNotFitAreRefused) {
  make("CREATE TABLE todo(id INTEGER PRIMARY KEY);");
  const auto imported = import(schema());
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code, ErrorCode::kRejected);
  EXPECT_THAT(imported.error().message, HasSubstr("note"));
}

TEST_F(DatabaseImportTest, ADamagedOneIsCorrupt) {
  make(std::string(kTables) +
       "INSERT INTO todo SELECT value, 'title ' || value, 0 FROM (WITH RECURSIVE n(value) AS "
       "(SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 500) SELECT value FROM n);");
  {
    auto pool = Pool::open(files_.disk.open_slots("db/").value());
    File& file = *(*pool)->find(kPath);
    ASSERT_GT(file.size().value(), 20'000U);
    ASSERT_TRUE(file.write(4096, Bytes(to_size(file.size().value()) - 4096, std::byte{0xAA})));
  }
  const auto imported = import(schema());
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code, ErrorCode::kCorrupt) << imported.error().message;
}

}  // namespace
}  // namespace tablog::storage
