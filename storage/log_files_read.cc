#include <algorithm>
#include <cassert>

#include "log/export.h"
#include "log/recovery.h"
#include "log/size.h"
#include "storage/log_files_impl.h"

namespace tablog::storage {

namespace {

constexpr const char* kProof = "the log goes on behind it";

Error in_slot(Error error, const LogSegment& segment) {
  error = to_corrupt(std::move(error), kProof);
  if (error.code == ErrorCode::kCorrupt) {
    error.message = "log slot " + segment.slot.name + ": " + error.message;
  }
  return error;
}

}  // namespace

// The last segment whose base is at or before `index`: of several with that base all but the last
// are empty.
std::size_t LogFiles::Impl::segment_of(Index index) const {
  assert(!segments.empty() && segments.front().header.base() <= index);
  const auto behind = std::ranges::upper_bound(
      segments, index, {}, [](const LogSegment& segment) { return segment.header.base(); });
  return static_cast<std::size_t>(behind - segments.begin()) - 1;
}

Result<SegmentWalk> LogFiles::Impl::walk_to(LogSegment& segment, FileSource& source, Index index) {
  if (!segment.index) {  // its first use since the log was opened
    const auto successor =
        std::ranges::find(segments, segment.header.sequence + 1,
                          [](const LogSegment& other) { return other.header.sequence; });
    auto verified = verify_closed(source, segment.header, successor->header);
    if (!verified) {
      return fail(in_slot(std::move(verified).error(), segment));
    }
    segment.index = std::move(*verified);
  }
  SegmentIndex::Place place = segment.index->before(next(index));
  if (cursor_sequence == segment.header.sequence && cursor.position.index <= index &&
      cursor.position.offset > place.position.offset) {
    place = cursor;
  }
  SegmentWalk walk(source, segment.header.salt, place.position, place.start, segment.end);
  while (walk.position().index < index) {
    if (const auto frame = walk.next(); !frame) {
      return fail(in_slot(frame.error(), segment));
    }
  }
  return walk;
}

Result<LogFiles::Batch> LogFiles::Impl::read(Index from, Index to, std::uint64_t bytes_max) {
  if (from < Index{1} || from > head.index || to < from) {
    return fail(ErrorCode::kInvalidArgument,
                "entries " + std::to_string(from.value) + " to " + std::to_string(to.value) +
                    " of a log that ends at " + std::to_string(head.index.value));
  }
  if (from < first()) {
    return fail({.code = ErrorCode::kCompacted,
                 .message = "entry " + std::to_string(from.value) +
                            " was compacted away: the log begins with entry " +
                            std::to_string(first().value),
                 .index = first(),
                 .offset = {}});
  }
  to = std::min(to, head.index);
  Batch batch_read;
  std::uint64_t bytes = 0;
  std::size_t whole = 0;  // entries of `batch_read` up to the last commit frame
  Index last{from.value - 1};
  bool full = false;
  for (std::size_t i = segment_of(from); last < to && !full; ++i) {
    LogSegment& segment = segments[i];
    FileSource source(*segment.slot.file);
    auto walk = walk_to(segment, source, last);
    if (!walk) {
      return fail(walk.error());
    }
    if (batch_read.entries.empty()) {
      batch_read.previous_chain = walk->position().chain;
    }
    while (walk->position().offset < segment.end && last < to) {
      const WalkPosition before = walk->position();
      const auto frame = walk->next();
      if (!frame) {
        return fail(in_slot(frame.error(), segment));
      }
      if (frame->commit) {
        whole = batch_read.entries.size();
        cursor_sequence = segment.header.sequence;
        cursor = {walk->position(), SegmentWalk::Start::kBetweenBatches};
        continue;
      }
      bytes += frame->body.size();
      full = bytes > bytes_max && !batch_read.entries.empty();
      if (full) {
        if (whole == 0) {  // a batch larger than what was asked for goes in pieces
          whole = batch_read.entries.size();
          cursor_sequence = segment.header.sequence;
          cursor = {before, SegmentWalk::Start::kInBatch};
        }
        batch_read.entries.resize(whole);
        break;
      }
      batch_read.entries.push_back(
          std::make_shared<const Bytes>(frame->body.begin(), frame->body.end()));
      last = frame->header.index;
    }
  }
  return batch_read;
}

Result<ChainHash> LogFiles::Impl::chain_at(Index index) {
  if (index == head.index) {
    return head.chain;
  }
  if (index > head.index || (!segments.empty() && index < segments.front().header.before.index)) {
    return fail(index > head.index ? ErrorCode::kInvalidArgument : ErrorCode::kCompacted,
                "entry " + std::to_string(index.value) + " is not in the log");
  }
  LogSegment& segment = segments[segment_of(next(index))];
  FileSource source(*segment.slot.file);
  const auto walk = walk_to(segment, source, index);
  if (!walk) {
    return fail(walk.error());
  }
  return walk->position().chain;
}

Result<Commit> LogFiles::Impl::commit_of(Index index) {
  LogSegment& segment = segments[segment_of(index)];
  FileSource source(*segment.slot.file);
  // Not to behind the entry: a place that is known there may be behind its commit frame, too.
  auto walk = walk_to(segment, source, Index{index.value - 1});
  if (!walk) {
    return fail(walk.error());
  }
  for (;;) {
    const auto frame = walk->next();
    if (!frame) {
      return fail(in_slot(frame.error(), segment));
    }
    if (frame->commit && frame->commit->last >= index) {
      return *frame->commit;
    }
  }
}

namespace {

// Pieces of the file, each at its offset: the table in front, segments as they stand, the footer.
class LogExport final : public LogFiles::Export {
 public:
  struct Piece {
    std::uint64_t offset{};
    std::uint64_t bytes{};
    Bytes content{};  // of header and footer
    File* file{};     // of the base or a segment, which is never written again before its end
  };

