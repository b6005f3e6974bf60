#include "tools/salvage_scan.h"

#include <algorithm>

#include "log/chain.h"
#include "log/codec.h"
#include "log/size.h"

namespace tablog::tools {

namespace {

LogPosition position_of(const Commit& commit) {
  return {commit.last, commit.chain, commit.term, commit.time_ms, commit.digest};
}

// Frames in the order of the file become spans.
class SpanBuilder {
 public:
  SpanBuilder(std::size_t part, KnownPositions& known, std::vector<Span>& spans)
      : part_(part), known_(known), spans_(spans) {}

  void begin_at(const LogPosition& before) { at_ = before; }

  void add(const FoundFrame& frame, std::uint64_t offset, bool superseded) {
    const std::uint64_t end = offset + frame_bytes(frame.header.body_bytes);
    if (offset != end_ || frame.header.salt != batch_.salt || superseded != batch_.superseded) {
      close_unchained();
      batch_.salt = frame.header.salt;
      batch_.superseded = superseded;
    }
    end_ = end;
    if (frame.entry) {
      add_entry(*frame.entry, frame.body, offset, end);
    } else if (frame.commit) {
      add_commit(*frame.commit, end);
    }
  }

  void finish() {
    close_unchained();
    // Only where a commit frame says so; where the part begins is known already.
    if (at_ && at_->digest && !batch_.superseded) known_.emplace(at_->index, *at_);
  }

 private:
  [[nodiscard]] bool is_open() const { return batch_.first > Index{}; }

  void add_entry(const Entry& entry, ByteView body, std::uint64_t offset, std::uint64_t end) {
    if (!is_open() || entry.index != next(batch_.last)) {
      close_unchained();
      if (!at_ || next(at_->index) != entry.index) at_ = find(Index{entry.index.value - 1});
      batch_.part = part_;
      batch_.begin = offset;
      batch_.first = entry.index;
      batch_.before = at_.value_or(LogPosition{});
      batch_.chained = at_.has_value();
      chain_ = batch_.before.chain;
    }
    chain_ = extend_chain(chain_, body);
    batch_.last = entry.index;
    batch_.end = end;
    batch_.after = {entry.index, chain_, entry.term, entry.time_ms, {}};
  }

  void add_commit(const Commit& commit, std::uint64_t end) {
    const bool closes = is_open() && commit.last == batch_.last;
    if (closes && batch_.chained && commit.chain == chain_ && commit.first == batch_.first &&
        !batch_.superseded) {
      batch_.end = end;
      batch_.after = position_of(commit);
      push();
    } else {
      if (closes) batch_.end = end;
      close_unchained();
    }
    at_ = position_of(commit);
  }

  // What no commit frame vouches for. The chain through it may still be the one that a later commit
  // frame names, where only its own was lost.
  void close_unchained() {
    if (!is_open()) return;
    if (batch_.chained) {
      at_ = batch_.after;
    } else {
      at_.reset();
    }
    batch_.chained = false;
    push();
  }

  void push() {
    Span* const last = spans_.empty() ? nullptr : &spans_.back();
    const bool goes_on = last != nullptr && last->part == part_ && last->end == batch_.begin &&
                         last->chained == batch_.chained && last->salt == batch_.salt &&
                         last->superseded == batch_.superseded && next(last->last) == batch_.first;
    if (goes_on) {
      last->end = batch_.end;
      last->last = batch_.last;
      last->after = batch_.after;
    } else {
      spans_.push_back(batch_);
    }
    batch_ = {.salt = batch_.salt, .superseded = batch_.superseded};
  }

  [[nodiscard]] std::optional<LogPosition> find(Index index) const {
    if (index == Index{}) return LogPosition{};
    const auto found = known_.find(index);
    return found == known_.end() ? std::nullopt : std::optional(found->second);
  }

  std::size_t part_;
  KnownPositions& known_;
  std::vector<Span>& spans_;
  std::optional<LogPosition> at_;  // before the next entry
  std::uint64_t end_{};            // of the last frame
  Span batch_{};                   // entries that no commit frame has closed yet
  ChainHash chain_{};              // through the last of them
};

class Ranges {
 public:
  explicit Ranges(PartScan& scan) : scan_(scan) {}

