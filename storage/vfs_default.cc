// The default VFS: no named files. sqlite3_initialize() calls sqlite3_os_init().
#include <algorithm>
#include <string_view>

#include "storage/vfs_file.h"

namespace tablog::storage {
namespace {

int x_open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  if (name != nullptr) return SQLITE_CANTOPEN;  // never a silent fall back to memory
  give_to_sqlite(file, memory_vfs_file());
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int x_delete(sqlite3_vfs*, const char*, int) {
  return SQLITE_IOERR_DELETE_NOENT;
}

int x_access(sqlite3_vfs*, const char*, int, int* out) {
  *out = 0;
  return SQLITE_OK;
}

int x_full_pathname(sqlite3_vfs*, const char* name, int bytes, char* out) {
  const std::string_view path(name);
  if (path.size() >= static_cast<std::size_t>(bytes)) return SQLITE_CANTOPEN;
  *std::ranges::copy(path, out).out = '\0';
  return SQLITE_OK;
}

}  // namespace
}  // namespace tablog::storage

extern "C" int sqlite3_os_init(void) {
  using namespace tablog::storage;
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs made = vfs_base("tablog");
    made.xOpen = x_open;
    made.xDelete = x_delete;
    made.xAccess = x_access;
    made.xFullPathname = x_full_pathname;
    return made;
  }();
  return sqlite3_vfs_register(&vfs, 1);
}

extern "C" int sqlite3_os_end(void) {
  return SQLITE_OK;
}
