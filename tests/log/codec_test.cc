#include "log/codec.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <random>
#include <set>

#include "log/frame.h"
#include "log/payload.h"
#include "tests/log/samples.h"

namespace tablog {
namespace {

TEST(EncodeEntryTest, EveryKindOfEntryComesBackEqual) {
  for (EntryBody& body : samples::bodies()) {
    Entry entry = samples::entry(Index{7});
    entry.wall_ms = entry.time_ms - 12'345;
    entry.request = samples::stamp();
    entry.body = std::move(body);
    const Result<Bytes> bytes = encode_entry(entry);
    ASSERT_TRUE(bytes);
    const Result<Entry> back = decode_entry(*bytes);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, entry);
  }
}

TEST(EncodeEntryTest, ControlEntryHasNoRequest) {
  Entry entry = samples::entry(Index{1});
  entry.request.reset();
  entry.body = CheckpointMark{{1}};
  EXPECT_EQ(decode_entry(*encode_entry(entry)), entry);
}

TEST(EncodeEntryTest, ClocksThatShowTheEndsOfTimeComeBackEqual) {
  Entry entry = samples::entry(Index{1});
  entry.time_ms = std::numeric_limits<std::int64_t>::max();
  entry.wall_ms = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(decode_entry(*encode_entry(entry)), entry);
}

TEST(EncodeEntryTest, SameEntryGivesTheSameBytes) {
  for (const std::size_t text_bytes : {std::size_t{0}, std::size_t{900}, std::size_t{100'000}}) {
    EXPECT_EQ(*samples::encoded(Index{3}, text_bytes).bytes,
              *samples::encoded(Index{3}, text_bytes).bytes);
  }
}

// What one small event costs in the log, alone in its batch: a change here is a change of the
// format.
TEST(EncodeEntryTest, SmallEventTakes129BytesAnd296WithItsFrames) {
  const std::size_t encoded = samples::encoded(Index{123'456}).bytes->size();
  EXPECT_EQ(encoded, 129U);
  EXPECT_EQ(frame_bytes(encoded) + kCommitFrameBytes, 296U);
}

TEST(EncodeEntryTest, EntryOfManySizesComesBackEqual) {
  for (std::size_t text_bytes = 0; text_bytes < 3'000; text_bytes += 7) {
    const EncodedEntry encoded = samples::encoded(Index{1}, text_bytes);
    ASSERT_EQ(decode_entry(*encoded.bytes), encoded.entry) << text_bytes;
  }
}

TEST(EncodeEntryTest, OverTheLimitIsTooLarge) {
  Entry entry = samples::entry(Index{1});
  std::get<Event>(entry.body).args[1].value = std::string(kEntryBytesMax, 'x');
  const auto bytes = encode_entry(entry);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, ErrorCode::kTooLarge);
}

TEST(EncodeEntryTest, JustUnderTheLimitComesBackEqual) {
  Entry entry = samples::entry(Index{1});
  Bytes blob(kEntryBytesMax -
             kEntryBytesMax / 64);  // packing adds up to 1/128 to what has no zeros
  for (std::size_t i = 0; i < blob.size(); ++i) {
    blob[i] = static_cast<std::byte>(i * 7);
  }
  std::get<Event>(entry.body).args[1].value = blob;
  const auto bytes = encode_entry(entry);
  ASSERT_TRUE(bytes);
  EXPECT_LE(bytes->size(), kEntryBytesMax);
  EXPECT_EQ(decode_entry(*bytes), entry);
}

TEST(DecodeEntryTest, AnythingCutOrLongerIsMalformed) {
  const Bytes whole = *samples::encoded(Index{7}).bytes;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto entry = decode_entry(ByteView(whole).first(size));
    ASSERT_FALSE(entry) << size;
    EXPECT_EQ(entry.error().code, ErrorCode::kMalformed);
  }
  Bytes longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_EQ(decode_entry(longer).error().code, ErrorCode::kMalformed);
}

TEST(DecodeEntryTest, FewBytesThatUnpackToManyAreMalformed) {
  // A segment table that promises 2^31 words, then runs of zeros.
  const Bytes bomb = samples::bytes(std::string_view("\x30\xFF\xFF\xFF\x7F\x00\xFF\x00\xFF", 9));
  EXPECT_EQ(decode_entry(bomb).error().code, ErrorCode::kMalformed);
}

// Flips, cuts and splices: whatever comes out is a value or kMalformed, and never a crash.
template <class Decode>
void mutate(const Bytes& original, std::uint32_t seed, int rounds, Decode&& decode) {
  std::mt19937 random(seed);
  for (int round = 0; round < rounds; ++round) {
    Bytes bytes = original;
    for (std::uint32_t flips = 1 + random() % 4; flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    if (random() % 4 == 0) {
      bytes.resize(random() % (bytes.size() + 1));
    }
    decode(bytes);
  }
}

TEST(DecodeEntryTest, MutatedEntriesAreAValueOrMalformed) {
  std::uint32_t seed = 1;
  for (EntryBody& body : samples::bodies()) {
    Entry entry = samples::entry(Index{7});
    entry.body = std::move(body);
    mutate(*encode_entry(entry), seed++, 2'000, [](const Bytes& bytes) {
      const auto decoded = decode_entry(bytes);
      if (decoded) {
        static_cast<void>(encode_entry(*decoded));
      } else {
        ASSERT_EQ(decoded.error().code, ErrorCode::kMalformed);
      }
    });
  }
}

TEST(DecodeEntryTest, FewBytesThatClaimToUnpackToMuchAreMalformed) {
  // Packed: one segment of 2^20 words; nothing behind it.
  const Bytes bytes = {std::byte{0x40}, std::byte{0x10}};
  const auto entry = decode_entry(bytes);
  ASSERT_FALSE(entry.has_value());
  EXPECT_EQ(entry.error().code, ErrorCode::kMalformed);
  // Refused for its size, before it is read: in words, or in wasm by the place
  // (cmake/capnproto/faults.h).
  EXPECT_THAT(entry.error().message, testing::AnyOf(testing::HasSubstr("too large"),
                                                    testing::HasSubstr("capnp/serialize.c++:")));
}

TEST(DecodeEntryTest, ZerosUnpackFromFewBytes) {
  Entry entry = samples::entry(Index{7});
  std::get<Event>(entry.body).args[1].value = Bytes(1U << 20U);
  const auto encoded = encode(entry);
  EXPECT_LT(encoded->bytes->size(), std::size_t{1} << 14U);
  EXPECT_EQ(decode_entry(*encoded->bytes), entry);
}

// Sums of segment sizes overflow in wasm's 32 bits; these tests run there too.
TEST(DecodeEntryTest, SegmentSizesThatOverflowAreMalformed) {
  // Packed: two segments of 2^32 - 1 and 2 words, that is 1 word; then that word.
  const Bytes bytes = {std::byte{0xF1}, std::byte{0x01}, std::byte{0xFF}, std::byte{0xFF},
                       std::byte{0xFF}, std::byte{0xFF}, std::byte{0x01}, std::byte{0x02},
                       std::byte{0x01}, std::byte{0x01}};
  const auto entry = decode_entry(bytes);
  ASSERT_FALSE(entry.has_value());
  EXPECT_EQ(entry.error().code, ErrorCode::kMalformed);
}

TEST(EncodeMessageTest, EveryKindOfMessageComesBackEqual) {
  std::set<std::size_t> kinds;
  for (const Message& message : samples::messages()) {
    const Result<Message> back = decode_message(encode_message(message));
    ASSERT_TRUE(back) << message.body.index() << ": " << back.error().message;
    EXPECT_EQ(*back, message) << message.body.index();
    kinds.insert(message.body.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<MessageBody>) << "a kind has no sample";
}

TEST(DecodeMessageTest, MessageAtAnOddAddressDecodes) {
  const Message message = samples::messages().front();
  const Bytes bytes = encode_message(message);
  Bytes shifted(bytes.size() + 1);
  std::ranges::copy(bytes, shifted.begin() + 1);
  EXPECT_EQ(decode_message(ByteView(shifted).subspan(1)), message);
}

TEST(DecodeMessageTest, AnythingCutOrLongerIsMalformed) {
  for (const Message& message : samples::messages()) {
    Bytes bytes = encode_message(message);
    bytes.resize(bytes.size() + 8);
    ASSERT_EQ(decode_message(bytes).error().code, ErrorCode::kMalformed);
    for (std::size_t size = 0; size < bytes.size() - 8; size += 8) {
      ASSERT_FALSE(decode_message(ByteView(bytes).first(size))) << message.body.index();
    }
  }
}

TEST(DecodeMessageTest, OverTheLimitIsMalformed) {
  const Bytes huge(kMessageBytesMax + 8);
  EXPECT_EQ(decode_message(huge).error().code, ErrorCode::kMalformed);
}

TEST(DecodeMessageTest, MutatedMessagesAreAValueOrMalformed) {
  std::uint32_t seed = 1;
  for (const Message& message : samples::messages()) {
    mutate(encode_message(message), seed++, 1'000, [](const Bytes& bytes) {
      const auto decoded = decode_message(bytes);
      if (decoded) {
        static_cast<void>(encode_message(*decoded));
      } else {
        ASSERT_EQ(decoded.error().code, ErrorCode::kMalformed);
      }
    });
  }
}

TEST(DecodeMessageTest, SegmentSizesThatOverflowAreMalformed) {
  const auto bytes_of = [](std::initializer_list<std::uint32_t> fields) {
    Bytes bytes(fields.size() * sizeof(std::uint32_t));
    std::memcpy(bytes.data(), fields.begin(), bytes.size());
    return bytes;
  };
  constexpr std::uint32_t kHuge = 0xFFFF'FFFF;
  for (const Bytes& bytes :
       {bytes_of({0, kHuge}), bytes_of({0, kHuge, 0, 0}), bytes_of({1, kHuge, 1, 0, 0, 0}),
        bytes_of({kHuge, 0, 0, 0}), bytes_of({0, 0}), Bytes{}}) {
    const auto message = decode_message(bytes);
    ASSERT_FALSE(message.has_value()) << bytes.size();
    EXPECT_EQ(message.error().code, ErrorCode::kMalformed);
  }
}

// Leaders and replicas bound what they put into one message by it.
TEST(PayloadBytesTest, AreNoLessThanWhatAMessageTakes) {
  const auto encoded_bytes = [](const Payload& payload) {
    const AppendRequests body{.client = {}, .requests = {{.payload = payload}}};
    return encode_message({.store = {}, .term = {}, .from = {}, .body = body}).size();
  };
  const std::size_t envelope = encoded_bytes(Void{});
  for (const std::size_t length : {0U, 1U, 7U, 8U, 15U}) {
    const std::string text(length, 'x');
    for (const Value& value : {Value{}, Value{std::int64_t{1}}, Value{0.5}, Value{text}}) {
      const Event event{.type = text, .args = std::vector<Argument>(100, {text, value})};
      const Payload events = std::vector<Event>(3, event);
      EXPECT_LE(encoded_bytes(events) - envelope, payload_bytes(events)) << length;
      const Payload exec = Exec{.sql = text, .params = event.args};
      EXPECT_LE(encoded_bytes(exec) - envelope, payload_bytes(exec)) << length;
    }
  }
}

TEST(EncodeMessageTest, AnErrorsWordsAreCutBetweenTwoCharacters) {
  std::string words = "x";
  while (words.size() < 1'000'000) words += "ü";
  const Message message{
      .store = {}, .term = {}, .from = {}, .body = LeaderFailed{{ErrorCode::kRejected, words}}};
  const auto back = decode_message(encode_message(message));
  ASSERT_TRUE(back);
  const std::string& cut = std::get<LeaderFailed>(back->body).error.message;
  EXPECT_LE(cut.size(), kErrorMessageBytesMax);
  EXPECT_GT(cut.size(), kErrorMessageBytesMax - 8);
  EXPECT_TRUE(cut.ends_with("ü …"));
}

TEST(HashPayloadTest, OtherWordsGiveAnotherHash) {
  const Payload payload = std::vector<Event>{samples::event()};
  Event changed = samples::event();
  changed.args[1].value = std::int64_t{0};
  EXPECT_EQ(hash_payload(payload), hash_payload(std::vector<Event>{samples::event()}));
  EXPECT_NE(hash_payload(payload), hash_payload(std::vector<Event>{changed}));
  EXPECT_NE(hash_payload(payload), hash_payload(Payload{Void{}}));
}

TEST(HashPayloadTest, ChangesOfAnExecAreNotPartOfIt) {
  Exec sequenced = samples::exec();
  sequenced.changes = 3;
  EXPECT_EQ(hash_payload(Payload{samples::exec()}), hash_payload(Payload{sequenced}));
}

TEST(HashSchemaTest, SaysWhatASchemaMeansAndNotWhichEngineRunsIt) {
  Schema other = samples::schema();
  other.engine = "3.99.0";
  EXPECT_EQ(hash_schema(samples::schema()), hash_schema(other));
  other.materializers[0].sql += " ";
  EXPECT_NE(hash_schema(samples::schema()), hash_schema(other));
}

}  // namespace
}  // namespace tablog
