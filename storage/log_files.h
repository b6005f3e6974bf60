// LogFiles: the log on its slots. Finds the chain of segments, recovers the tail, appends batches
// with one write and one flush each, reads ranges back. Formats and proofs are log/'s; this adds
// only I/O.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "log/entry.h"
#include "log/recovery.h"
#include "storage/file.h"

namespace tablog::storage {

struct LogOptions {
  std::uint64_t segment_bytes = 4U << 20U;        // a segment that reached this is sealed
  std::uint64_t preallocate_bytes = 256U << 10U;  // zeros are written ahead in steps of this
};

// What an append needs to know of the end of the log.
struct LogHead {
  StoreId store{};
  Generation generation{};
  Index index{};      // last entry of the last whole batch
  Index durable{};    // flushed through
  Term term{};        // of the last entry; zero in an empty log
  ChainHash chain{};  // at index
  std::int64_t time_ms{};
  std::optional<Digest> digest{};  // that the last commit frame names
};

struct TornTail {
  Index after{};  // the last entry kept
  std::string slot{};
  std::uint64_t offset{};  // first byte not kept
  std::uint64_t bytes{};   // not kept
};

struct SegmentInfo {
  std::string slot{};
  std::uint64_t sequence{};
  Generation generation{};
  Term term{};               // of the last entry before it
  std::int64_t time_ms{};    // of that entry
  Index base{};              // its first entry's index
  Index last{};              // zero entries: base - 1
  std::uint64_t bytes{};     // header and frames that count
  std::uint64_t capacity{};  // file size
  bool sealed{};             // another segment goes on
};

class LogFiles {
 public:
  // Recovers. `proven` is what the state database proves to have been flushed: a frame up to there
  // that does not verify is damage, not a torn tail. Empty slots and no proof: an empty log; it
  // gets `fresh` as its store id with the first batch. kCorrupt{index, offset}: damage; nothing was
  // changed. kNewerFormat: written by a newer version. kStorageUnavailable: an I/O error. On
  // success all that stands before head() is flushed, and a torn segment is never written again: a
  // free slot becomes its successor. Where there is none among `slots`, the log can be read, and
  // reserve() and append() tell kStorageUnavailable until add_slot() brings one. Give it two.
  [[nodiscard]] static Result<std::unique_ptr<LogFiles>> open(std::vector<Slot> slots,
                                                              const Proven& proven, StoreId fresh,
                                                              Generation generation,
                                                              std::uint64_t salt_seed,
                                                              const LogOptions& options = {});
  ~LogFiles();

  [[nodiscard]] const LogHead& head() const;
  [[nodiscard]] const std::optional<TornTail>& torn_tail() const;
  [[nodiscard]] std::vector<SegmentInfo> segments() const;
  [[nodiscard]] Index first() const;  // lowest index that can be read; 1 until there is compaction

  // Makes room: preallocates so that a batch of `bytes`, as batch_bytes() counts, needs no new
  // space, and 64 KiB more, for the leader's own entries: those may be appended without asking
  // here. kQuotaExceeded is only ever told here, and changes nothing. Rotates to a spare slot where
  // the active segment is full; without a spare one it goes on growing.
  [[nodiscard]] Result<void> reserve(std::uint64_t bytes);

  // What a batch takes in the file, of so many entries with so many encoded bytes together.
  [[nodiscard]] static std::uint64_t batch_bytes(std::size_t entries, std::uint64_t encoded_bytes);

  // One write: the entries' frames and their commit frame. Entries are head+1, … in order.
  // Not durable, and head().durable unchanged, until flush(). After an error: close, recover.
  [[nodiscard]] Result<void> append(std::span<const EncodedEntry> entries, const Digest& digest);
  [[nodiscard]] Result<void> flush();

  // Entries from..to (inclusive; cut at the head) in order, at least one, whole batches where
  // `bytes_max` allows. `previous_chain` is the chain at from-1. Every byte is verified on the way.
  // kCorrupt{index, offset}, kCompacted below first(), kInvalidArgument above head().
  struct Batch {
    ChainHash previous_chain;
    std::vector<std::shared_ptr<const Bytes>> entries;
  };
  [[nodiscard]] Result<Batch> read(Index from, Index to, std::uint64_t bytes_max);
  [[nodiscard]] Result<ChainHash> chain_at(Index index);
  // Of the first commit frame that covers `index`.
  [[nodiscard]] Result<Commit> commit_of(Index index);

  // The log begins behind `base` from now on: what is before it cannot be read any more, and the
  // segments that have nothing else are freed, the oldest first, each flushed. The caller has the
  // state after `base` on the disk. After an error some are.
  [[nodiscard]] Result<void> free_through(Index base);

  // Spare slots: the host creates files in the background until none is missing.
  [[nodiscard]] std::size_t slots_wanted() const;
  void add_slot(Slot slot);                 // must be blank; others are let go
  [[nodiscard]] std::size_t slots() const;  // held: segments and spares
  // Nothing can be appended until there is one more: the next entry has to begin a segment.
  [[nodiscard]] bool needs_slot() const;

  // The export container: docs/log_format.md#export. Read in pieces at any offset below size.
  class Export {
   public:
    virtual ~Export() = default;
    [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;
    [[nodiscard]] virtual Result<Bytes> read(std::uint64_t offset, std::size_t bytes) = 0;
  };
  // As of the durable head now; appends may go on meanwhile. Not after *this is gone, or `base`, or
  // free_through() was called.
  [[nodiscard]] Result<std::unique_ptr<Export>> begin_export(File* base = nullptr);

  // Of files, that succeeded: one per batch, and three when a segment is begun.
  [[nodiscard]] std::uint64_t flushes() const;
  [[nodiscard]] std::uint64_t bytes() const;  // of all slots

 private:
  struct Impl;
  explicit LogFiles(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tablog::storage
