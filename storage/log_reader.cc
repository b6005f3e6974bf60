#include "storage/log_reader.h"

#include <algorithm>
#include <cassert>

#include "log/size.h"
#include "storage/file_source.h"
#include "storage/log_slots.h"

namespace tablog::storage {

namespace {

struct ReadSegment {
  SegmentHeader header{};
  std::string name{};
  std::unique_ptr<ByteSource> source{};
  std::uint64_t capacity{};
  std::uint64_t end{};  // behind the last commit frame that counts
};

std::string to_text(std::uint64_t number) {
  return std::to_string(number);
}

// Where an export begins, its header and its first segment say both; where it ends, the walk finds
// out, but for one without segments.
bool agree(const ExportHeader& header, const std::vector<FoundSegment>& found) {
  const LogPosition before = found.empty() ? LogPosition{} : found.front().header.before;
  const bool begins = header.first == next(before.index) && header.before == before.chain;
  return begins &&
         (!found.empty() || (header.last == before.index && header.chain == before.chain));
}

}  // namespace

struct LogReader::Impl {
  std::vector<ReadSegment> segments{};
  std::shared_ptr<ByteSource> base{};  // of an export
  std::uint64_t base_bytes{};
  Generation generation{};
  LogPosition end{};
  std::optional<TornTail> torn_tail{};
  std::string torn_why{};
  std::optional<Error> damage{};  // in the last segment, behind its last whole batch
  std::string last_proof{};       // why nothing of the last segment may be missing

  std::size_t current{};  // segment of `walk`
  std::optional<SegmentWalk> walk{};
  bool in_batch{};  // the last frame that the walk gave is an entry's
  std::optional<Error> failed{};

