#include "storage/memory_file.h"

#include <gmock/gmock.h>

#include <random>
#include <set>

#include "tests/log/samples.h"

namespace tablog::storage {
namespace {

using samples::bytes;

TEST(MemoryDiskTest, KilledProcessLosesNothing) {
  MemoryDisk disk;
  const auto file = disk.open("a").value();
  ASSERT_TRUE(file->write(0, bytes("unflushed")));
  disk.crash({.loss = Loss::kNothing});
  EXPECT_EQ(disk.written("a"), bytes("unflushed"));
  EXPECT_EQ(disk.durable("a"), Bytes());
}

TEST(MemoryDiskTest, PowerLossLosesWhatWasNotFlushed) {
  MemoryDisk disk;
  const auto file = disk.open("a").value();
  ASSERT_TRUE(file->write(0, bytes("flushed")));
  ASSERT_TRUE(file->flush());
  ASSERT_TRUE(file->write(0, bytes("UN")));
  ASSERT_TRUE(file->truncate(3));
  disk.crash({.loss = Loss::kUnflushed});
  EXPECT_EQ(disk.written("a"), bytes("flushed"));
}

TEST(MemoryDiskTest, HandlesAreDeadAfterACrash) {
  MemoryDisk disk;
  auto old = disk.open("a").value();
  disk.crash({.loss = Loss::kNothing});
  const auto fresh = disk.open("a").value();
  EXPECT_EQ(old->write(0, bytes("x")).error().code, ErrorCode::kStorageUnavailable);
  EXPECT_FALSE(old->flush());
  EXPECT_FALSE(old->size());
  old.reset();
  EXPECT_FALSE(disk.open("a")) << "a dead handle gave up the lock of a living one";
  EXPECT_EQ(disk.written("a"), Bytes());
}

// Which of three sectors arrived, over many seeds.
std::set<std::string> outcomes(Loss loss) {
  std::set<std::string> seen;
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    MemoryDisk disk;
    const auto file = disk.open("a").value();
    EXPECT_TRUE(file->write(0, Bytes(3 * 512, std::byte{'-'})));
    EXPECT_TRUE(file->flush());
    EXPECT_TRUE(file->write(0, Bytes(2 * 512, std::byte{'A'})));
    EXPECT_TRUE(file->write(2 * 512, Bytes(512, std::byte{'B'})));
    disk.crash({.loss = loss, .sector_bytes = 512, .random = [&] { return random(); }});
    const Bytes content = disk.durable("a");
    std::string sectors;
    for (std::size_t at = 0; at < content.size(); at += 512) {
      EXPECT_EQ(content[at], content[at + 511]) << "half a sector";
      sectors.push_back(static_cast<char>(content[at]));
    }
    seen.insert(sectors);
  }
  return seen;
}

TEST(MemoryDiskTest, TornLossKeepsAPrefix) {
  EXPECT_THAT(outcomes(Loss::kTorn), testing::UnorderedElementsAre("---", "A--", "AA-", "AAB"));
}

TEST(MemoryDiskTest, ReorderedLossKeepsAnySubset) {
  EXPECT_THAT(
      outcomes(Loss::kReordered),
      testing::UnorderedElementsAre("---", "A--", "-A-", "AA-", "--B", "A-B", "-AB", "AAB"));
}

TEST(MemoryDiskTest, FailedFlushLosesItsWritesForLaterFlushesToo) {
  MemoryDisk disk;
  const auto file = disk.open("a").value();
  disk.set_fault_hook([](const FileCall& call) -> std::optional<FileFault> {
    return call.operation == FileOperation::kFlush ? std::optional(FileFault{}) : std::nullopt;
  });
  ASSERT_TRUE(file->write(0, bytes("lost")));
  EXPECT_FALSE(file->flush());
  disk.set_fault_hook({});
  ASSERT_TRUE(file->flush());
  EXPECT_EQ(disk.written("a"), bytes("lost"));
  EXPECT_EQ(disk.durable("a"), Bytes());
}

TEST(MemoryDiskTest, FailingWriteMayHaveWrittenAPart) {
  MemoryDisk disk;
  const auto file = disk.open("a").value();
  disk.set_fault_hook([](const FileCall& call) -> std::optional<FileFault> {
    EXPECT_EQ(call.name, "a");
    return FileFault{.bytes_done = 2};
  });
  EXPECT_EQ(file->write(0, bytes("hello")).error().code, ErrorCode::kStorageUnavailable);
  EXPECT_EQ(disk.written("a"), bytes("he"));
}

TEST(MemoryDiskTest, NewNamesMayBeLostWithTheirFlushedContent) {
  MemoryDisk disk;
  ASSERT_TRUE(disk.open("old"));
  disk.sync_names();
  const auto file = disk.open("new").value();
  ASSERT_TRUE(file->write(0, bytes("flushed")));
  ASSERT_TRUE(file->flush());
  disk.crash({.loss = Loss::kUnflushed, .names = NewNames::kLost});
  EXPECT_THAT(disk.names(), testing::ElementsAre("old"));
}

TEST(MemoryDiskTest, CopyIsADiskOfItsOwnWithWhatIsNotFlushed) {
  MemoryDisk disk;
  const auto file = disk.open("a").value();
  ASSERT_TRUE(file->write(0, bytes("flushed")));
  ASSERT_TRUE(file->flush());
  ASSERT_TRUE(file->write(0, bytes("FLU")));
  MemoryDisk copy;
  disk.copy_to(copy);
  copy.leave("a", 3, bytes("SH"));
  EXPECT_EQ(copy.written("a"), bytes("FLUSHed"));
  copy.crash({.loss = Loss::kUnflushed});
  EXPECT_EQ(copy.written("a"), bytes("flushed"));
  EXPECT_EQ(disk.written("a"), bytes("FLUshed"));
  EXPECT_TRUE(copy.open("a")) << "its handles are not those of the first";
}

TEST(MemoryDiskTest, QuotaIsOverAllFiles) {
  MemoryDisk disk;
  const auto a = disk.open("a").value();
  const auto b = disk.open("b").value();
  disk.set_quota(10);
  ASSERT_TRUE(a->write(0, bytes("123456")));
  EXPECT_EQ(b->write(0, bytes("123456")).error().code, ErrorCode::kQuotaExceeded);
  EXPECT_EQ(disk.bytes(), 10U) << "what fits was written";
  EXPECT_TRUE(a->write(0, bytes("654321"))) << "overwriting needs no space";
  EXPECT_EQ(b->truncate(100).error().code, ErrorCode::kQuotaExceeded);
  ASSERT_TRUE(a->truncate(0));
  EXPECT_TRUE(b->write(4, bytes("56789A")));
}

}  // namespace
}  // namespace tablog::storage
