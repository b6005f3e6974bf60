#include "web/host/past.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/storage/samples.h"
#include "web/host/bytes.h"

namespace tablog::host {
namespace {

using namespace storage::samples;

struct Reply {
  std::uint32_t call{};
  bool ok{};
  Bytes payload;
};

class PastTest : public testing::Test {
 protected:
  PastTest() {
    auto batch = entries(run(*db_, {control(schema())}));
    log_.insert(log_.end(), batch.begin(), batch.end());
    for (std::int64_t id = 1; id <= 20; ++id) {
      batch = entries(run(*db_, {added(id, std::to_string(id))}));
      log_.insert(log_.end(), batch.begin(), batch.end());
    }
    EXPECT_TRUE(db_->commit());
  }

  Reply ask(const Bytes& input) {
    const Bytes outputs = past_.step(input);
    Reader all(outputs);
    Reader output(all.bytes());
    EXPECT_TRUE(all.done());
    EXPECT_EQ(output.u8(), 4);
    Reply reply{.call = output.u32(), .ok = output.u8() == 0, .payload = {}};
    constexpr std::size_t kHead = 4 + 1 + 4 + 1;
    reply.payload.assign(outputs.begin() + kHead, outputs.end());
    return reply;
  }

  // The index that it has afterwards, or nothing.
  std::optional<std::uint64_t> begin(ByteView image) {
    Writer input;
    input.u8(0);
    input.u32(++call_);
    input.bytes(image);
    return index_of(ask(input.take()));
  }
  std::optional<std::uint64_t> give(std::uint64_t from, std::uint64_t count, std::uint64_t to) {
    Writer input;
    input.u8(1);
    input.u32(++call_);
    input.u64(to);
    input.u32(static_cast<std::uint32_t>(count));
    for (std::uint64_t i = from; i < from + count; ++i) input.bytes(*log_[i - 1].bytes);
    return index_of(ask(input.take()));
  }
  Reply query(const std::string& sql) {
    Writer input;
    input.u8(2);
    input.u32(++call_);
    input.text(sql);
    input.u32(0);
    return ask(input.take());
  }
  static std::optional<std::uint64_t> index_of(const Reply& reply) {
    if (!reply.ok) return std::nullopt;
    Reader reader(reply.payload);
    return reader.u64();
  }

  std::unique_ptr<storage::StateDatabase> db_ = *storage::StateDatabase::in_memory();
  std::vector<EncodedEntry> log_;
  PastBoundary past_;
  std::uint32_t call_{};
};

TEST_F(PastTest, ComesToAnIndexFromNothingOrFromASnapshot) {
  EXPECT_EQ(begin({}), 0U);
  EXPECT_EQ(give(1, 8, 5), 5U) << "no further than asked";
  EXPECT_TRUE(query("SELECT count(*) FROM todo").ok);
  const Bytes at_5 = query("SELECT * FROM todo ORDER BY id").payload;
  EXPECT_EQ(give(6, 15, 20), 20U);
  EXPECT_NE(query("SELECT * FROM todo ORDER BY id").payload, at_5);

  auto image = db_->snapshot();
  ASSERT_TRUE(image);
  EXPECT_EQ(begin(*image), 21U);
  EXPECT_EQ(query("SELECT * FROM todo ORDER BY id").payload,
            db_->query("SELECT * FROM todo ORDER BY id", {})->encoded);
}

TEST_F(PastTest, TellsTheDigestOfEachTable) {
  EXPECT_EQ(begin({}), 0U);
  EXPECT_EQ(give(1, 21, 21), 21U);
  Writer input;
  input.u8(3);
  input.u32(9);
  const Reply reply = ask(input.take());
  ASSERT_TRUE(reply.ok);
  Reader reader(reply.payload);
  EXPECT_EQ(reader.u64(), 21U);
  storage::TablesRead seen;
  for (std::uint32_t left = reader.u32(); left > 0; --left) {
    const std::string name = reader.text();
    const auto digest = reader.id<Digest>();
    const auto expected = db_->table_digests();
    ASSERT_TRUE(expected);
    EXPECT_TRUE(std::ranges::find(*expected, std::pair(name, digest)) != expected->end()) << name;
    seen.names.insert(name);
  }
  EXPECT_TRUE(reader.done());
  EXPECT_TRUE(seen.names.contains("todo"));
}

TEST_F(PastTest, AnImageWithAFlippedByteIsRefused) {
  auto image = db_->snapshot();
  ASSERT_TRUE(image);
  const auto at = std::ranges::search(*image, std::as_bytes(std::span("20", 2)));
  ASSERT_FALSE(at.empty());
  at.front() ^= std::byte{1};
  EXPECT_EQ(begin(*image), std::nullopt);
  EXPECT_EQ(begin(ByteView(*image).first(image->size() / 2)), std::nullopt);
  EXPECT_EQ(begin({}), 0U) << "it goes on";
}

TEST_F(PastTest, AGapAndAWriteAreRefused) {
  EXPECT_EQ(begin({}), 0U);
  EXPECT_EQ(give(1, 3, 20), 3U);
  EXPECT_EQ(give(5, 3, 20), std::nullopt);
  EXPECT_EQ(give(4, 3, 20), 6U) << "what failed has left nothing";
  EXPECT_FALSE(query("DELETE FROM todo").ok);
}

TEST_F(PastTest, WhatDoesNotDecodeIsTold) {
  for (const Bytes& input : {Bytes{}, Bytes(3), Bytes(5, std::byte{9}), Bytes(9, std::byte{1})})
    EXPECT_FALSE(past_.step(input).empty());
}

}  // namespace
}  // namespace tablog::host
