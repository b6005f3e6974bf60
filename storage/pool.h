// Pool: SQLite files on a fixed set of slots, byte-compatible with the opfs-sahpool VFS of the official
// sqlite-wasm build. Format: FACTS in docs/decisions/ and docs/sahpool.md. The VFS over it: storage/vfs.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/file.h"

namespace tablog::storage {

inline constexpr std::uint64_t kPoolHeaderBytes = 4096;  // payload begins here
inline constexpr std::size_t kPoolPathBytesMax = 510;

class Pool {
 public:
  // Reads every slot's header. A slot whose digest does not match is quarantined (kept, not used,
  // told by quarantined()), where the official code would destroy it. Two slots of one path: both
  // quarantined, kCorrupt when the path is opened.
  [[nodiscard]] static Result<std::unique_ptr<Pool>> open(std::vector<Slot> slots);
  ~Pool();

  struct Entry {
    std::string slot;
    std::string path;  // decoded; empty: a free slot
    std::uint32_t flags{};
    std::uint64_t bytes{};  // payload
  };
  [[nodiscard]] std::vector<Entry> entries() const;
  [[nodiscard]] const std::vector<std::string>& quarantined() const;

  // The slot of `path`, or nullptr.
  [[nodiscard]] File* find(std::string_view path);
  // Takes a free slot for `path`; kStorageUnavailable when none is left.
  [[nodiscard]] Result<File*> create(std::string_view path, std::uint32_t open_flags);
  [[nodiscard]] Result<void> remove(std::string_view path);

  [[nodiscard]] std::size_t slots_wanted() const;  // spare slots missing
  void add_slot(Slot slot);
  [[nodiscard]] std::uint64_t bytes() const;

 private:
  struct Impl;
  explicit Pool(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tablog::storage
