// LevelDB's files: what its own library wrote (tests/tools/leveldb, by version 1.23), what is made
// up here, and both of them damaged.
#include "tools/profile/leveldb.h"

#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <sstream>

#include "tests/tools/leveldb_kit.h"
#include "tests/tools/sample_store.h"
#include "tools/profile/cursor.h"
#include "tools/profile/leveldb_format.h"
#include "tools/profile/snappy.h"

namespace tablog::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr std::size_t kDecodedMax = 1U << 20U;

std::string golden(const std::string& name) {
  const Bytes bytes = read_file(std::string(TABLOG_SOURCE_DIR) + "/tests/tools/leveldb/" + name);
  EXPECT_FALSE(bytes.empty()) << name;
  return std::string(as_text(bytes));
}

struct Read {
  Result<void> result{};
  std::multimap<std::string, std::string> values{};
  std::size_t changes{};
};

Read read_log(std::string_view file) {
  Read read;
  read.result = read_leveldb_log(file, [&read](const LevelDbChange& change) {
    ++read.changes;
    if (change.value) read.values.emplace(change.key, *change.value);
    return Result<void>{};
  });
  return read;
}

Read read_table(std::string_view file, std::size_t decoded_max = kDecodedMax) {
  Read read;
  read.result = read_leveldb_table(file, decoded_max, [&read](const LevelDbChange& change) {
    ++read.changes;
    if (change.value) read.values.emplace(change.key, *change.value);
    return Result<void>{};
  });
  return read;
}

bool everything(std::string_view) {
  return true;
}

TEST(LevelDbTest, ReadsWhatTheLibraryWrote) {
  const ScratchDirectory scratch;
  write_text(scratch.at("000005.ldb"), golden("table"));
  write_text(scratch.at("000004.log"), golden("written"));
  const auto content = read_leveldb(scratch.path().string(), everything);
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_FALSE(content->damage);
  std::string told;
  for (const auto& [key, value] : content->values) {
    told += key + " ";
    for (const char byte : value) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      told += kDigits[static_cast<unsigned char>(byte) >> 4U];
      told += kDigits[static_cast<unsigned char>(byte) & 15U];
    }
    told += "\n";
  }
  EXPECT_EQ(told, golden("content"));
}

TEST(LevelDbTest, HighestSequenceCountsWhicheverFileItStandsIn) {
  const ScratchDirectory scratch;
  write_text(scratch.at("000009.log"), leveldb_log({batch_of(5, {{"a", "old"}, {"b", "old"}})}));
  write_text(scratch.at("000003.log"),
             leveldb_log({batch_of(7, {{"a", "new"}, {"b", std::nullopt}, {"c", "kept"}})}));
  write_text(scratch.at("LOCK"), "");
  const auto content =
      read_leveldb(scratch.path().string(), [](std::string_view key) { return key != "c"; });
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_THAT(content->values, ElementsAre(Pair("a", "new")));
}

TEST(LevelDbTest, DirectoryWithoutDatabaseIsUnavailable) {
  const ScratchDirectory scratch;
  for (const std::string& path : {scratch.path().string(), scratch.at("missing")}) {
    const auto content = read_leveldb(path, everything);
    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().code, ErrorCode::kStorageUnavailable);
  }
}

TEST(LevelDbTest, LinkIsNoPartOfIt) {
  const ScratchDirectory scratch;
  write_text(scratch.at("elsewhere"), leveldb_log({batch_of(1, {{"a", "x"}})}));
  std::filesystem::create_directory(scratch.path() / "db");
  std::filesystem::create_symlink(scratch.path() / "elsewhere", scratch.path() / "db/000003.log");
  const auto content = read_leveldb(scratch.at("db"), everything);
  ASSERT_FALSE(content);
  EXPECT_THAT(content.error().message, HasSubstr("holds no database"));
}

