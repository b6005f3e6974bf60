#include "storage/vfs_file.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <vector>

#include "log/size.h"
#include "storage/determinism.h"

namespace tablog::storage {
namespace {

constexpr int kSectorBytes = 4096;
constexpr std::int64_t kJulianEpochMs = 210866760000000;  // of 1970, as SQLite counts

VfsFile& file_of(sqlite3_file* file) {
  return *reinterpret_cast<OpenFile*>(file)->file;
}

int x_close(sqlite3_file* file) {
  delete reinterpret_cast<OpenFile*>(file)->file;
  return SQLITE_OK;
}

int x_read(sqlite3_file* file, void* out, int bytes, sqlite3_int64 offset) {
  return file_of(file).read(static_cast<std::uint64_t>(offset),
                            {static_cast<std::byte*>(out), static_cast<std::size_t>(bytes)});
}

int x_write(sqlite3_file* file, const void* data, int bytes, sqlite3_int64 offset) {
  return file_of(file).write(
      static_cast<std::uint64_t>(offset),
      {static_cast<const std::byte*>(data), static_cast<std::size_t>(bytes)});
}

int x_truncate(sqlite3_file* file, sqlite3_int64 bytes) {
  return file_of(file).truncate(static_cast<std::uint64_t>(bytes));
}

int x_sync(sqlite3_file* file, int) {
  return file_of(file).sync();
}

int x_file_size(sqlite3_file* file, sqlite3_int64* out) {
  std::uint64_t bytes = 0;
  const int code = file_of(file).size(bytes);
  *out = static_cast<sqlite3_int64>(bytes);
  return code;
}

int x_lock(sqlite3_file* file, int level) {
  return file_of(file).lock(level);
}
int x_unlock(sqlite3_file* file, int level) {
  return file_of(file).unlock(level);
}

int x_check_reserved_lock(sqlite3_file* file, int* out) {
  *out = file_of(file).reserved() ? 1 : 0;
  return SQLITE_OK;
}

int x_file_control(sqlite3_file* file, int operation, void* argument) {
  return file_of(file).control(operation, argument);
}

int x_sector_size(sqlite3_file*) {
  return kSectorBytes;
}

// Nothing is promised of a write that power loss cuts short. An open file is not deleted: PoolVfs
// sees to it.
int x_device_characteristics(sqlite3_file*) {
  return SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN;
}

int x_shm_map(sqlite3_file* file, int region, int bytes, int extend, volatile void** out) {
  return file_of(file).shm_map(region, bytes, extend != 0, out);
}

int x_shm_lock(sqlite3_file* file, int first, int count, int flags) {
  return file_of(file).shm_lock(first, count, flags);
}

void x_shm_barrier(sqlite3_file*) {
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

int x_shm_unmap(sqlite3_file* file, int) {
  file_of(file).shm_unmap();
  return SQLITE_OK;
}

constexpr sqlite3_io_methods kMethods{
    .iVersion = 2,
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_file_size,
    .xLock = x_lock,
    .xUnlock = x_unlock,
    .xCheckReservedLock = x_check_reserved_lock,
    .xFileControl = x_file_control,
    .xSectorSize = x_sector_size,
    .xDeviceCharacteristics = x_device_characteristics,
    .xShmMap = x_shm_map,
    .xShmLock = x_shm_lock,
    .xShmBarrier = x_shm_barrier,
    .xShmUnmap = x_shm_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int x_randomness(sqlite3_vfs*, int bytes, char* out) {
  fill_random({reinterpret_cast<std::byte*>(out), static_cast<std::size_t>(bytes)});
  return bytes;
}

// Whoever holds a lock is on this thread: sleeping would not make it let go.
int x_sleep(sqlite3_vfs*, int) {
  return 0;
}

int x_current_time_int64(sqlite3_vfs*, sqlite3_int64* out) {
  *out = kJulianEpochMs + current_time_ms();
  return SQLITE_OK;
}

int x_current_time(sqlite3_vfs* vfs, double* out) {
  sqlite3_int64 ms = 0;
  const int code = x_current_time_int64(vfs, &ms);
  *out = static_cast<double>(ms) / 86400000.0;
  return code;
}

int x_get_last_error(sqlite3_vfs*, int, char*) {
  return 0;
}

class MemoryVfsFile final : public VfsFile {
 public:
  int read(std::uint64_t offset, std::span<std::byte> out) override {
    const auto start = std::min<std::uint64_t>(offset, content_.size());
    const auto count = std::min<std::uint64_t>(out.size(), content_.size() - start);
    const auto end =
        std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(start), count, out.begin());
    std::fill(end, out.end(), std::byte{});
    return count == out.size() ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  }

  int write(std::uint64_t offset, ByteView data) override {
    if (offset + data.size() > content_.size() && truncate(offset + data.size()) != SQLITE_OK)
      return SQLITE_FULL;
    std::ranges::copy(data, content_.begin() + static_cast<std::ptrdiff_t>(offset));
    return SQLITE_OK;
  }

  int truncate(std::uint64_t bytes) override {
    try {
      content_.resize(to_size(bytes));
      return SQLITE_OK;
    } catch (const std::exception&) {  // SQLite must not be unwound
      return SQLITE_IOERR_NOMEM;
    }
  }

  int size(std::uint64_t& bytes) override {
    bytes = content_.size();
    return SQLITE_OK;
  }

 private:
  std::vector<std::byte> content_;
};

}  // namespace

void give_to_sqlite(sqlite3_file* slot, std::unique_ptr<VfsFile> file) {
  auto* const open = reinterpret_cast<OpenFile*>(slot);
  open->base.pMethods = &kMethods;
  open->file = file.release();
}

std::unique_ptr<VfsFile> memory_vfs_file() {
  return std::make_unique<MemoryVfsFile>();
}

sqlite3_vfs vfs_base(const char* name) {
  sqlite3_vfs vfs{};
  vfs.iVersion = 2;
  vfs.szOsFile = static_cast<int>(sizeof(OpenFile));
  vfs.mxPathname = kVfsPathBytesMax;
  vfs.zName = name;
  vfs.xRandomness = x_randomness;
  vfs.xSleep = x_sleep;
  vfs.xCurrentTime = x_current_time;
  vfs.xGetLastError = x_get_last_error;
  vfs.xCurrentTimeInt64 = x_current_time_int64;
  return vfs;
}

}  // namespace tablog::storage
