// Pool: SQLite files on a fixed set of slots, byte-compatible with the opfs-sahpool VFS of the
// official sqlite-wasm build. Format and deviations: docs/sahpool.md. The VFS over it:
// storage/vfs.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/file.h"
#include "storage/pool_header.h"

namespace tablog::storage {

class Pool {
 public:
  // Reads every slot's header. A slot whose header is damaged is quarantined (kept as it is, not
  // used, told by quarantined()), where the official code would destroy its content. Two slots with
  // content under one path: both quarantined, and the path conflicted(). Freed: transient files,
  // and slots without content whose header is torn or doubled (what an interrupted create()
  // leaves). An error only where a slot cannot be read; a full or read-only disk is none.
  [[nodiscard]] static Result<std::unique_ptr<Pool>> open(std::vector<Slot> slots);
  ~Pool();

  struct Entry {
    std::string slot;
    std::string path;  // decoded, for a person; empty: a free slot
    std::uint32_t flags{};
    std::uint64_t bytes{};  // payload
  };
  [[nodiscard]] std::vector<Entry> entries() const;  // without the quarantined

  // ---- files. A path is a name that url_pathname() takes; find("/a b") and find("/a%20b") are the
  // same. The payload of `path`: offset 0 is the first byte behind the slot's header. Valid until
  // it is removed. nullptr: no such file.
  [[nodiscard]] File* find(std::string_view path);
  // Takes a free slot for `path`, which must not exist; flushed when it returns.
  // kStorageUnavailable: no slot is free. kInvalidArgument: not a path. kCorrupt: conflicted.
  [[nodiscard]] Result<File*> create(std::string_view path, std::uint32_t open_flags);
  // Frees the slot of `path`, if there is one; flushed when it returns. After an error it still
  // exists.
  [[nodiscard]] Result<void> remove(std::string_view path);

  // Gives `from` the path `to`, which must not exist; flushed when it returns. Nobody may have it
  // open. A crash meanwhile leaves it under one of the two, or quarantined.
  [[nodiscard]] Result<void> rename(std::string_view from, std::string_view to);

  // ---- damage. Any slot may be the journal without which a database is half a transaction, so the
  // VFS opens no database while something is quarantined.
  [[nodiscard]] const std::vector<std::string>& quarantined() const;  // slot names
  [[nodiscard]] bool conflicted(std::string_view path) const;
  // Frees what is quarantined, and with it every conflict. For a caller who has removed, or can
  // rebuild, the databases of this pool.
  [[nodiscard]] Result<void> discard_quarantined();

  // ---- space (docs/decisions/space-reservation.md). Holds at least `bytes` of disk in a free
  // slot, the ballast. A write that finds no space gives up ballast and goes on, so a transaction
  // that needs no more than was reserved does not run out of space. kQuotaExceeded: there is less;
  // nothing was taken.
  [[nodiscard]] Result<void> reserve(std::uint64_t bytes);
  [[nodiscard]] std::uint64_t reserved() const;  // bytes now held

  [[nodiscard]] std::size_t slots_wanted() const;  // how many the host should create and add
  void add_slot(Slot slot);                        // a new, empty file
  [[nodiscard]] std::size_t slots() const;         // held, the quarantined included
  [[nodiscard]] std::uint64_t bytes() const;       // of all slots, headers and ballast included

 private:
  struct Impl;
  explicit Pool(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// An empty file for a database, as SQLite would create it; as Pool::create().
[[nodiscard]] Result<File*> create_database(Pool& pool, std::string_view path);
// Removes a database with what SQLite keeps beside it. Nobody may have it open.
[[nodiscard]] Result<void> remove_database(Pool& pool, const std::string& path);

}  // namespace tablog::storage
