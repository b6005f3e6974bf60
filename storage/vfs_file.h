// What all VFSes of storage/ share: an open file as a C++ object, the C tables that lead to it,
// time and randomness. Internal to storage/.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <span>

#include "log/entry.h"

namespace tablog::storage {

// One open file of SQLite's. Methods return SQLite result codes, and are what
// https://sqlite.org/c3ref/io_methods.html says of their namesakes. The defaults suit a file that
// no other connection can see.
class VfsFile {
 public:
  virtual ~VfsFile() = default;
  // Fills all of `out`, with zeros behind the end of the file; then SQLITE_IOERR_SHORT_READ.
  [[nodiscard]] virtual int read(std::uint64_t offset, std::span<std::byte> out) = 0;
  [[nodiscard]] virtual int write(std::uint64_t offset, ByteView data) = 0;
  [[nodiscard]] virtual int truncate(std::uint64_t bytes) = 0;
  [[nodiscard]] virtual int size(std::uint64_t& bytes) = 0;
  [[nodiscard]] virtual int sync() { return SQLITE_OK; }
  [[nodiscard]] virtual int lock(int /*level*/) { return SQLITE_OK; }
  [[nodiscard]] virtual int unlock(int /*level*/) { return SQLITE_OK; }
  [[nodiscard]] virtual bool reserved() { return false; }
  [[nodiscard]] virtual int control(int /*operation*/, void* /*argument*/) {
    return SQLITE_NOTFOUND;
  }
  [[nodiscard]] virtual int shm_map(int /*region*/, int /*bytes*/, bool /*extend*/,
                                    volatile void** /*out*/) {
    return SQLITE_IOERR_SHMMAP;
  }
  [[nodiscard]] virtual int shm_lock(int /*first*/, int /*count*/, int /*flags*/) {
    return SQLITE_IOERR_SHMLOCK;
  }
  virtual void shm_unmap() {}
};

// The memory that SQLite sets aside for each open file.
struct OpenFile {
  sqlite3_file base;
  VfsFile* file;  // owned; deleted by xClose
};

// Makes `slot` lead to `file`.
void give_to_sqlite(sqlite3_file* slot, std::unique_ptr<VfsFile> file);

// A file that lives in the heap until it is closed: statement journals, sorter runs.
[[nodiscard]] std::unique_ptr<VfsFile> memory_vfs_file();

// A VFS with what does not depend on its files: sizes, time, randomness, sleep.
[[nodiscard]] sqlite3_vfs vfs_base(const char* name);

inline constexpr int kVfsPathBytesMax = 512;

}  // namespace tablog::storage
