#include "storage/vfs_locks.h"

#include <sqlite3.h>

#include <algorithm>
#include <cassert>
#include <new>

namespace tablog::storage {

SharedFile::Connection::Connection(SharedFile& file) : file_(file), level_(SQLITE_LOCK_NONE) {
  file_.connections_.push_back(this);
}

SharedFile::Connection::~Connection() {
  shm_unmap();
  std::erase(file_.connections_, this);
}

int SharedFile::Connection::lock(int level) {
  if (level <= level_) return SQLITE_OK;
  assert(level != SQLITE_LOCK_PENDING);  // only ever taken on the way to EXCLUSIVE
  assert(level == SQLITE_LOCK_SHARED || level_ != SQLITE_LOCK_NONE);

  int others = SQLITE_LOCK_NONE;
  for (const Connection* c : file_.connections_) {
    if (c != this) others = std::max(others, c->level_);
  }
  // The highest lock of another connection that this one can stand beside.
  const int tolerated = level == SQLITE_LOCK_SHARED     ? SQLITE_LOCK_RESERVED
                        : level == SQLITE_LOCK_RESERVED ? SQLITE_LOCK_SHARED
                                                        : SQLITE_LOCK_NONE;
  if (others > tolerated) {
    // A writer that waits for its readers lets no new ones in.
    const bool only_readers = others == SQLITE_LOCK_SHARED;
    if (level == SQLITE_LOCK_EXCLUSIVE && level_ == SQLITE_LOCK_RESERVED && only_readers)
      level_ = SQLITE_LOCK_PENDING;
    return SQLITE_BUSY;
  }
  level_ = level;
  return SQLITE_OK;
}

void SharedFile::Connection::unlock(int level) {
  assert(level <= SQLITE_LOCK_SHARED);
  level_ = std::min(level_, level);
}

bool SharedFile::reserved() const {
  return std::ranges::any_of(connections_,
                             [](const Connection* c) { return c->level_ >= SQLITE_LOCK_RESERVED; });
}

int SharedFile::Connection::shm_map(int region, int bytes, bool extend, volatile void** out) {
  mapped_ = true;
  auto& regions = file_.regions_;
  const auto index = static_cast<std::size_t>(region);
  *out = nullptr;
  if (index >= regions.size() && !extend) return SQLITE_OK;
  while (regions.size() <= index) {
    auto* const memory = new (std::nothrow) std::byte[static_cast<std::size_t>(bytes)]{};
    if (memory == nullptr) return SQLITE_IOERR_NOMEM;
    regions.emplace_back(memory);
  }
  *out = regions[index].get();
  return SQLITE_OK;
}

int SharedFile::Connection::shm_lock(int first, int count, int flags) {
  const std::uint32_t mask = ((1U << count) - 1U) << first;
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    shm_shared_ &= ~mask;
    shm_exclusive_ &= ~mask;
    return SQLITE_OK;
  }
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  const bool busy = std::ranges::any_of(file_.connections_, [&](const Connection* c) {
    const std::uint32_t held = c->shm_exclusive_ | (exclusive ? c->shm_shared_ : 0U);
    return c != this && (held & mask) != 0;
  });
  if (busy) return SQLITE_BUSY;
  (exclusive ? shm_exclusive_ : shm_shared_) |= mask;
  return SQLITE_OK;
}

void SharedFile::Connection::shm_unmap() {
  mapped_ = false;
  shm_shared_ = 0;
  shm_exclusive_ = 0;
  const auto& all = file_.connections_;
  if (std::ranges::none_of(all, [](const Connection* c) { return c->mapped_; }))
    file_.regions_.clear();
}

}  // namespace tablog::storage
