// What the tests of the pool and its VFS share: a pool on a MemoryDisk, connections, rows as text.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/memory_file.h"
#include "storage/pool.h"
#include "storage/vfs.h"

namespace tablog::storage::samples {

// Makes `count` new files, as a host does that adds slots.
void make_slots(MemoryDisk& disk, int count = 6);
[[nodiscard]] std::unique_ptr<Pool> open_pool(MemoryDisk& disk);

// A connection; asserts are left to the caller: exec() and ask() tell errors as text.
class Database {
 public:
  // `vfs` null: the default one.
  explicit Database(const std::string& path, const char* vfs = nullptr,
                    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  ~Database() { close(); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  Database(Database&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
  Database& operator=(Database&&) = delete;

  void close();
  [[nodiscard]] sqlite3* raw() const { return db_; }
  int exec(const std::string& sql);         // the extended result code
  std::string ask(const std::string& sql);  // "1,x|2,y", or "error 13"
  [[nodiscard]] int code() const { return sqlite3_extended_errcode(db_); }

 private:
  sqlite3* db_ = nullptr;
};

// A pool with its VFS, as a worker has it.
struct Store {
  explicit Store(MemoryDisk& disk) : pool(open_pool(disk)), vfs(*pool) {}
  [[nodiscard]] Database open(int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {
    return Database("/state.db", vfs.name(), flags);
  }

  std::unique_ptr<Pool> pool;
  PoolVfs vfs;
};

// Open flags of the file types, as SQLite gives them.
inline constexpr std::uint32_t kMainDb = 0x106;
inline constexpr std::uint32_t kJournal = 0x806;
inline constexpr std::uint32_t kWal = 0x80006;

}  // namespace tablog::storage::samples
