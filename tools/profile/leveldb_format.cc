#include "tools/profile/leveldb_format.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "tools/profile/cursor.h"
#include "tools/profile/snappy.h"

namespace tablog::tools {

namespace {

constexpr std::size_t kLogBlockBytes = 32768;
constexpr std::size_t kRecordHeaderBytes = 7;  // checksum, length, type
constexpr std::size_t kFooterBytes = 48;
constexpr std::size_t kBlockTrailerBytes = 5;       // compression, checksum
constexpr std::size_t kBlockBytesMax = 16U << 20U;  // decompressed; they are begun anew after 4 KiB
constexpr std::uint64_t kTableMagic = 0xdb4775248b80fb57;

// CRC-32C, reflected.
constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1U ^ ((value & 1U) != 0 ? 0x82F63B78U : 0U);
    table[i] = value;
  }
  return table;
}
constexpr auto kCrcTable = make_crc_table();

std::uint32_t extend_crc(std::uint32_t crc, std::string_view bytes) {
  for (const char byte : bytes) {
    crc = kCrcTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFFU] ^ crc >> 8U;
  }
  return crc;
}

std::unexpected<Error> malformed(const std::string& what) {
  return fail(ErrorCode::kMalformed, what);
}

// Goes on after damage, which it keeps, and ends at any other error.
class Damage {
 public:
  // False: stop.
  bool pass(const Result<void>& result) {
    if (!result && (!first_ || result.error().code != ErrorCode::kMalformed)) {
      first_ = result.error();
    }
    return result || result.error().code == ErrorCode::kMalformed;
  }
  [[nodiscard]] Result<void> result() const { return first_ ? fail(*first_) : Result<void>{}; }

 private:
  std::optional<Error> first_;
};

Result<void> read_batch(std::string_view batch, const LevelDbSink& sink) {
  Cursor cursor(batch);
  const std::uint64_t first = cursor.fixed(8);
  const std::uint64_t count = cursor.fixed(4);
  for (std::uint64_t i = 0; i < count && cursor.ok(); ++i) {
    const std::uint64_t type = cursor.fixed(1);
    LevelDbChange change{.sequence = first + i, .key = cursor.take(cursor.varint())};
    if (type == 1) {
      change.value = cursor.take(cursor.varint());
    } else if (type != 0) {
      return malformed("a write batch has a record of unknown type");
    }
    if (!cursor.ok()) break;
    if (auto taken = sink(change); !taken) return taken;
  }
  return cursor.ok() && cursor.empty() ? Result<void>{} : malformed("a write batch is cut");
}

enum RecordType : std::uint8_t { kZero, kFull, kFirst, kMiddle, kLast };

// Puts records together that were split at the ends of blocks.
class RecordReader {
 public:
  explicit RecordReader(const LevelDbSink& sink) : sink_(sink) {}

  // The fragments of one block.
  [[nodiscard]] Result<void> read(std::string_view block) {
    Cursor cursor(block);
    Damage damage;
    while (cursor.rest().size() >= kRecordHeaderBytes) {
      const std::uint64_t checksum = cursor.fixed(4);
      const std::uint64_t length = cursor.fixed(2);
      const std::string_view typed = cursor.rest().substr(0, 1 + length);
      const std::uint64_t type = cursor.fixed(1);
      if (type == kZero && length == 0) break;  // written ahead
      const std::string_view data = cursor.take(length);
      // In the last block: being written. Elsewhere a record never reaches over the end.
      if (!cursor.ok()) {
        return block.size() < kLogBlockBytes ? damage.result() : lost("a record is too long");
      }
      if (checksum != leveldb_checksum(typed)) return lost("a record's checksum does not match");
      if (!damage.pass(add(type, data))) break;
    }
    return damage.result();
  }

 private:
  std::unexpected<Error> lost(const char* what) {
    record_.reset();
    return malformed(std::string("log: ") + what);
  }

  Result<void> add(std::uint64_t type, std::string_view data) {
    switch (type) {
      case kFull:
        record_.reset();
        return read_batch(data, sink_);
      case kFirst:
        record_ = data;
        return {};
      case kMiddle:
      case kLast: {
        if (!record_) return lost("a record without a beginning");
        *record_ += data;
        if (type == kMiddle) return {};
        const std::string record = *std::exchange(record_, std::nullopt);
        return read_batch(record, sink_);
      }
      default:
        return lost("a record of unknown type");
    }
  }

  const LevelDbSink& sink_;
  std::optional<std::string> record_;  // as far as it was read
};

// ---- tables

struct BlockHandle {
  std::uint64_t offset{};
  std::uint64_t bytes{};
};

BlockHandle take_handle(Cursor& cursor) {
  BlockHandle handle;
  handle.offset = cursor.varint();
  handle.bytes = cursor.varint();
  return handle;
}

