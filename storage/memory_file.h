// MemoryDisk: named files in memory that behave as a disk does at its worst. What is written and
// what is durable are kept apart: a crash loses, tears or reorders what was not flushed, and every
// operation can be made to fail. Deterministic: randomness is an input.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/file.h"

namespace tablog::storage {

// What becomes of writes that were not flushed when the machine stops.
enum class Loss : std::uint8_t {
  kNothing,    // the process was killed, the machine goes on: the page cache keeps all
  kUnflushed,  // all of them are gone
  kTorn,       // a prefix of them arrived, the last one in part
  kReordered,  // any subset of their sectors arrived
};

// What becomes of the names of files created since the last sync_names(): a browser writes them
// later than the files' content, however often that was flushed.
enum class NewNames : std::uint8_t { kKept, kLost };

struct Crash {
  Loss loss{};
  std::uint64_t sector_bytes = 4096;        // what arrives whole or not at all; a power of two
  std::function<std::uint64_t()> random{};  // asked for kTorn and kReordered
  NewNames names{};                         // kLost: also where loss is kNothing
};

enum class FileOperation : std::uint8_t { kRead, kWrite, kFlush, kTruncate };

struct FileCall {
  FileOperation operation{};
  std::string name{};
  std::uint64_t offset{};
  std::uint64_t bytes{};
  ByteView data{};  // that a write is about to write
};

// How a call fails. `bytes_done`: that a failing write has written nevertheless.
struct FileFault {
  ErrorCode code = ErrorCode::kStorageUnavailable;
  std::uint64_t bytes_done{};
};

class MemoryDisk {
 public:
  MemoryDisk();
  ~MemoryDisk();
  MemoryDisk(const MemoryDisk&) = delete;
  MemoryDisk& operator=(const MemoryDisk&) = delete;

  // Creates the file where it is absent; its name is durable unless a crash says otherwise. Held
  // exclusively until the handle is destroyed: kStorageUnavailable while another one holds it.
  // Handles may outlive the disk.
  [[nodiscard]] Result<std::unique_ptr<File>> open(const std::string& name);
  [[nodiscard]] std::vector<std::string> names() const;  // ascending
  // Opens all whose name begins so, ascending.
  [[nodiscard]] Result<std::vector<Slot>> open_slots(const std::string& prefix);
  void remove(const std::string& name);  // not held

  // The machine, or the process, stops: every handle is dead from here on.
  void crash(const Crash& crash);

  // Asked before every call; an answer makes it fail. A failed flush loses what it should have made
  // durable, also for later flushes, though reads still see it: as page caches do.
  using FaultHook = std::function<std::optional<FileFault>(const FileCall&)>;
  void set_fault_hook(FaultHook hook);
  // Writes and truncations that make all files together larger than this get kQuotaExceeded, after
  // they have written what fits.
  void set_quota(std::optional<std::uint64_t> bytes);
  // Raises the quota, if there is one: what a power loss has brought back has its place.
  void set_quota_at_least(std::uint64_t bytes);

  [[nodiscard]] std::uint64_t calls() const;    // that were made, of all operations
  [[nodiscard]] std::uint64_t flushes() const;  // that succeeded
  [[nodiscard]] std::uint64_t bytes() const;    // of all files

  // For tests: what a reader sees, and what a power loss would leave; and damage done behind the
  // back.
  [[nodiscard]] Bytes written(const std::string& name) const;
  [[nodiscard]] Bytes durable(const std::string& name) const;
  void overwrite(const std::string& name, Bytes content);  // as if flushed
  // Rot: bits of a byte turn over, in the cache and on the disk alike.
  void flip(const std::string& name, std::uint64_t offset, std::byte bits);
  // What a writer had done of a write when it was killed in the middle: not flushed.
  void leave(const std::string& name, std::uint64_t offset, ByteView data);
  void sync_names();  // all names are durable from here on
  // Everything but handles and the hook: `copy` is this disk at this moment, for a crash of its
  // own.
  void copy_to(MemoryDisk& copy) const;

 private:
  struct State;
  struct Node;
  class Handle;
  std::shared_ptr<State> state_;
};

}  // namespace tablog::storage
