#include <algorithm>
#include <array>
#include <cassert>

#include "log/chain.h"
#include "log/hash.h"
#include "log/little_endian.h"
#include "log/size.h"
#include "storage/log_files_impl.h"

namespace tablog::storage {

namespace {

std::unexpected<Error> fail_broken() {
  return fail(ErrorCode::kStorageUnavailable,
              "the log's last write failed: it has to be opened again, which recovers it");
}

// Another salt for each segment, and for each time the log is opened.
std::uint64_t salt_of(std::uint64_t seed, std::uint64_t sequence) {
  std::array<std::byte, 8> bytes{};
  store(bytes, 0, sequence);
  return hash64(bytes, seed);
}

std::uint64_t round_up(std::uint64_t bytes, std::uint64_t step) {
  return step == 0 ? bytes : (bytes + step - 1) / step * step;
}

bool is_quota(const Result<void>& result) {
  return !result && result.error().code == ErrorCode::kQuotaExceeded;
}

}  // namespace

Result<void> LogFiles::Impl::flush_file(File& file) {
  const auto flushed = file.flush();
  if (flushed) {
    ++flushes;
  } else {
    broken = true;
  }
  return flushed;
}

// Zeros ahead of what is written: a flush that need not extend the file is cheaper. An error leaves
// the segment as it was, if with an unknown amount of zeros behind it.
Result<void> LogFiles::Impl::grow(LogSegment& segment, std::uint64_t capacity) {
  static const Bytes kZeros(Window::kChunkBytes);
  while (segment.capacity < capacity) {
    const auto bytes = std::min<std::uint64_t>(kZeros.size(), capacity - segment.capacity);
    const auto written =
        segment.slot.file->write(segment.capacity, ByteView(kZeros).first(to_size(bytes)));
    if (!written) {
      return written;
    }
    segment.capacity += bytes;
  }
  return {};
}

Result<void> LogFiles::Impl::begin_segment() {
  assert(head.durable == head.index);
  if (spares.empty()) {
    return fail(ErrorCode::kStorageUnavailable,
                "the log needs a free slot for a new segment, and there is none: add one and "
                "try again");
  }
  LogSegment segment{.header = {.store = head.store,
                                .generation = generation,
                                .sequence = 1,
                                .salt = salt_of(salt_seed, 1),
                                .before = {.index = head.index,
                                           .chain = head.chain,
                                           .term = head.term,
                                           .time_ms = head.time_ms,
                                           .digest = head.digest},
                                .predecessor = {}},
                     .slot = {},
                     .end = kSegmentHeaderBytes};
  if (!segments.empty()) {
    const LogSegment& last = segments.back();
    segment.header.sequence = last.header.sequence + 1;
    segment.header.salt = salt_of(salt_seed, segment.header.sequence);
    segment.header.predecessor =
        Predecessor{.sequence = last.header.sequence, .salt = last.header.salt, .end = last.end};
  }
  const auto spare = std::ranges::max_element(
      spares, {}, [](const Slot& slot) { return slot.file->size().value_or(0); });
  const auto size = spare->file->size();
  if (!size) {
    return fail(size.error());
  }
  segment.capacity = *size;
  segment.slot = std::move(*spare);
  spares.erase(spare);

  // Space first: a slot with zeros in it stays a spare. From the first byte of the header on, the
  // slot may be the log's end after a crash, so nothing may go on as if it were not.
  const auto grown = grow(segment, kSegmentHeaderBytes + kControlReserveBytes);
  if (!grown) {
    spares.push_back(std::move(segment.slot));
    return grown;
  }
  if (const auto written = segment.slot.file->write(0, encode_segment_header(segment.header));
      !written) {
    broken = true;
    return written;
  }
  if (const auto flushed = flush_file(*segment.slot.file); !flushed) {
    return flushed;
  }
  segment.index = SegmentIndex(begin_of(segment.header));
  durable = begin_of(segment.header);
  segments.push_back(std::move(segment));
  return {};
}

// The successor's header is flushed before the seal is written: it alone is authoritative, and the
// seal only tells when it goes missing. A crash between the two is therefore no special case.
Result<void> LogFiles::Impl::rotate() {
  if (const auto flushed = flush(); !flushed) {
    return flushed;
  }
  if (const auto begun = begin_segment(); !begun) {
    // No room for a new segment: the old one grows, if it can.
    return broken ? begun : Result<void>{};
  }
  LogSegment& old = segments[segments.size() - 2];
  const SegmentHeader& successor = segments.back().header;
  Bytes seal;
  append_seal_frame(
      seal, {.salt = old.header.salt, .offset = old.end, .flushed_through = head.durable},
      head.index, {.sequence = successor.sequence, .salt = successor.salt, .chain = head.chain});
  if (const auto written = old.slot.file->write(old.end, seal); !written) {
    broken = true;
    return written;
  }
  old.sealed = true;
  old.capacity = std::max(old.capacity, old.end + seal.size());
  return flush_file(*old.slot.file);
}

Result<void> LogFiles::Impl::ensure_segment() {
  if (broken) {
    return fail_broken();
  }
  return segments.empty() || segments.back().torn ? begin_segment() : Result<void>{};
}

Result<void> LogFiles::Impl::reserve(std::uint64_t bytes) {
  if (const auto ensured = ensure_segment(); !ensured) {
    return ensured;
  }
  const LogSegment& last = segments.back();
  if (last.end >= options.segment_bytes && last.end > kSegmentHeaderBytes && !spares.empty()) {
    if (const auto rotated = rotate(); !rotated) {
      return rotated;
    }
  }
  LogSegment& active = segments.back();
  const std::uint64_t wanted = active.end + bytes + kControlReserveBytes;
  if (wanted <= active.capacity) {
    return {};
  }
  auto grown = grow(active, round_up(wanted, options.preallocate_bytes));
  if (is_quota(grown)) {
    // The disk is full, not broken. What was not flushed before is unknown after a failed write, so
    // it is looked at; then without the step ahead there may be room.
    if (const auto verified = verify_unflushed(); !verified) {
      broken = true;
      return verified;
    }
    static_cast<void>(active.slot.file->truncate(active.capacity));
    grown = grow(active, wanted);
  }
  broken = !grown && !is_quota(grown);
  return grown;
}

Result<void> LogFiles::Impl::verify_unflushed() {
  const LogSegment& active = segments.back();
  FileSource source(*active.slot.file);
  SegmentWalk walk(source, active.header.salt, durable, SegmentWalk::Start::kBetweenBatches,
                   active.end);
  while (walk.position().offset < active.end) {
    if (const auto frame = walk.next(); !frame) {
      return fail(ErrorCode::kStorageUnavailable,
                  "what was written is not there after a failed write: " + frame.error().message);
    }
  }
  return {};
}

Result<void> LogFiles::Impl::append(std::span<const EncodedEntry> entries, const Digest& digest) {
  assert(!entries.empty());
  if (const auto ensured = ensure_segment(); !ensured) {
    return ensured;
  }
  LogSegment& active = segments.back();
  assert(!active.torn && !active.sealed);
  FrameContext context{
      .salt = active.header.salt, .offset = active.end, .flushed_through = head.durable};
  WalkPosition position{active.end, head.index, head.chain};
  std::vector<WalkPosition> places;  // within the batch, for the index
  batch.clear();
  for (const EncodedEntry& entry : entries) {
    assert(entry.entry.index == next(position.index));
    append_entry_frame(batch, context, entry.entry.index, *entry.bytes);
    context.offset = active.end + batch.size();
    position = {context.offset, entry.entry.index, extend_chain(position.chain, *entry.bytes)};
    if (position.offset - (places.empty() ? active.end : places.back().offset) >=
        SegmentIndex::kSpacingBytes) {
      places.push_back(position);
    }
  }
  const Entry& last = entries.back().entry;
  append_commit_frame(batch, context,
                      {.first = next(head.index),
                       .last = last.index,
                       .term = last.term,
                       .time_ms = last.time_ms,
                       .chain = position.chain,
                       .digest = digest});
  if (const auto written = active.slot.file->write(active.end, batch); !written) {
    broken = true;
    return written;
  }
  active.end += batch.size();
  active.capacity = std::max(active.capacity, active.end);
  for (const WalkPosition& place : places) {
    active.index->offer(place, SegmentWalk::Start::kInBatch);
  }
  active.index->offer({active.end, position.index, position.chain},
                      SegmentWalk::Start::kBetweenBatches);
  head.index = last.index;
  head.chain = position.chain;
  head.term = last.term;
  head.time_ms = last.time_ms;
  head.digest = digest;
  return {};
}

Result<void> LogFiles::Impl::flush() {
  if (broken) {
    return fail_broken();
  }
  if (head.durable == head.index) {
    return {};
  }
  LogSegment& active = segments.back();
  if (const auto flushed = flush_file(*active.slot.file); !flushed) {
    return flushed;
  }
  head.durable = head.index;
  durable = {active.end, head.index, head.chain};
  return {};
}

// A crash leaves the oldest ones freed, and perhaps one that is cut: recovery passes over them, for
// there is a base beyond them.
Result<void> LogFiles::Impl::free_through(Index through) {
  assert(through <= head.durable);
  base = std::max(base, through);
  while (segments.size() > 1 && segments[1].header.before.index <= base) {
    Slot& slot = segments.front().slot;
    if (const auto blank = make_blank(*slot.file); !blank) {
      return blank;
    }
    spares.push_back(std::move(slot));
    segments.erase(segments.begin());
  }
  return {};
}

}  // namespace tablog::storage