TEST(LevelDbLogTest, RecordsGoOnInTheNextBlock) {
  const std::string large(100'000, 'x');
  const Read read =
      read_log(leveldb_log({batch_of(1, {{"a", "1"}}), batch_of(2, {{"b", large}, {"c", "2"}})}));
  EXPECT_TRUE(read.result) << read.result.error().message;
  EXPECT_THAT(read.values, UnorderedElementsAre(Pair("a", "1"), Pair("b", large), Pair("c", "2")));
}

// Of a writer that was killed, or is at work.
TEST(LevelDbLogTest, CutTailIsNoDamageAndNothingBeforeItIsLost) {
  const std::vector<std::string> records{batch_of(1, {{"a", std::string(40'000, 'x')}}),
                                         batch_of(2, {{"b", "1"}}), batch_of(3, {{"c", "2"}})};
  const std::string log = leveldb_log(records);
  const std::size_t first = leveldb_log({records[0]}).size();
  for (std::size_t bytes = first - 30; bytes < log.size(); ++bytes) {
    const Read read = read_log(std::string_view(log).substr(0, bytes));
    ASSERT_TRUE(read.result) << bytes << ": " << read.result.error().message;
    EXPECT_EQ(read.values.contains("a"), bytes >= first) << bytes;
    EXPECT_FALSE(read.values.contains("c")) << bytes;
  }
  EXPECT_TRUE(read_log(log + std::string(5000, '\0')).result);
  EXPECT_THAT(read_log(log + std::string(5000, '\0')).values, SizeIs(3));
}

TEST(LevelDbLogTest, BlocksBehindADamagedOneAreRead) {
  const std::string large(40'000, 'x');
  std::string log = leveldb_log(
      {batch_of(1, {{"a", "1"}}), batch_of(2, {{"b", large}}), batch_of(3, {{"c", "2"}})});
  log[20'000] = '!';
  const Read read = read_log(log);
  ASSERT_FALSE(read.result);
  EXPECT_EQ(read.result.error().code, ErrorCode::kMalformed);
  EXPECT_THAT(read.values, ElementsAre(Pair("a", "1"), Pair("c", "2")));
}

// Whatever is turned over, nothing is read that was not written, and of a table all damage is told.
TEST(LevelDbDamageTest, FlippedBitsNeverMakeOtherValues) {
  const std::string log = golden("written");
  const std::string table = golden("table");
  const Read log_values = read_log(log);
  const Read table_values = read_table(table);
  ASSERT_TRUE(log_values.result);
  ASSERT_TRUE(table_values.result);
  ASSERT_GT(log_values.changes + table_values.changes, 40U);
  const auto is_part = [](const Read& part, const Read& whole) {
    return std::ranges::all_of(part.values, [&whole](const auto& pair) {
      const auto [begin, end] = whole.values.equal_range(pair.first);
      return std::any_of(begin, end, [&](const auto& other) { return other == pair; });
    });
  };
  for (std::size_t at = 0; at < log.size(); ++at) {
    std::string damaged = log;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    const Read read = read_log(damaged);
    EXPECT_TRUE(is_part(read, log_values)) << "log " << at;
    EXPECT_LT(read.changes, log_values.changes) << "log " << at;
  }
  for (std::size_t at = 0; at < table.size(); ++at) {
    std::string damaged = table;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    const Read read = read_table(damaged);
    EXPECT_TRUE(is_part(read, table_values)) << "table " << at;
    EXPECT_TRUE(!read.result || read.changes == table_values.changes) << "table " << at;
  }
}

TEST(LevelDbDamageTest, CutTableIsMalformed) {
  const std::string table = golden("table");
  for (std::size_t bytes = 0; bytes < table.size(); ++bytes) {
    const Read read = read_table(std::string_view(table).substr(0, bytes));
    ASSERT_FALSE(read.result) << bytes;
    EXPECT_EQ(read.result.error().code, ErrorCode::kMalformed);
    EXPECT_THAT(read.values, IsEmpty());
  }
}

// ---- a table made by hand

struct Made {
  std::string file{};

  // As a handle.
  std::string add(const std::string& content, char compression = 0) {
    const std::string stored = content + compression;
    std::string handle = varint(file.size()) + varint(content.size());
    file += stored + fixed(leveldb_checksum(stored), 4);
    return handle;
  }
  std::string finish(const std::string& index) {
    std::string footer = varint(0) + varint(0) + index;
    footer.resize(40);
    return file + footer + fixed(0xdb4775248b80fb57, 8);
  }
};

std::string entry_of(const std::string& key, const std::string& value) {
  return varint(0) + varint(key.size()) + varint(value.size()) + key + value;
}

const std::string kRestarts = fixed(0, 4) + fixed(1, 4);

TEST(LevelDbDamageTest, IndexThatNamesOneBlockManyTimesIsBounded) {
  Made made;
  const std::string data =
      made.add(entry_of("k" + fixed(1U << 8U | 1U, 8), std::string(10'000, 'v')) + kRestarts);
  std::string index;
  for (int i = 0; i < 1000; ++i) index += entry_of("k", data);
  const Read read = read_table(made.finish(made.add(index + kRestarts)), 1'000'000);
  ASSERT_FALSE(read.result);
  EXPECT_EQ(read.result.error().code, ErrorCode::kTooLarge);
  EXPECT_LT(read.changes, 101U);
}

TEST(LevelDbDamageTest, SizesThatLeadOutsideAreMalformed) {
  const std::string huge = varint(~std::uint64_t{0});
  const std::vector<std::string> blocks{
      varint(1) + varint(0) + varint(0) + kRestarts,   // shares with nothing
      varint(0) + huge + varint(0) + kRestarts,        // a key of 2^64 - 1 bytes
      varint(0) + varint(1) + huge + "k" + kRestarts,  // a value likewise
      entry_of("short", "v") + kRestarts,              // a key without its number
      entry_of("k" + fixed(9, 8), "v") + kRestarts,    // of unknown type
      fixed(0, 4) + fixed(0xFFFFFFFF, 4),              // restarts
      "x"};
  for (const std::string& block : blocks) {
    Made made;
    const std::string index = made.add(entry_of("k", made.add(block)) + kRestarts);
    const Read read = read_table(made.finish(index));
    ASSERT_FALSE(read.result);
    EXPECT_EQ(read.result.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(read.changes, 0U);
  }
  Made outside;
  const std::string index = outside.add(entry_of("k", huge + huge) + kRestarts);
  EXPECT_FALSE(read_table(outside.finish(index)).result);
  EXPECT_FALSE(read_table(Made{}.finish(huge + huge)).result);
  Made unknown;
  const std::string zstd = unknown.add("data", 2);
  EXPECT_THAT(read_table(unknown.finish(zstd)).result.error().message,
              HasSubstr("compressed in an unknown way"));
}

// ---- Snappy

TEST(SnappyTest, CopiesMayReachIntoWhatTheyMake) {
  // "ab", then 9 bytes from 2 back; then 4 bytes from 3 back with a long offset.
  const std::string compressed = varint(15) + std::string{1 << 2, 'a', 'b'} +
                                 std::string{(9 - 4) << 2 | 1, 2} +
                                 std::string{(4 - 1) << 2 | 3, 3, 0, 0, 0};
  EXPECT_EQ(snappy_decompress(compressed, 100), "abababababaabaa");
}

TEST(SnappyTest, LongLiteralsHaveTheirLengthBehindTheTag) {
  const std::string text(300, 'q');
  EXPECT_EQ(
      snappy_decompress(
          varint(300) + std::string(1, static_cast<char>(61 << 2)) + fixed(299, 2) + text, 300),
      text);
}

TEST(SnappyTest, WhatIsNotWholeIsMalformed) {
  const std::vector<std::string> inputs{
      "",
      varint(101) + std::string(101, 'x'),                            // more than is allowed
      varint(~std::uint64_t{0}),                                      // far more
      varint(5) + std::string{1 << 2, 'a', 'b'},                      // less than it says
      varint(1) + std::string{1 << 2, 'a', 'b'},                      // more than it says
      varint(6) + std::string{1 << 2, 'a', 'b'} + std::string{1, 3},  // from before its start
      varint(6) + std::string{1 << 2, 'a', 'b'} + std::string{1, 0},  // from nowhere
      varint(6) + std::string{1 << 2, 'a'},                           // cut
      varint(6) + std::string{static_cast<char>(63 << 2), '\xFF', '\xFF', '\xFF', '\xFF'}};
  for (const std::string& input : inputs) {
    const auto result = snappy_decompress(input, 100);
    ASSERT_FALSE(result) << testing::PrintToString(input);
    EXPECT_EQ(result.error().code, ErrorCode::kMalformed);
  }
}

}  // namespace
}  // namespace tablog::tools
