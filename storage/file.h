// File and Slots: the seam between the store and the world. Implementations: OPFS (web/host, over
// synchronous access handles), POSIX (posix_file.h), memory (memory_file.h: loses what was not
// flushed on crash()). One conformance suite runs against all:
// tests/storage/file_conformance_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "log/entry.h"
#include "log/result.h"

namespace tablog::storage {

// One open file, held exclusively. Every error is kStorageUnavailable (I/O) or kQuotaExceeded (no
// space); a short write is an error, never a success. After any error of write() or flush() the
// content of what was not flushed before is unknown; but kQuotaExceeded from write() leaves unknown
// only the bytes that it was to write, so the same write can be tried again when there is space.
class File {
 public:
  virtual ~File() = default;
  // Reads at most out.size() bytes at `offset`; returns how many, fewer only at the end of the
  // file.
  [[nodiscard]] virtual Result<std::size_t> read(std::uint64_t offset,
                                                 std::span<std::byte> out) = 0;
  // Writes all of `data` at `offset`, extending the file where needed. Not durable before flush().
  [[nodiscard]] virtual Result<void> write(std::uint64_t offset, ByteView data) = 0;
  // All that was written is durable when this returns.
  [[nodiscard]] virtual Result<void> flush() = 0;
  [[nodiscard]] virtual Result<std::uint64_t> size() = 0;  // bytes
  [[nodiscard]] virtual Result<void> truncate(std::uint64_t size) = 0;
};

// All that the file has.
[[nodiscard]] Result<Bytes> read_whole(File& file);

// A slot is a file with an opaque name that is created early and reused by what its header says:
// directory entries are not synced with data, so nothing is created, renamed or moved on the way of
// an append. Opening is asynchronous in a browser, so the host opens slots and hands them over.
struct Slot {
  std::string name;
  std::unique_ptr<File> file;
};

// The files of one generation of one store: two directories, log/ and db/.opaque/.
struct StoreFiles {
  std::vector<Slot> log;   // segments
  std::vector<Slot> pool;  // the sahpool: the state database, its WAL
};

}  // namespace tablog::storage