  LogExport(const ExportHeader& header, const std::vector<File*>& files, File* base) {
    add({.content = encode_export_header(header)});
    add({.bytes = header.base_bytes, .file = base});
    for (std::size_t i = 0; i < files.size(); ++i) {
      add({.bytes = header.segments[i].bytes, .file = files[i]});
    }
    add({.content = encode_export_footer(header)});
  }

  std::uint64_t size_bytes() const override { return size_; }

  Result<Bytes> read(std::uint64_t offset, std::size_t bytes) override {
    Bytes out(offset < size_ ? to_size(std::min<std::uint64_t>(bytes, size_ - offset)) : 0);
    const std::uint64_t end = offset + out.size();
    for (const Piece& piece : pieces_) {
      const std::uint64_t from = std::max(offset, piece.offset);
      const std::uint64_t to = std::min(end, piece.offset + piece.bytes);
      if (from >= to) {
        continue;
      }
      const auto part = std::span(out).subspan(to_size(from - offset), to_size(to - from));
      if (piece.file == nullptr) {
        std::ranges::copy(
            ByteView(piece.content).subspan(to_size(from - piece.offset), part.size()),
            part.begin());
        continue;
      }
      const auto got = piece.file->read(from - piece.offset, part);
      if (!got) {
        return fail(got.error());
      }
      if (*got != part.size()) {
        return fail({.code = ErrorCode::kCorrupt,
                     .message = "a log slot has become shorter",
                     .index = {},
                     .offset = from - piece.offset + *got});
      }
    }
    return out;
  }

 private:
  void add(Piece piece) {
    piece.offset = size_;
    piece.bytes += piece.content.size();
    size_ += piece.bytes;
    pieces_.push_back(std::move(piece));
  }

  std::vector<Piece> pieces_;
  std::uint64_t size_{};
};

}  // namespace

Result<std::unique_ptr<LogFiles::Export>> LogFiles::begin_export(File* base) {
  const Impl& log = *impl_;
  const auto base_bytes = base == nullptr ? Result<std::uint64_t>(0) : base->size();
  if (!base_bytes) {
    return fail(base_bytes.error());
  }
  ExportHeader header{.store = log.head.store,
                      .generation = log.generation,
                      .first = log.segments.empty() ? Index{1} : log.segments.front().header.base(),
                      .last = log.head.durable,
                      .before = {},
                      .chain = log.durable.chain,
                      .base_bytes = *base_bytes,
                      .segments = {}};
  std::vector<File*> files;
  for (const LogSegment& segment : log.segments) {
    const bool is_last = &segment == &log.segments.back();
    header.segments.push_back(
        {.sequence = segment.header.sequence, .bytes = is_last ? log.durable.offset : segment.end});
    files.push_back(segment.slot.file.get());
  }
  if (!log.segments.empty()) {
    header.before = log.segments.front().header.before.chain;
  }
  return std::make_unique<LogExport>(header, files, base);
}

}  // namespace tablog::storage
