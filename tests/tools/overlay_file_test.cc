#include "tools/overlay_file.h"

#include <gmock/gmock.h>

#include <random>

#include "storage/memory_file.h"

namespace tablog::tools {
namespace {

using storage::MemoryDisk;

Bytes pattern(std::size_t bytes) {
  Bytes made(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    made[i] = static_cast<std::byte>(i * 7 + i / 251);
  }
  return made;
}

Bytes read_all(storage::File& file) {
  Bytes bytes(*file.size() + 100);
  const auto got = file.read(0, bytes);
  bytes.resize(got.value_or(0));
  return bytes;
}

TEST(OverlayFileTest, BaseIsNeverChanged) {
  MemoryDisk disk;
  disk.overwrite("f", pattern(10'000));
  OverlayFile file(*disk.open("f"));
  const Bytes data(5000, std::byte{0xEE});
  ASSERT_TRUE(file.write(3000, data));
  ASSERT_TRUE(file.truncate(6000));
  ASSERT_TRUE(file.flush());
  EXPECT_EQ(file.size(), 6000U);
  EXPECT_EQ(disk.written("f"), pattern(10'000));
}

// Against a plain vector: writes, truncations, and reads that see both.
TEST(OverlayFileTest, BehavesAsTheFileWould) {
  MemoryDisk disk;
  disk.overwrite("f", pattern(20'000));
  OverlayFile file(*disk.open("f"));
  Bytes model = pattern(20'000);
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    const std::size_t offset = random() % 30'000;
    if (random() % 4 == 0) {
      model.resize(offset);
      ASSERT_TRUE(file.truncate(offset));
    } else {
      const Bytes data(random() % 9'000, static_cast<std::byte>(round));
      if (!data.empty()) {
        model.resize(std::max(model.size(), offset + data.size()));
      }
      std::ranges::copy(data,
                        model.begin() + static_cast<std::ptrdiff_t>(data.empty() ? 0 : offset));
      ASSERT_TRUE(file.write(offset, data));
    }
    ASSERT_EQ(read_all(file), model) << "round " << round;
  }
}

}  // namespace
}  // namespace tablog::tools
