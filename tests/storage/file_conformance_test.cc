// What every File has to do, whichever world it stands for. (OPFS runs the same list in the
// browser: tests/browser.)
#include <gmock/gmock.h>

#include <filesystem>
#include <functional>

#include "storage/file.h"
#include "storage/memory_file.h"
#ifndef __EMSCRIPTEN__  // a browser has no POSIX files
#include "storage/posix_file.h"
#endif
#include "tests/log/samples.h"

namespace tablog::storage {
namespace {

using samples::bytes;

class World {
 public:
  virtual ~World() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& name) = 0;
};

class MemoryWorld final : public World {
 public:
  Result<std::unique_ptr<File>> open(const std::string& name) override { return disk_.open(name); }

 private:
  MemoryDisk disk_;
};

#ifndef __EMSCRIPTEN__
class PosixWorld final : public World {
 public:
  PosixWorld() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tablog-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~PosixWorld() override { std::filesystem::remove_all(directory_); }
  Result<std::unique_ptr<File>> open(const std::string& name) override {
    return open_posix_file((directory_ / name).string(), PosixMode::kExclusive);
  }

 private:
  std::filesystem::path directory_;
};
#endif

struct Kind {
  const char* name;
  std::function<std::unique_ptr<World>()> make;
};

class FileConformance : public testing::TestWithParam<Kind> {
 protected:
  std::unique_ptr<World> world_ = GetParam().make();
  std::unique_ptr<File> file_ = world_->open("file").value();

  Bytes read(std::uint64_t offset, std::size_t size) {
    Bytes out(size);
    out.resize(file_->read(offset, out).value());
    return out;
  }
};

TEST_P(FileConformance, NewFileIsEmpty) {
  EXPECT_EQ(file_->size(), 0U);
  EXPECT_EQ(read(0, 10), Bytes());
  EXPECT_EQ(read(100, 10), Bytes());
}

TEST_P(FileConformance, WhatIsWrittenIsRead) {
  ASSERT_TRUE(file_->write(0, bytes("hello world")));
  EXPECT_EQ(file_->size(), 11U);
  EXPECT_EQ(read(6, 5), bytes("world"));
  ASSERT_TRUE(file_->write(6, bytes("there")));
  EXPECT_EQ(read(0, 11), bytes("hello there"));
}

TEST_P(FileConformance, ReadIsShortOnlyAtTheEnd) {
  ASSERT_TRUE(file_->write(0, bytes("hello")));
  EXPECT_EQ(read(3, 10), bytes("lo"));
  EXPECT_EQ(read(5, 10), Bytes());
}

TEST_P(FileConformance, WriteBehindTheEndLeavesZeros) {
  ASSERT_TRUE(file_->write(4, bytes("x")));
  EXPECT_EQ(read(0, 5), bytes(std::string_view("\0\0\0\0x", 5)));
}

TEST_P(FileConformance, NothingWrittenIsNothingExtended) {
  ASSERT_TRUE(file_->write(0, {}));
  EXPECT_EQ(file_->size(), 0U);
}

TEST_P(FileConformance, TruncateCutsAndExtends) {
  ASSERT_TRUE(file_->write(0, bytes("hello")));
  ASSERT_TRUE(file_->truncate(2));
  EXPECT_EQ(file_->size(), 2U);
  ASSERT_TRUE(file_->truncate(4));
  EXPECT_EQ(read(0, 10), bytes(std::string_view("he\0\0", 4)));
}

TEST_P(FileConformance, ContentOutlivesTheHandle) {
  ASSERT_TRUE(file_->write(0, bytes("hello")));
  ASSERT_TRUE(file_->flush());
  file_.reset();
  file_ = world_->open("file").value();
  EXPECT_EQ(read(0, 10), bytes("hello"));
}

TEST_P(FileConformance, HandleIsExclusive) {
  const auto second = world_->open("file");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kStorageUnavailable);
  EXPECT_TRUE(world_->open("other"));
  file_.reset();
  EXPECT_TRUE(world_->open("file"));
}

TEST_P(FileConformance, LargeWritesComeBack) {
  Bytes large(3'000'001);
  for (std::size_t i = 0; i < large.size(); ++i) {
    large[i] = static_cast<std::byte>(i * 31 >> 3);
  }
  ASSERT_TRUE(file_->write(12'345, large));
  EXPECT_EQ(read(12'345, large.size()), large);
}

std::string name_of(const testing::TestParamInfo<Kind>& test) {
  return test.param.name;
}

INSTANTIATE_TEST_SUITE_P(Memory, FileConformance,
                         testing::Values(Kind{"Disk",
                                              [] { return std::make_unique<MemoryWorld>(); }}),
                         name_of);

#ifndef __EMSCRIPTEN__
INSTANTIATE_TEST_SUITE_P(Posix, FileConformance,
                         testing::Values(Kind{"Disk",
                                              [] { return std::make_unique<PosixWorld>(); }}),
                         name_of);

TEST(PosixFileTest, ReadOnlyNeedsAFileAndTakesNoLock) {
  std::string pattern = (std::filesystem::temp_directory_path() / "tablog-XXXXXX").string();
  const std::filesystem::path directory = ::mkdtemp(pattern.data());
  const std::string path = (directory / "slot").string();
  EXPECT_EQ(open_posix_file(path, PosixMode::kReadOnly).error().code,
            ErrorCode::kStorageUnavailable);
  auto writer = open_posix_file(path, PosixMode::kExclusive).value();
  ASSERT_TRUE(writer->write(0, bytes("hello")));
  auto slots = open_posix_slots(directory.string(), PosixMode::kReadOnly).value();
  ASSERT_EQ(slots.size(), 1U);
  EXPECT_EQ(slots[0].name, "slot");
  Bytes out(5);
  EXPECT_EQ(slots[0].file->read(0, out), 5U);
  EXPECT_EQ(out, bytes("hello"));
  EXPECT_FALSE(slots[0].file->write(0, bytes("j")));
  EXPECT_FALSE(open_posix_slots((directory / "absent").string(), PosixMode::kReadOnly));
  EXPECT_FALSE(open_posix_file(directory.string(), PosixMode::kReadOnly)) << "a directory";
  std::filesystem::remove_all(directory);
}
#endif

}  // namespace
}  // namespace tablog::storage