  [[nodiscard]] const ReadSegment* segment_of(std::uint64_t sequence) const;
  void begin(std::size_t segment);
  [[nodiscard]] Result<void> check_join() const;
  [[nodiscard]] Result<std::optional<LogFrame>> step();
  [[nodiscard]] std::string proof() const;
};

// ---- opening

Result<std::unique_ptr<LogReader>> LogReader::from_slots(std::vector<Slot> slots, Index proven,
                                                         Index base) {
  auto sorted = sort_slots(slots, base);
  if (!sorted) {
    return fail(sorted.error());
  }
  auto impl = std::make_unique<Impl>();
  for (const FoundSegment& found : sorted->segments) {
    if (!impl->segments.empty()) {
      impl->segments.back().end = found.header.predecessor->end;
    }
    Slot& slot = slots[found.slot];
    impl->segments.push_back({.header = found.header,
                              .name = slot.name,
                              .source = std::make_unique<OwnedFileSource>(std::move(slot.file)),
                              .capacity = found.size});
  }
  if (impl->segments.empty()) {
    if (proven > Index{}) {
      return fail({.code = ErrorCode::kCorrupt,
                   .message = "there is no log, and entry " + to_text(proven.value) +
                              " is proven to have been flushed",
                   .index = Index{1},
                   .offset = {}});
    }
    return std::unique_ptr<LogReader>(new LogReader(std::move(impl)));
  }
  ReadSegment& last = impl->segments.back();
  impl->generation = last.header.generation;
  impl->last_proof = "it stands before a whole batch";
  // Found out now, told by next() where it comes to it: what stands before the damage can be read.
  auto end = find_end(*last.source, last.header, last.capacity, {.index = proven});
  if (!end) {
    if (end.error().code != ErrorCode::kCorrupt) {
      return fail(end.error());
    }
    impl->damage = end.error();
    end = find_end(*last.source, last.header, *end.error().offset, {});
    if (!end) {
      return fail(end.error());
    }
  } else if (end->seal) {
    impl->damage = Error{.code = ErrorCode::kCorrupt,
                         .message = "segment " + to_text(end->seal->sequence) +
                                    " is missing: the one before it names it",
                         .index = tablog::next(end->log.index),
                         .offset = end->offset};
  } else if (end->torn_bytes > 0) {
    impl->torn_tail = TornTail{.after = end->log.index,
                               .slot = last.name,
                               .offset = end->offset,
                               .bytes = end->torn_bytes};
    impl->torn_why = end->torn_why;
  }
  last.end = end->offset;
  impl->end = end->log;
  impl->begin(0);
  return std::unique_ptr<LogReader>(new LogReader(std::move(impl)));
}

Result<std::unique_ptr<LogReader>> LogReader::from_export(std::unique_ptr<File> file) {
  const auto size = file->size();
  if (!size) {
    return fail(size.error());
  }
  const auto source = std::make_shared<OwnedFileSource>(std::move(file));
  const auto header = read_export_header(*source, *size);
  if (!header) {
    return fail(header.error());
  }
  auto impl = std::make_unique<Impl>();
  impl->generation = header->generation;
  impl->end = {.index = header->last, .chain = header->chain};
  impl->last_proof =
      "the export's header names entry " + to_text(header->last.value) + " as its last";
  std::vector<FoundSegment> found;
  impl->base_bytes = header->base_bytes;
  impl->base = std::make_shared<SubSource>(source, header->header_bytes(), header->base_bytes);
  std::uint64_t offset = header->header_bytes() + header->base_bytes;
  for (const ExportedSegment& exported : header->segments) {
    auto part = std::make_unique<SubSource>(source, offset, exported.bytes);
    const auto segment = tablog::read_segment_header(*part);
    if (!segment && segment.error().code == ErrorCode::kStorageUnavailable) {
      return fail(segment.error());
    }
    if (!segment || segment->sequence != exported.sequence || segment->store != header->store) {
      return fail({.code = ErrorCode::kCorrupt,
                   .message = "the header of exported segment " + to_text(exported.sequence) +
                              " does not verify",
                   .index = {},
                   .offset = offset});
    }
    found.push_back({*segment, found.size(), exported.bytes});
    impl->segments.push_back({.header = *segment,
                              .name = "segment " + to_text(exported.sequence),
                              .source = std::move(part),
                              .capacity = exported.bytes,
                              .end = exported.bytes});
    offset += exported.bytes;
  }
  // Which entry the base is of it says itself; here only that it is no earlier one could be told.
  const Index base = header->base_bytes > 0 ? Index{header->first.value - 1} : Index{};
  if (const auto linked = link_segments(found, base); !linked) {
    return fail(linked.error());
  }
  if (!agree(*header, found)) {
    return fail({.code = ErrorCode::kCorrupt,
                 .message = "the export's header names other entries than its segments begin with",
                 .index = header->first,
                 .offset = 0});
  }
  if (!impl->segments.empty()) {
    impl->begin(0);
  }
  return std::unique_ptr<LogReader>(new LogReader(std::move(impl)));
}

// ---- reading

void LogReader::Impl::begin(std::size_t segment) {
  current = segment;
  in_batch = false;
  const ReadSegment& read = segments[segment];
  walk.emplace(*read.source, read.header.salt, begin_of(read.header),
               SegmentWalk::Start::kBetweenBatches, read.end);
}

std::string LogReader::Impl::proof() const {
  return current + 1 < segments.size()
             ? "segment " + to_text(segments[current + 1].header.sequence) + " goes on behind it"
             : last_proof;
}

// The walk stands at its segment's end: that has to be where the next one, or the log's end,
// begins.
Result<void> LogReader::Impl::check_join() const {
  if (in_batch) {
    return fail({.code = ErrorCode::kMalformed,
                 .message = "the last batch has no commit frame",
                 .index = walk->position().index,
                 .offset = walk->position().offset});
  }
  const bool is_last = current + 1 == segments.size();
  const Index index = is_last ? end.index : segments[current + 1].header.before.index;
  const ChainHash& chain = is_last ? end.chain : segments[current + 1].header.before.chain;
  if (walk->position().index == index && walk->position().chain == chain) {
    return {};
  }
  return fail({.code = ErrorCode::kMalformed,
               .message = "the segment does not end where " + proof(),
               .index = tablog::next(walk->position().index),
               .offset = walk->position().offset});
}

Result<std::optional<LogFrame>> LogReader::Impl::step() {
  while (walk) {
    const ReadSegment& segment = segments[current];
    if (walk->position().offset >= segment.end) {
      if (const auto joined = check_join(); !joined) {
        return fail(joined.error());
      }
      if (current + 1 < segments.size()) {
        begin(current + 1);
        continue;
      }
      walk.reset();
      break;
    }
    const auto frame = walk->next();
    if (!frame) {
      return fail(frame.error());
    }
    in_batch = frame->header.kind == FrameKind::kEntry;
    return LogFrame{.slot = segment.name,
                    .sequence = segment.header.sequence,
                    .offset = frame->offset,
                    .header = frame->header,
                    .body = frame->body,
                    .chain = walk->position().chain,
                    .commit = frame->commit};
  }
  if (damage) {  // also where seek() went behind the last entry
    return fail(*damage);
  }
  return std::nullopt;
}

Result<std::optional<LogFrame>> LogReader::next() {
  if (impl_->failed) {
    return fail(*impl_->failed);
  }
  const std::string slot = impl_->walk               ? impl_->segments[impl_->current].name
                           : impl_->segments.empty() ? std::string()
                                                     : impl_->segments.back().name;
  auto frame = impl_->step();
  if (!frame) {
    frame.error() = to_corrupt(frame.error(), impl_->proof());
    if (frame.error().code == ErrorCode::kCorrupt) {
      frame.error().message = slot + ": " + frame.error().message;
    }
    impl_->failed = frame.error();
  }
  return frame;
}

Result<void> LogReader::seek(Index index) {
  impl_->failed.reset();
  impl_->walk.reset();
  if (impl_->segments.empty() || index > last()) {
    return {};
  }
  const auto behind = std::ranges::upper_bound(
      impl_->segments, index, {}, [](const ReadSegment& segment) { return segment.header.base(); });
  if (behind == impl_->segments.begin()) {
    return fail({.code = ErrorCode::kCompacted,
                 .message = "the log begins with entry " + to_text(first().value),
                 .index = first(),
                 .offset = {}});
  }
  impl_->begin(static_cast<std::size_t>(behind - impl_->segments.begin()) - 1);
  while (impl_->walk->position().index.value + 1 < index.value) {
    const auto frame = next();
    if (!frame) {
      return fail(frame.error());
    }
  }
  // A commit frame may stand between this entry and the one before it.
  SegmentWalk here = *impl_->walk;
  const auto frame = here.next();
  if (frame && frame->commit) {
    impl_->walk = std::move(here);
    impl_->in_batch = false;
  }
  return {};
}

// ---- an outline

const ReadSegment* LogReader::Impl::segment_of(std::uint64_t sequence) const {
  const auto found = std::ranges::find(
      segments, sequence, [](const ReadSegment& segment) { return segment.header.sequence; });
  return found == segments.end() ? nullptr : &*found;
}

Result<std::vector<LogReader::Batch>> LogReader::outline(std::uint64_t sequence) {
  std::vector<Batch> batches;
  const ReadSegment* segment = impl_->segment_of(sequence);
  if (segment == nullptr) return batches;
  Window window(*segment->source, segment->end);
  std::uint64_t first = kSegmentHeaderBytes;  // frame of the batch
  for (std::uint64_t offset = first; offset < segment->end;) {
    const auto view = window.view(offset, kCommitFrameBytes);
    if (!view) return fail(view.error());
    const auto header = decode_frame_header(*view, segment->header.salt, offset);
    if (!header) break;
    const std::uint64_t begin = offset;
    offset += frame_bytes(header->body_bytes);
    if (header->kind == FrameKind::kSeal) break;
    if (header->kind != FrameKind::kCommit) continue;
    if (view->size() < kCommitFrameBytes || header->body_bytes != kCommitBodyBytes) break;
    const auto commit = decode_commit(*header, view->subspan(kFrameHeaderBytes, kCommitBodyBytes));
    if (!commit) break;
    batches.push_back({*commit, sequence, first});
    first = begin + kCommitFrameBytes;
  }
  return batches;
}

Result<Bytes> LogReader::first_entry(const Batch& batch) {
  const ReadSegment* segment = impl_->segment_of(batch.sequence);
  assert(segment != nullptr);
  const WalkPosition begin{batch.offset, Index{batch.commit.first.value - 1}, {}};
  SegmentWalk walk(*segment->source, segment->header.salt, begin, SegmentWalk::Start::kInBatch,
                   segment->end);
  const auto frame = walk.next();
  if (!frame) return fail(to_corrupt(frame.error(), "it stands before a commit frame"));
  return Bytes(frame->body.begin(), frame->body.end());
}

// ---- telling

LogReader::LogReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LogReader::~LogReader() = default;

StoreId LogReader::store() const {
  return impl_->segments.empty() ? StoreId{} : impl_->segments.front().header.store;
}
Generation LogReader::generation() const {
  return impl_->generation;
}
Index LogReader::first() const {
  return impl_->segments.empty() ? Index{1} : impl_->segments.front().header.base();
}
LogPosition LogReader::begin() const {
  return impl_->segments.empty() ? LogPosition{} : impl_->segments.front().header.before;
}
Index LogReader::last() const {
  return impl_->end.index;
}
const LogPosition& LogReader::end() const {
  return impl_->end;
}
std::uint64_t LogReader::base_bytes() const {
  return impl_->base_bytes;
}
Result<Bytes> LogReader::base() const {
  Bytes image(to_size(impl_->base_bytes));
  if (image.empty()) {
    return image;
  }
  const auto got = impl_->base->read(0, image);
  if (!got) {
    return fail(got.error());
  }
  if (*got != image.size()) {
    return fail(ErrorCode::kCorrupt, "the export's base is cut");
  }
  return image;
}
const std::optional<TornTail>& LogReader::torn_tail() const {
  return impl_->torn_tail;
}
std::string_view LogReader::torn_why() const {
  return impl_->torn_why;
}

std::vector<SegmentInfo> LogReader::segments() const {
  std::vector<SegmentInfo> infos;
  for (const ReadSegment& segment : impl_->segments) {
    if (!infos.empty()) {
      infos.back().last = segment.header.before.index;
      infos.back().sealed = true;
    }
    infos.push_back({.slot = segment.name,
                     .sequence = segment.header.sequence,
                     .generation = segment.header.generation,
                     .term = segment.header.before.term,
                     .base = segment.header.base(),
                     .last = impl_->end.index,
                     .bytes = segment.end,
                     .capacity = segment.capacity,
                     .sealed = false});
  }
  return infos;
}

}  // namespace tablog::storage
