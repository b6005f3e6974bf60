// Private to log_files*.cc: the state of LogFiles, and what its sources do with it.
// log_files.cc opens and tells, log_files_write.cc appends, log_files_read.cc reads back and
// exports.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "log/recovery.h"
#include "log/segment_index.h"
#include "storage/file_source.h"
#include "storage/log_files.h"
#include "storage/log_slots.h"

namespace tablog::storage {

// Zeros are kept ready behind what an append asks for, so that the leader's own entries (term
// start, session close, checkpoint) and recovery find room on a full disk.
inline constexpr std::uint64_t kControlReserveBytes = 64U << 10U;
inline constexpr std::size_t kSparesWanted = 2;

struct LogSegment {
  SegmentHeader header{};
  Slot slot{};
  std::uint64_t end{};       // behind the last commit frame that counts
  std::uint64_t capacity{};  // file size
  bool sealed{};
  bool torn{};                          // never written again
  std::optional<SegmentIndex> index{};  // none: not walked since the log was opened
};

struct LogFiles::Impl {
  LogOptions options{};
  StoreId fresh{};
  Generation generation{};
  std::uint64_t salt_seed{};

  LogHead head{};
  std::optional<TornTail> torn_tail{};
  std::vector<LogSegment> segments{};  // by sequence; frames are written to the last one
  std::vector<Slot> spares{};          // nothing but zeros behind their header
  Index base{};                        // readable is what is behind it
  // Where the durable log ends in the last segment. Invariant: durable.index == head.durable.
  WalkPosition durable{};
  bool broken{};  // a write failed: what the files hold is unknown until they are opened again
  Bytes batch{};  // kept for its capacity
  std::uint64_t flushes{};
  // Where the last read ended: the next one mostly goes on from there.
  std::uint64_t cursor_sequence{};
  SegmentIndex::Place cursor{};

  // ---- log_files.cc
  [[nodiscard]] Result<void> recover(std::vector<Slot> slots, const Proven& proven);
  [[nodiscard]] Result<void> make_durable(LogSegment& last, const SegmentEnd& end);
  void keep_spare(Slot slot);
  [[nodiscard]] Index first() const;

  // ---- log_files_write.cc
  // A new last segment in a spare slot, its header flushed. All before it is flushed already.
  [[nodiscard]] Result<void> begin_segment();
  // The last segment can be written: there is one, and it is not torn.
  [[nodiscard]] Result<void> ensure_segment();
  [[nodiscard]] Result<void> rotate();
  [[nodiscard]] Result<void> reserve(std::uint64_t bytes);
  [[nodiscard]] Result<void> grow(LogSegment& segment, std::uint64_t capacity);
  [[nodiscard]] Result<void> append(std::span<const EncodedEntry> entries, const Digest& digest);
  [[nodiscard]] Result<void> flush();
  [[nodiscard]] Result<void> flush_file(File& file);
  [[nodiscard]] Result<void> verify_unflushed();
  [[nodiscard]] Result<void> free_through(Index base);

  // ---- log_files_read.cc
  [[nodiscard]] Result<Batch> read(Index from, Index to, std::uint64_t bytes_max);
  [[nodiscard]] Result<ChainHash> chain_at(Index index);
  [[nodiscard]] Result<Commit> commit_of(Index index);
  // The segment that holds the entry after `index`, walked to behind the entry `index`.
  [[nodiscard]] Result<SegmentWalk> walk_to(LogSegment& segment, FileSource& source, Index index);
  [[nodiscard]] std::size_t segment_of(Index index) const;
};

}  // namespace tablog::storage
