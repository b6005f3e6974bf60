#include "tests/tools/leveldb_kit.h"

#include <algorithm>

#include "tools/profile/leveldb_format.h"

namespace tablog::tools {

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7U) bytes += static_cast<char>(value | 0x80U);
  return bytes + static_cast<char>(value);
}

std::string fixed(std::uint64_t value, unsigned bytes) {
  std::string text;
  for (; bytes > 0; --bytes, value >>= 8U) text += static_cast<char>(value);
  return text;
}

std::string batch_of(std::uint64_t sequence, const std::vector<TestChange>& changes) {
  std::string batch = fixed(sequence, 8) + fixed(changes.size(), 4);
  for (const TestChange& change : changes) {
    batch += change.value ? '\1' : '\0';
    batch += varint(change.key.size()) + change.key;
    if (change.value) batch += varint(change.value->size()) + *change.value;
  }
  return batch;
}

std::string leveldb_log(const std::vector<std::string>& records) {
  constexpr std::size_t kBlock = 32768;
  constexpr std::size_t kHeader = 7;
  std::string log;
  for (std::string_view rest : records) {
    bool first = true;
    bool last = false;
    while (!last) {
      const std::size_t room = kBlock - log.size() % kBlock;
      if (room < kHeader) {
        log.append(room, '\0');
        continue;
      }
      const std::string_view piece = rest.substr(0, room - kHeader);
      rest.remove_prefix(piece.size());
      last = rest.empty();
      std::string typed(1, static_cast<char>(first ? (last ? 1 : 2) : (last ? 4 : 3)));
      typed += piece;
      log += fixed(leveldb_checksum(typed), 4) + fixed(piece.size(), 2) + typed;
      first = false;
    }
  }
  return log;
}

}  // namespace tablog::tools