  void add(std::uint64_t offset, std::uint64_t bytes) {
    scan_.unreadable_bytes += bytes;
    if (offset == end_ && scan_.unreadable_ranges > 0) {
      if (scan_.unreadable_ranges <= PartScan::kRangesMax) scan_.unreadable.back().bytes += bytes;
    } else if (++scan_.unreadable_ranges <= PartScan::kRangesMax) {
      scan_.unreadable.push_back({offset, bytes});
    }
    end_ = offset + bytes;
  }

 private:
  PartScan& scan_;
  std::uint64_t end_{};
};

void count(const FoundFrame& frame, PartScan& scan) {
  ++scan.frames;
  scan.flushed_through = std::max(scan.flushed_through, frame.header.flushed_through);
  if (scan.salts.empty() || scan.salts.back() != frame.header.salt) {
    if (scan.salts.size() < PartScan::kRangesMax) scan.salts.push_back(frame.header.salt);
  }
  if (frame.entry) {
    ++scan.entries;
    if (scan.first == Index{}) scan.first = frame.entry->index;
    scan.first = std::min(scan.first, frame.entry->index);
    scan.last = std::max(scan.last, frame.entry->index);
  }
  if (frame.commit) ++scan.batches;
  if (frame.seal) scan.seal = frame.seal;
}

std::optional<std::uint64_t> salt_of(const SalvagePart& part) {
  return part.header ? std::optional(part.header->salt) : std::nullopt;
}

}  // namespace

Result<std::optional<FoundFrame>> frame_at(Window& window, std::uint64_t offset,
                                           std::optional<std::uint64_t> salt) {
  const auto head = window.view(offset, kFrameHeaderBytes);
  if (!head) return fail(head.error());
  if (head->size() < kFrameHeaderBytes) return std::nullopt;
  const auto header = decode_frame_header(*head, salt.value_or(frame_salt(*head)), offset);
  if (!header) return std::nullopt;
  const auto whole = window.view(offset, to_size(frame_bytes(header->body_bytes)));
  if (!whole) return fail(whole.error());
  if (whole->size() < kFrameHeaderBytes + header->body_bytes) return std::nullopt;
  FoundFrame frame{.header = *header,
                   .body = whole->subspan(kFrameHeaderBytes, header->body_bytes)};
  if (header->kind == FrameKind::kEntry) {
    if (!verify_body(*header, frame.body)) return std::nullopt;
    auto entry = decode_entry(frame.body);
    if (!entry || entry->index != header->index || entry->index > kIndexMax ||
        entry->index == Index{}) {
      return std::nullopt;
    }
    frame.entry = *std::move(entry);
  } else if (header->kind == FrameKind::kCommit) {
    const auto commit = decode_commit(*header, frame.body);
    if (!commit || commit->last > kIndexMax) return std::nullopt;
    frame.commit = *commit;
  } else {
    const auto seal = decode_seal(*header, frame.body);
    if (!seal) return std::nullopt;
    frame.seal = *seal;
  }
  return frame;
}

Result<std::optional<Index>> first_entry_of(const SalvagePart& part) {
  Window window(*part.source, part.bytes);
  for (std::uint64_t offset = kSegmentHeaderBytes; offset < part.bytes;) {
    const auto frame = frame_at(window, offset, salt_of(part));
    if (!frame) return fail(frame.error());
    if (*frame && (*frame)->entry) return (*frame)->entry->index;
    offset += *frame ? frame_bytes((*frame)->header.body_bytes) : kFrameAlignment;
  }
  return std::nullopt;
}

Result<PartScan> scan_part(const SalvagePart& part, std::size_t number, KnownPositions& known,
                           std::vector<Span>& spans) {
  PartScan scan;
  Ranges unreadable(scan);
  SpanBuilder builder(number, known, spans);
  if (part.header) builder.begin_at(part.header->before);
  Window window(*part.source, part.bytes);
  for (std::uint64_t offset = kSegmentHeaderBytes; offset < part.bytes;) {
    const auto frame = frame_at(window, offset, salt_of(part));
    if (!frame) return fail(frame.error());
    if (*frame) {
      builder.add(**frame, offset, part.end && offset >= *part.end);
      count(**frame, scan);
      offset += frame_bytes((*frame)->header.body_bytes);
      continue;
    }
    const auto word = window.view(offset, kFrameAlignment);
    if (!word) return fail(word.error());
    if (word->empty()) break;  // a live file that became shorter
    if (!std::ranges::all_of(*word, [](std::byte byte) { return byte == std::byte{0}; })) {
      unreadable.add(offset, word->size());
    }
    offset += kFrameAlignment;
  }
  builder.finish();
  return scan;
}

}  // namespace tablog::tools