Result<std::string> read_block(std::string_view file, BlockHandle at, std::size_t& decoded_max) {
  if (at.offset > file.size() || file.size() - at.offset < kBlockTrailerBytes ||
      at.bytes > file.size() - at.offset - kBlockTrailerBytes) {
    return malformed("table: a block is outside of the file");
  }
  const std::string_view stored = file.substr(at.offset, at.bytes);
  Cursor trailer(file.substr(at.offset + at.bytes, kBlockTrailerBytes));
  const std::uint64_t compression = trailer.fixed(1);
  if (trailer.fixed(4) != leveldb_checksum(file.substr(at.offset, at.bytes + 1))) {
    return malformed("table: a block's checksum does not match");
  }
  if (compression > 1) return malformed("table: a block is compressed in an unknown way");
  auto block =
      compression == 0 ? Result<std::string>(stored) : snappy_decompress(stored, kBlockBytesMax);
  if (!block) return block;
  if (block->size() > decoded_max) {
    return fail(ErrorCode::kTooLarge, "the tables have too much in them");
  }
  decoded_max -= block->size();
  return block;
}

using EntrySink = std::function<Result<void>(std::string_view key, std::string_view value)>;

Result<void> read_entries(std::string_view block, const EntrySink& sink) {
  constexpr std::size_t kNumberBytes = 4;
  if (block.size() < kNumberBytes) return malformed("table: a block is too short");
  const std::uint64_t restarts = Cursor(block.substr(block.size() - kNumberBytes)).fixed(4);
  if (restarts > block.size() / kNumberBytes - 1) return malformed("table: a block's restarts");
  Cursor cursor(block.substr(0, block.size() - (restarts + 1) * kNumberBytes));
  std::string key;
  while (!cursor.empty()) {
    const std::uint64_t shared = cursor.varint();
    const std::uint64_t more = cursor.varint();
    const std::uint64_t value_bytes = cursor.varint();
    if (shared > key.size()) return malformed("table: a key shares what the one before has not");
    key.resize(shared);
    key += cursor.take(more);
    const std::string_view value = cursor.take(value_bytes);
    if (!cursor.ok()) return malformed("table: an entry is cut");
    if (auto taken = sink(key, value); !taken) return taken;
  }
  return {};
}

// A table's keys end with the sequence number and whether there is a value.
Result<void> take_entry(std::string_view key, std::string_view value, const LevelDbSink& sink) {
  constexpr std::size_t kTagBytes = 8;
  if (key.size() < kTagBytes) return malformed("table: a key is too short");
  const std::uint64_t tag = Cursor(key.substr(key.size() - kTagBytes)).fixed(kTagBytes);
  key.remove_suffix(kTagBytes);
  LevelDbChange change{.sequence = tag >> 8U, .key = key};
  if ((tag & 0xFFU) > 1) return malformed("table: a key of unknown type");
  if ((tag & 0xFFU) == 1) change.value = value;
  return sink(change);
}

}  // namespace

std::uint32_t leveldb_checksum(std::string_view bytes, std::string_view more) {
  const std::uint32_t crc = ~extend_crc(extend_crc(~0U, bytes), more);
  return (crc >> 15U | crc << 17U) + 0xa282ead8U;
}

Result<void> read_leveldb_log(std::string_view file, const LevelDbSink& sink) {
  RecordReader reader(sink);
  Damage damage;
  for (; !file.empty(); file.remove_prefix(std::min(file.size(), kLogBlockBytes))) {
    if (!damage.pass(reader.read(file.substr(0, kLogBlockBytes)))) break;
  }
  return damage.result();
}

Result<void> read_leveldb_table(std::string_view file, std::size_t& decoded_max,
                                const LevelDbSink& sink) {
  if (file.size() < kFooterBytes) return malformed("table: too short");
  Cursor footer(file.substr(file.size() - kFooterBytes));
  take_handle(footer);  // of what it may say about its keys
  const BlockHandle index = take_handle(footer);
  if (!footer.ok() || Cursor(file.substr(file.size() - 8)).fixed(8) != kTableMagic) {
    return malformed("table: its end does not verify");
  }
  const auto blocks = read_block(file, index, decoded_max);
  if (!blocks) return fail(blocks.error());
  Damage damage;
  const auto read = read_entries(*blocks, [&](std::string_view, std::string_view value) {
    Cursor cursor(value);
    const BlockHandle at = take_handle(cursor);
    if (!cursor.ok()) return Result<void>(malformed("table: its index"));
    const auto block = read_block(file, at, decoded_max);
    const auto taken =
        !block ? fail(block.error())
               : read_entries(*block, [&sink](std::string_view key, std::string_view entry) {
                   return take_entry(key, entry, sink);
                 });
    return damage.pass(taken) ? Result<void>{} : taken;
  });
  return read ? damage.result() : read;
}

}  // namespace tablog::tools
