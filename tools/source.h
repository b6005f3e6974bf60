// Source: what the tool was pointed at, opened for reading: an exported log, or files of OPFS.
// Finds the log by what files hold, not by what they are called:
//
//   notes.tablog        an export
//   notes/              a store's directory: the highest generation in it, notes/g0, notes/g1, …
//   notes/g0/           a generation: log slots in log/, the state database's pool in db/.opaque/
//   notes/g0/log/       log slots alone
//
// or what a browser's profile has of a store (profile/profile.h).
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
  // Of a compacted log: the state that it begins with, a SQLite file of `base_bytes`; 0: none.
  std::uint64_t base_bytes{};
  [[nodiscard]] Result<Bytes> read_base() const;

  Index base{};                           // of a directory
  std::shared_ptr<storage::Pool> pool{};  // likewise

  // Where a segment begins within the file that the user knows: 0 but for exports.
  [[nodiscard]] std::uint64_t file_offset_of(std::uint64_t sequence) const;
};

// The files of a directory's log or pool as they are now: for a log that grows, and for what
// open_source() does not tell. kInvalidArgument: there are none, as of an export.
struct FoundSlots {
  std::string directory{};
  std::vector<storage::Slot> slots{};
};
[[nodiscard]] Result<FoundSlots> open_log_slots(const Target& target);
[[nodiscard]] Result<FoundSlots> open_pool_slots(const Target& target);

// The files of one generation where no directory holds them and nothing else: a browser's profile.
struct SourceFiles {
  std::string path{};  // what to call them
  std::vector<std::string> log{};
  std::vector<std::string> pool{};
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
// The same of a generation's files, all of which are its: without a segment the log is empty. The
// caller sets Source::target.
[[nodiscard]] Result<Source> open_files(const SourceFiles& files);

// Of a generation's directory: "g12" -> 12.
[[nodiscard]] std::optional<std::uint64_t> generation_of(const std::string& name);
// What its file `ready` holds once all of it is there (web/src/generations.ts).
[[nodiscard]] std::string ready_record(std::uint64_t generation);

}  // namespace tablog::tools
