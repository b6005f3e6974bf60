// What the tests write of LevelDB: logs of write batches, as a browser leaves them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tablog::tools {

struct TestChange {
  std::string key{};
  std::optional<std::string> value{};  // none: removed
};

[[nodiscard]] std::string varint(std::uint64_t value);
[[nodiscard]] std::string fixed(std::uint64_t value, unsigned bytes);

// A batch whose first change has this sequence number.
[[nodiscard]] std::string batch_of(std::uint64_t sequence, const std::vector<TestChange>& changes);
// A log of these records, split at blocks of 32 KiB.
[[nodiscard]] std::string leveldb_log(const std::vector<std::string>& records);

}  // namespace tablog::tools
