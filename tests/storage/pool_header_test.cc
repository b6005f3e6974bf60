#include "storage/pool_header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

namespace tablog::storage {
namespace {

constexpr std::uint32_t kMainDb = 0x106;  // MAIN_DB | CREATE | READWRITE

PoolHeaderFields with_path(std::string_view path) {
  PoolHeaderFields fields{};
  std::memcpy(fields.data(), path.data(), path.size());
  return fields;
}

TEST(PoolHeaderTest, IsWhatTheOfficialBuildWrites) {
  const auto fields = encode_pool_header("/mydb.sqlite3", kMainDb);
  auto expected = with_path("/mydb.sqlite3");
  const std::array<std::uint8_t, 12> vector{0, 0,    1,    0x86, 0x1e, 0xf6,
                                            1, 0xae, 0x36, 0x32, 0x76, 0xa8};
  std::memcpy(expected.data() + kPoolFlagsOffset, vector.data(), vector.size());
  EXPECT_EQ(fields, expected);
}

TEST(PoolHeaderTest, IsReadBack) {
  const std::string longest = "/" + std::string(kPoolPathBytesMax - 1, 'x');
  for (const auto& path : {std::string("/a"), std::string("/state.db-wal"), longest}) {
    const auto header = decode_pool_header(encode_pool_header(path, 0x80006));
    EXPECT_EQ(header.content, SlotContent::kFile);
    EXPECT_EQ(header.pathname, path);
    EXPECT_EQ(header.flags, 0x80086U);
  }
}

TEST(PoolHeaderTest, OldHeadersWithoutADigestAreRead) {
  auto fields = with_path("/old.db");
  fields[kPoolFlagsOffset + 2] = std::byte{1};
  fields[kPoolFlagsOffset + 3] = std::byte{6};
  EXPECT_EQ(decode_pool_header(fields).content, SlotContent::kFile);
  fields[0] = std::byte{};  // a flip that looks like a free slot
  EXPECT_EQ(decode_pool_header(fields).content, SlotContent::kDamaged);
}

TEST(PoolHeaderTest, ZerosAreAFreeSlot) {
  EXPECT_EQ(decode_pool_header(PoolHeaderFields{}).content, SlotContent::kFree);
}

TEST(PoolHeaderTest, FilesThatShouldNotOutliveTheirConnectionAreTransient) {
  EXPECT_EQ(decode_pool_header(encode_pool_header("/t", 0x10E)).content, SlotContent::kTransient);
  EXPECT_EQ(decode_pool_header(encode_pool_header("/t", 0x6)).content, SlotContent::kTransient);
  EXPECT_EQ(decode_pool_header(with_path("/t")).content, SlotContent::kTransient);
}

TEST(PoolHeaderTest, EveryFlippedBitIsDamage) {
  const auto good = encode_pool_header("/mydb.sqlite3", kMainDb);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_EQ(decode_pool_header(bad).content, SlotContent::kDamaged) << "bit " << bit;
  }
}

TEST(PoolHeaderTest, AnyBytesAreFine) {
  std::mt19937 random(11);  // NOLINT(cert-msc51-cpp): a run that fails can be run again
  for (int round = 0; round < 2'000; ++round) {
    PoolHeaderFields fields{};
    std::ranges::generate(fields, [&] { return static_cast<std::byte>(random()); });
    if (round % 2 ==
        0) {  // without the digest flag and with zeros for it, so that the path is looked at
      fields[kPoolFlagsOffset + 3] &= std::byte{0x7f};
      std::ranges::fill(std::span(fields).last<8>(), std::byte{});
    }
    EXPECT_LE(decode_pool_header(fields).pathname.size(), kPoolPathFieldBytes);
  }
}

}  // namespace
}  // namespace tablog::storage
