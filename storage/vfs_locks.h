// SharedFile: what the connections to one database file share, its locks and its WAL index. All of
// them are in this thread, so the locks of the others are simply looked at, and nothing has to be
// counted. Meaning of the locks: https://sqlite.org/lockingv3.html,
// https://sqlite.org/walformat.html#locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace tablog::storage {

class SharedFile {
 public:
  // One connection's part. Joined from construction to destruction.
  class Connection {
   public:
    explicit Connection(SharedFile& file);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // SQLITE_OK or SQLITE_BUSY. `level` is SQLITE_LOCK_*.
    [[nodiscard]] int lock(int level);
    void unlock(int level);

    // The WAL index, in regions of the same size. A region that nobody has made yet is null unless
    // `extend`.
    [[nodiscard]] int shm_map(int region, int bytes, bool extend, volatile void** out);
    [[nodiscard]] int shm_lock(int first, int count, int flags);
    void shm_unmap();

   private:
    friend class SharedFile;
    SharedFile& file_;
    int level_;
    bool mapped_ = false;
    std::uint32_t shm_shared_ = 0;  // bit i: a shared lock on the index's lock i
    std::uint32_t shm_exclusive_ =
        0;  // Invariant: no bit of it is set in any other connection's masks
  };

  [[nodiscard]] bool reserved() const;  // somebody holds RESERVED or more
  [[nodiscard]] bool open() const { return !connections_.empty(); }

 private:
  std::vector<Connection*> connections_;
  std::vector<std::unique_ptr<std::byte[]>> regions_;  // zeroed when the first connection maps them
};

}  // namespace tablog::storage
