#include "storage/log_files.h"

#include <algorithm>

#include "log/size.h"
#include "storage/log_files_impl.h"

namespace tablog::storage {

namespace {

LogHead head_at(const LogPosition& log) {
  return {.store = {},
          .generation = {},
          .index = log.index,
          .durable = log.index,
          .term = log.term,
          .chain = log.chain,
          .time_ms = log.time_ms,
          .digest = log.digest};
}

Error in_slot(Error error, const std::string& slot) {
  if (error.code == ErrorCode::kCorrupt) {
    error.message = "log slot " + slot + ": " + error.message;
  }
  return error;
}

}  // namespace

Result<void> LogFiles::Impl::recover(std::vector<Slot> slots, const Proven& proven) {
  base = proven.base;
  const auto sorted = sort_slots(slots, base);
  if (!sorted) {
    return fail(sorted.error());
  }
  if (sorted->segments.empty() && proven.index > Index{}) {
    return fail({.code = ErrorCode::kCorrupt,
                 .message = "there is no log, and the state database holds entry " +
                            std::to_string(proven.index.value),
                 .index = Index{1},
                 .offset = {}});
  }
  for (const FoundSegment& found : sorted->segments) {
    if (!segments.empty()) {
      segments.back().end = found.header.predecessor->end;
      segments.back().sealed = true;
    }
    segments.push_back({.header = found.header,
                        .slot = std::move(slots[found.slot]),
                        .end = kSegmentHeaderBytes,
                        .capacity = found.size});
  }
  head = head_at({});
  if (!segments.empty()) {
    LogSegment& last = segments.back();
    FileSource source(*last.slot.file);
    auto end = find_end(source, last.header, last.capacity, proven);
    if (!end) {
      return fail(in_slot(std::move(end).error(), last.slot.name));
    }
    if (end->seal) {
      return fail({.code = ErrorCode::kCorrupt,
                   .message = "segment " + std::to_string(end->seal->sequence) +
                              " is missing: the one before it names it. Nothing was changed.",
                   .index = next(end->log.index),
                   .offset = end->offset});
    }
    if (const auto durable_now = make_durable(last, *end); !durable_now) {
      return durable_now;
    }
    head = head_at(end->log);
    last.end = end->offset;
    last.index = std::move(end->index);
    if (end->torn_bytes > 0) {
      last.torn = true;
      torn_tail = TornTail{.after = head.index,
                           .slot = last.slot.name,
                           .offset = end->offset,
                           .bytes = end->torn_bytes};
    }
  }
  if (!segments.empty() && segments.back().header.generation > generation) {
    return fail(ErrorCode::kStorageUnavailable,
                "the log is of generation " +
                    std::to_string(segments.back().header.generation.value) +
                    ", newer than the one it was opened as");
  }
  head.store = segments.empty() ? fresh : segments.front().header.store;
  head.generation = generation;
  durable = {segments.empty() ? 0 : segments.back().end, head.index, head.chain};
  for (const std::size_t spare : sorted->spares) {
    keep_spare(std::move(slots[spare]));
  }
  // What a compaction had not come to. Where it cannot be freed now, the next opening does.
  for (const std::size_t freed : sorted->freed) {
    if (make_blank(*slots[freed].file)) {
      spares.push_back(std::move(slots[freed]));
    }
  }
  if (torn_tail) {
    // Without a slot, or room in one, the log can still be read: whoever writes first tries again.
    if (const auto begun = begin_segment(); !begun && broken) {
      return begun;
    }
  }
  return {};
}

// A killed writer's batches stand in the page cache only: whatever is built on them, a successor
// that names them first of all, comes after they are flushed. They are written again before that,
// because after a failed flush a cache holds them as clean, and the next flush succeeds without
// writing them.
Result<void> LogFiles::Impl::make_durable(LogSegment& last, const SegmentEnd& end) {
  const bool nothing_proven = end.proven == last.header.before.index;
  if (!nothing_proven && end.proven == end.log.index) {
    return {};
  }
  FileSource source(*last.slot.file);
  Window window(source, end.offset);
  std::uint64_t offset = nothing_proven ? 0 : end.index.before(next(end.proven)).position.offset;
  while (offset < end.offset) {
    const auto piece = window.view(offset, Window::kChunkBytes);
    if (!piece) {
      return fail(piece.error());
    }
    if (const auto written = last.slot.file->write(offset, *piece); !written) {
      return written;
    }
    offset += piece->size();
  }
  return flush_file(*last.slot.file);
}

// Room for a successor is taken while there is room, and flushed: it is a power loss that tears a
// tail, and it must not take the room for the next segment with it. A spare slot that could not be
// grown now is still one, and begin_segment() tries again.
void LogFiles::Impl::keep_spare(Slot slot) {
  const auto size = slot.file->size();
  constexpr std::uint64_t kBytes = kSegmentHeaderBytes + kControlReserveBytes;
  if (size && *size < kBytes) {
    if (slot.file->write(*size, Bytes(to_size(kBytes - *size)))) {
      static_cast<void>(slot.file->flush());
    }
  }
  spares.push_back(std::move(slot));
}

LogFiles::LogFiles(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LogFiles::~LogFiles() = default;

Result<std::unique_ptr<LogFiles>> LogFiles::open(std::vector<Slot> slots, const Proven& proven,
                                                 StoreId fresh, Generation generation,
                                                 std::uint64_t salt_seed,
                                                 const LogOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->fresh = fresh;
  impl->generation = generation;
  impl->salt_seed = salt_seed;
  if (const auto recovered = impl->recover(std::move(slots), proven); !recovered) {
    return fail(recovered.error());
  }
  return std::unique_ptr<LogFiles>(new LogFiles(std::move(impl)));
}

const LogHead& LogFiles::head() const {
  return impl_->head;
}
const std::optional<TornTail>& LogFiles::torn_tail() const {
  return impl_->torn_tail;
}

std::vector<SegmentInfo> LogFiles::segments() const {
  std::vector<SegmentInfo> infos;
  for (const LogSegment& segment : impl_->segments) {
    if (!infos.empty()) {
      infos.back().last = segment.header.before.index;
    }
    infos.push_back({.slot = segment.slot.name,
                     .sequence = segment.header.sequence,
                     .generation = segment.header.generation,
                     .term = segment.header.before.term,
                     .time_ms = segment.header.before.time_ms,
                     .base = segment.header.base(),
                     .last = impl_->head.index,
                     .bytes = segment.end,
                     .capacity = segment.capacity,
                     .sealed = segment.sealed});
  }
  return infos;
}

Index LogFiles::Impl::first() const {
  return std::max(segments.empty() ? Index{1} : segments.front().header.base(), next(base));
}

Index LogFiles::first() const {
  return impl_->first();
}

Result<Commit> LogFiles::commit_of(Index index) {
  return impl_->commit_of(index);
}

Result<void> LogFiles::free_through(Index base) {
  return impl_->free_through(base);
}

Result<void> LogFiles::reserve(std::uint64_t bytes) {
  return impl_->reserve(bytes);
}

std::uint64_t LogFiles::batch_bytes(std::size_t entries, std::uint64_t encoded_bytes) {
  return entries * (frame_bytes(0) + kFrameAlignment - 1) + encoded_bytes + kCommitFrameBytes;
}

Result<void> LogFiles::append(std::span<const EncodedEntry> entries, const Digest& digest) {
  return impl_->append(entries, digest);
}

Result<void> LogFiles::flush() {
  return impl_->flush();
}

Result<LogFiles::Batch> LogFiles::read(Index from, Index to, std::uint64_t bytes_max) {
  return impl_->read(from, to, bytes_max);
}

Result<ChainHash> LogFiles::chain_at(Index index) {
  return impl_->chain_at(index);
}

std::size_t LogFiles::slots() const {
  return impl_->segments.size() + impl_->spares.size();
}

std::size_t LogFiles::slots_wanted() const {
  return kSparesWanted - std::min(kSparesWanted, impl_->spares.size());
}

void LogFiles::add_slot(Slot slot) {
  // What is not blank is somebody's: it is let go, never overwritten.
  if (is_blank(*slot.file, 0).value_or(false)) {
    impl_->keep_spare(std::move(slot));
  }
}

bool LogFiles::needs_slot() const {
  return impl_->spares.empty() && (impl_->segments.empty() || impl_->segments.back().torn);
}

std::uint64_t LogFiles::flushes() const {
  return impl_->flushes;
}

std::uint64_t LogFiles::bytes() const {
  std::uint64_t sum = 0;
  for (const LogSegment& segment : impl_->segments) {
    sum += segment.capacity;
  }
  for (const Slot& spare : impl_->spares) {
    sum += spare.file->size().value_or(0);
  }
  return sum;
}

}  // namespace tablog::storage
