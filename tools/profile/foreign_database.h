// ForeignDatabase: a SQLite file that a browser keeps, read from a copy in memory, with its journal
// or WAL: the file itself is neither locked nor written to, and what a killed browser left half
// done is rolled back in the copy.
#pragma once

#include <memory>
#include <string>

#include "storage/pool.h"
#include "storage/sqlite.h"
#include "storage/step_limit.h"
#include "storage/vfs.h"
#include "tools/profile/origin_files.h"

namespace tablog::tools {

class ForeignDatabase {
 public:
  // kStorageUnavailable: cannot be read, or changes all the time. kTooLarge. kCorrupt.
  [[nodiscard]] static Result<std::unique_ptr<ForeignDatabase>> open(
      const std::filesystem::path& path);

  // False also for a view: its SQL could be anything.
  [[nodiscard]] bool has_table(std::string_view name);
  // `sql` asks tables of this database. kCorrupt: it does not have what is asked for.
  [[nodiscard]] Result<storage::Statement> prepare(std::string_view sql);

 private:
  explicit ForeignDatabase(std::unique_ptr<storage::Pool> pool);

  // Destroyed from the last to the first.
  std::unique_ptr<storage::Pool> pool_;
  storage::PoolVfs vfs_;
  storage::Connection connection_;
  std::unique_ptr<storage::StepLimit> limit_;
};

}  // namespace tablog::tools
