// The SQLite VFSes. SQLite is compiled without one: linking storage/ registers the default VFS
// "tablog", which has no named files and serves ":memory:" databases, sqlite3_deserialize and
// temporary files. A PoolVfs adds one over a Pool, under a name of its own, so that many stores
// live in one process.
//
// A PoolVfs does what the WAL needs: its index lies in the heap and the locks are counted per
// connection, so several connections of one worker can have a pool's database open, one writing
// while others read. The index is gone with the process; SQLite rebuilds it from the WAL at the
// first open.
#pragma once

#include <memory>
#include <optional>

#include "log/result.h"
#include "storage/pool.h"

namespace tablog::storage {

struct PoolVfsState;  // vfs.cc

class PoolVfs {
 public:
  // Outlived by `pool`; outlives every connection opened through it.
  explicit PoolVfs(Pool& pool);
  ~PoolVfs();
  PoolVfs(const PoolVfs&) = delete;
  PoolVfs& operator=(const PoolVfs&) = delete;

  // For sqlite3_open_v2(path, …, name()). A path is what url_pathname() takes, at most 490 bytes
  // encoded. While something in the pool is quarantined, opening a database gives SQLITE_CORRUPT.
  [[nodiscard]] const char* name() const;

  // What the pool said when SQLite was last told of an I/O error, SQLITE_FULL, SQLITE_CORRUPT or
  // SQLITE_CANTOPEN from here.
  [[nodiscard]] const std::optional<Error>& last_error() const;
  void clear_error();

 private:
  std::unique_ptr<PoolVfsState> state_;
};

}  // namespace tablog::storage
