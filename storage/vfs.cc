#include "storage/vfs.h"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <map>
#include <string>

#include "storage/url_path.h"
#include "storage/vfs_file.h"
#include "storage/vfs_locks.h"

namespace tablog::storage {
namespace {

constexpr int kPersistentTypes =
    SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;

// So that the name of a database's journal, WAL or super-journal ("-mj" and 10 digits) fits as
// well.
constexpr std::size_t kDatabasePathBytesMax = kPoolPathBytesMax - 20;
static_assert(kPoolPathBytesMax < kVfsPathBytesMax);

std::string next_name() {
  static unsigned count = 0;
  return "tablog-pool-" + std::to_string(++count);
}

}  // namespace

struct PoolVfsState {
  Pool& pool;
  std::string name = next_name();
  sqlite3_vfs vfs = vfs_base(name.c_str());
  std::optional<Error> error{};
  std::map<std::string, SharedFile, std::less<>> shared{};  // by pathname; all that was ever opened

  explicit PoolVfsState(Pool& p);

  // Remembers `e` and gives what SQLite is to be told: `code`, unless the error is more precise.
  int tell(const Error& e, int code) {
    error = e;
    if (e.code == ErrorCode::kQuotaExceeded) return SQLITE_FULL;
    if (e.code == ErrorCode::kCorrupt) return SQLITE_CORRUPT;
    return code;
  }

  [[nodiscard]] bool is_open(const std::string& pathname) const {
    const auto found = shared.find(pathname);
    return found != shared.end() && found->second.open();
  }

  int open(const char* path, sqlite3_file* file, int flags);
  int remove(const char* path);
  int full_pathname(const char* path, std::span<char> out);
};

namespace {

class PoolVfsFile final : public VfsFile {
 public:
  PoolVfsFile(PoolVfsState& vfs, File& file, SharedFile& shared)
      : vfs_(vfs), file_(file), shared_(shared), connection_(shared) {}

  int read(std::uint64_t offset, std::span<std::byte> out) override {
    const auto got = file_.read(offset, out);
    if (!got) return vfs_.tell(got.error(), SQLITE_IOERR_READ);
    if (*got == out.size()) return SQLITE_OK;
    std::ranges::fill(out.subspan(*got), std::byte{});
    return SQLITE_IOERR_SHORT_READ;
  }

  int write(std::uint64_t offset, ByteView data) override {
    return told(file_.write(offset, data), SQLITE_IOERR_WRITE);
  }
  int truncate(std::uint64_t bytes) override {
    return told(file_.truncate(bytes), SQLITE_IOERR_TRUNCATE);
  }
  int sync() override { return told(file_.flush(), SQLITE_IOERR_FSYNC); }

  int size(std::uint64_t& bytes) override {
    const auto size = file_.size();
    if (!size) return vfs_.tell(size.error(), SQLITE_IOERR_FSTAT);
    bytes = *size;
    return SQLITE_OK;
  }

  int lock(int level) override { return connection_.lock(level); }
  int unlock(int level) override {
    connection_.unlock(level);
    return SQLITE_OK;
  }
  // After a crash nobody holds a lock: a journal that is there is hot, and is rolled back.
  bool reserved() override { return shared_.reserved(); }

  int control(int operation, void* argument) override {
    if (operation == SQLITE_FCNTL_VFSNAME) {
      *static_cast<char**>(argument) = sqlite3_mprintf("%s", vfs_.name.c_str());
      return SQLITE_OK;
    }
    if (operation == SQLITE_FCNTL_PERSIST_WAL) {
      int& value = *static_cast<int*>(argument);
      if (value >= 0) persist_wal_ = value != 0;
      value = persist_wal_ ? 1 : 0;
      return SQLITE_OK;
    }
    return SQLITE_NOTFOUND;
  }

  int shm_map(int region, int bytes, bool extend, volatile void** out) override {
    return connection_.shm_map(region, bytes, extend, out);
  }
  int shm_lock(int first, int count, int flags) override {
    return connection_.shm_lock(first, count, flags);
  }
  void shm_unmap() override { connection_.shm_unmap(); }

 private:
  int told(const Result<void>& done, int code) {
    return done ? SQLITE_OK : vfs_.tell(done.error(), code);
  }

