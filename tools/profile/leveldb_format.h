// LevelDB's two kinds of files, read-only: logs of write batches, and sorted tables. Layout: its
// doc/log_format.md and doc/table_format.md. Everything is checked, sizes before anything is
// allocated. Pure: bytes in, changes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "log/result.h"

namespace tablog::tools {

// The one of a key with the highest sequence number counts. The views live during the call.
struct LevelDbChange {
  std::uint64_t sequence{};
  std::string_view key{};
  std::optional<std::string_view> value{};  // none: the key is removed
};
using LevelDbSink = std::function<Result<void>(const LevelDbChange&)>;

// kMalformed: part of the file does not verify; everything else of it was given. Nothing is wrong
// with a log whose last record is cut: it is being written, or its writer was killed. An error of
// `sink` ends it.
[[nodiscard]] Result<void> read_leveldb_log(std::string_view file, const LevelDbSink& sink);

// The same. `decoded_max`, of all tables together, goes down by what blocks have in them: an index
// can name one block a thousand times.
[[nodiscard]] Result<void> read_leveldb_table(std::string_view file, std::size_t& decoded_max,
                                              const LevelDbSink& sink);

// The checksum as it is stored.
[[nodiscard]] std::uint32_t leveldb_checksum(std::string_view bytes, std::string_view more = {});

}  // namespace tablog::tools
