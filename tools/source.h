// Source: what the tool was pointed at, opened for reading: an exported log, or files of OPFS.
// Finds the log by what files hold, not by what they are called:
//
//   notes.tablog        an export
//   notes/              a store's directory: the highest generation in it, notes/g0, notes/g1, …
//   notes/g0/           a generation: log slots in log/, the state database's pool in db/.opaque/
//   notes/g0/log/       log slots alone
//
// Files are opened read-only and never locked: a browser may be writing to them meanwhile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/log_reader.h"
#include "tools/state_summary.h"
#include "tools/verb.h"

namespace tablog::tools {

enum class SourceKind : std::uint8_t { kExport, kDirectory };

struct Source {
  SourceKind kind{};
  Target target{};     // to open it once more
  std::string path{};  // of the file, or of the directory whose files are read
  std::unique_ptr<storage::LogReader> log{};
  std::uint64_t bytes{};  // of all log files
  std::size_t spares{};   // slots without a segment; none in an export
  // The state database beside the log: proof of what had been flushed. None beside an export.
  std::optional<StateSummary> state{};
  std::optional<Error> state_error{};  // it is there, and cannot be read
  // Of a compacted log: the state that it begins with, a SQLite file. Empty: it has none.
  Bytes base{};

  // Where a segment begins within the file that the user knows: 0 but for exports.
  [[nodiscard]] std::uint64_t file_offset_of(std::uint64_t sequence) const;
};

// Where the files of a generation are: of a store's directory the newest, or what is named itself.
struct Directories {
  std::filesystem::path log{};
  std::optional<std::filesystem::path> pool{};  // of the state database
};

// kInvalidArgument: it holds several stores.
[[nodiscard]] Result<Directories> find_directories(const std::filesystem::path& path);

// kInvalidArgument: nothing there that is a log. kStorageUnavailable: cannot be read. kNewerFormat.
// kCorrupt: parts that make no log; damage within the frames is told by Source::log when it is
// read.
[[nodiscard]] Result<Source> open_source(const Target& target);

}  // namespace tablog::tools