  PoolVfsState& vfs_;
  File& file_;
  SharedFile& shared_;
  SharedFile::Connection connection_;
  bool persist_wal_ = false;
};

PoolVfsState& state_of(sqlite3_vfs* vfs) {
  return *static_cast<PoolVfsState*>(vfs->pAppData);
}

int x_open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  if (out_flags != nullptr) *out_flags = flags;
  if (path != nullptr && (flags & kPersistentTypes) != 0)
    return state_of(vfs).open(path, file, flags);
  give_to_sqlite(file, memory_vfs_file());
  return SQLITE_OK;
}

int x_delete(sqlite3_vfs* vfs, const char* path, int) {
  return state_of(vfs).remove(path);
}

int x_access(sqlite3_vfs* vfs, const char* path, int, int* out) {
  Pool& pool = state_of(vfs).pool;
  *out = pool.find(path) != nullptr || pool.conflicted(path) ? 1 : 0;
  return SQLITE_OK;
}

int x_full_pathname(sqlite3_vfs* vfs, const char* path, int bytes, char* out) {
  return state_of(vfs).full_pathname(path, {out, static_cast<std::size_t>(bytes)});
}

}  // namespace

PoolVfsState::PoolVfsState(Pool& p) : pool(p) {
  vfs.pAppData = this;
  vfs.xOpen = x_open;
  vfs.xDelete = x_delete;
  vfs.xAccess = x_access;
  vfs.xFullPathname = x_full_pathname;
}

int PoolVfsState::open(const char* path, sqlite3_file* file, int flags) {
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0 && !pool.quarantined().empty()) {
    return tell({.code = ErrorCode::kCorrupt,
                 .message = "slot " + pool.quarantined().front() +
                            " of the pool is damaged, and may be a part of this database: rebuild "
                            "it from the log"},
                SQLITE_CORRUPT);
  }
  const auto pathname = url_pathname(path);
  if (!pathname) return SQLITE_CANTOPEN;  // never from full_pathname()
  File* found = pool.find(*pathname);
  const int exclusive_creation = SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE;
  if (found != nullptr && (flags & exclusive_creation) == exclusive_creation)
    return SQLITE_CANTOPEN;
  if (found == nullptr) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    const auto created = pool.create(*pathname, static_cast<std::uint32_t>(flags));
    if (!created) return tell(created.error(), SQLITE_CANTOPEN);
    found = *created;
  }
  give_to_sqlite(file, std::make_unique<PoolVfsFile>(*this, *found, shared[*pathname]));
  return SQLITE_OK;
}

int PoolVfsState::remove(const char* path) {
  const auto pathname = url_pathname(path);
  if (!pathname || pool.find(*pathname) == nullptr) return SQLITE_IOERR_DELETE_NOENT;
  if (is_open(*pathname)) return SQLITE_IOERR_DELETE;  // SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN
  const auto removed = pool.remove(*pathname);
  return removed ? SQLITE_OK : tell(removed.error(), SQLITE_IOERR_DELETE);
}

// The pathname as it is stored, so that what SQLite appends to it belongs to it.
int PoolVfsState::full_pathname(const char* path, std::span<char> out) {
  const auto pathname = url_pathname(path);
  if (!pathname || pathname->size() > kDatabasePathBytesMax || pathname->size() >= out.size()) {
    return tell({.code = ErrorCode::kInvalidArgument,
                 .message = "not a name for a database: " + std::string(path)},
                SQLITE_CANTOPEN);
  }
  *std::ranges::copy(*pathname, out.begin()).out = '\0';
  return SQLITE_OK;
}

PoolVfs::PoolVfs(Pool& pool) : state_(std::make_unique<PoolVfsState>(pool)) {
  [[maybe_unused]] const int registered =
      sqlite3_vfs_register(&state_->vfs, 0);  // initializes SQLite
  assert(registered == SQLITE_OK);
}

PoolVfs::~PoolVfs() {
  [[maybe_unused]] const bool all_closed =
      std::ranges::none_of(state_->shared, [](const auto& entry) { return entry.second.open(); });
  assert(all_closed);
  sqlite3_vfs_unregister(&state_->vfs);
}

const char* PoolVfs::name() const {
  return state_->name.c_str();
}
const std::optional<Error>& PoolVfs::last_error() const {
  return state_->error;
}
void PoolVfs::clear_error() {
  state_->error.reset();
}

}  // namespace tablog::storage
