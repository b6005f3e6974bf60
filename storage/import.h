// Import: what comes from a file, an exported log or a SQLite database, as the files of a store.
// Nothing here is trusted: an error leaves files that are of no use, to be deleted.
#pragma once

#include <memory>
#include <vector>

#include "log/export.h"
#include "storage/file.h"
#include "storage/pool.h"

namespace tablog::storage {

// An exported log, written piece by piece to the slots that are to be the store's.
class LogImport {
 public:
  // `beginning`: of the export, with its whole header, or all of it. kInvalidArgument: it is none;
  // else as read_export_header().
  [[nodiscard]] static Result<LogImport> begin(ByteView beginning, std::uint64_t total_bytes);

  [[nodiscard]] const ExportHeader& header() const { return header_; }

  // The slots in the order of the header's segments, and more; an empty pool with a free slot.
  void open(std::vector<File*> log, Pool& pool);
  // The export's bytes from its first on, in order.
  [[nodiscard]] Result<void> write(ByteView piece);
  // kCorrupt: there were fewer, or the base is not a state. All is flushed. What the segments hold
  // is verified by whoever opens the store.
  [[nodiscard]] Result<void> finish();

 private:
  explicit LogImport(ExportHeader header);
  struct Part {
    std::uint64_t begin{};
    std::uint64_t bytes{};
    File* file{};  // none: the header, which is known already, and the footer
  };

  ExportHeader header_;
  std::vector<Part> parts_;
  Pool* pool_{};
  std::uint64_t written_{};
  Bytes footer_;
};

// What a database is to be the beginning of.
struct DatabaseImport {
  StoreId store{};
  Generation generation{};
  std::int64_t time_ms{};
  std::uint64_t salt{};
  Schema schema{};  // that its tables are of
};

// The database at `path` of the pool becomes the base of a new store: its first entry, which the
// log in `log` begins behind, is the schema. kInvalidArgument: what no store can hold (another
// encoding than UTF-8). kCorrupt: it is damaged, or no database. kRejected: the schema's events do
// not fit its tables. The tables of a store that it was exported from are left out.
[[nodiscard]] Result<void> import_database(Pool& pool, const std::string& path, File& log,
                                           const DatabaseImport& import);

}  // namespace tablog::storage
