#include "tools/log_follower.h"

#include <algorithm>
#include <iterator>
#include <span>

#include "storage/file_source.h"
#include "tools/reading.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using storage::Slot;

constexpr std::size_t kJointsMax = 4096;  // of batches, and of segments
// Every file of the directory is opened to find out where the log goes on. A seal asks for it at
// once; what nothing announces may take so long to be seen.
constexpr milliseconds kLookEvery{200};
// A writer changes several files one after the other; what is damaged stays so.
constexpr milliseconds kPatience{2000};
// Opening the log reads its last segment: not at every look. A torn tail stays until a leader
// comes, so what turned out not to be damage is judged ever less often.
constexpr milliseconds kJudgeEvery{500};
constexpr milliseconds kJudgePauseMax{8000};
constexpr std::size_t kLookedAtBytes = 256U << 10U;  // behind the place, for other than zeros

Result<SegmentHeader> header_of(storage::File& file) {
  Bytes bytes(kSegmentHeaderBytes);
  const auto got = file.read(0, bytes);
  return got ? decode_segment_header(ByteView(bytes).first(*got)) : fail(got.error());
}

bool is_same(const SegmentHeader& a, const SegmentHeader& b) {
  return a.store == b.store && a.sequence == b.sequence && a.salt == b.salt;
}

bool follows(const SegmentHeader& after, const SegmentHeader& before) {
  return after.store == before.store && after.sequence == before.sequence + 1 &&
         after.predecessor && after.predecessor->salt == before.salt;
}

// The same damage: what proves it grows with the log.
bool is_same(const Error& a, const Error& b) {
  return a.code == b.code && a.index == b.index && a.offset == b.offset;
}

bool is_verdict(const Error& error) {
  return error.code == ErrorCode::kMalformed || error.code == ErrorCode::kTruncated;
}

// The chain hash behind an entry of the log, or before its first one.
Result<ChainHash> chain_at(storage::LogReader& log, Index index) {
  if (index == log.last()) {
    return log.end().chain;
  }
  if (index < log.first()) {
    return log.begin().chain;
  }
  if (const auto sought = log.seek(index); !sought) {
    return fail(sought.error());
  }
  while (true) {
    const auto frame = log.next();
    if (!frame) {
      return fail(frame.error());
    }
    if (!*frame) {
      return fail(ErrorCode::kCorrupt, "the log ends before its last entry");
    }
    if (!(*frame)->commit && (*frame)->header.index >= index) {
      return (*frame)->chain;
    }
  }
}

// A segment that others follow may be cut without its header telling.
Result<void> whole_files(const Source& source) {
  const auto segments = source.log->segments();
  for (const storage::SegmentInfo& each : segments) {
    if (each.bytes > each.capacity && each.last > source.base) {
      return fail({.code = ErrorCode::kCorrupt,
                   .message = each.slot + ": the file ends before its segment does, which the " +
                              "segment behind it proves to have been flushed",
                   .index = each.base,
                   .offset = each.capacity});
    }
  }
  return {};
}

std::string entries_text(Index first, Index last) {
  return (first == last ? "entry " : "entries ") + range_text(first, last);
}

}  // namespace

LogFollower::LogFollower(Source source, Index from)
    : target_(source.target), store_(source.log->store()), source_(std::move(source)) {
  last_ = Index{std::max(from, source_->log->first()).value - 1};
  passed_ = last_;
  static_cast<void>(source_->log->seek(tablog::next(last_)));  // next() tells what failed
  if (const auto found = open_log_slots(target_)) directory_ = found->directory;
}

Result<std::optional<News>> LogFollower::next() {
  while (true) {
    Step step = source_ ? read_source() : place_ ? read_segment() : open_again();
    if (!step) {
      return fail(step.error());
    }
    if (auto* news = std::get_if<News>(&*step)) {
      return std::move(*news);
    }
    if (std::holds_alternative<Nothing>(*step)) {
      return std::nullopt;
    }
  }
}

void LogFollower::told(Index index, const ChainHash& chain) {
  last_ = index;
  joints_.push_back({index, chain});
  if (joints_.size() > kJointsMax) {  // of the older half every other one goes
    std::deque<Joint> fewer;
    for (std::size_t i = 0; i < joints_.size(); ++i) {
      if (i >= kJointsMax / 2 || i % 2 == 0) fewer.push_back(joints_[i]);
    }
    joints_ = std::move(fewer);
  }
  trouble_.reset();
  judge_at_.reset();
}

// What had been told and is in the log no more; empty: nothing of it was.
std::string LogFollower::withdraw(Index kept) {
  const Index first = tablog::next(std::max(kept, passed_));
  std::string text;
  if (first <= last_) {
    const bool one = first == last_;
    text = entries_text(first, last_) + " had not been durable and " + (one ? "is" : "are") +
           " not in the log any more: what follows has " + (one ? "its number" : "their numbers");
  }
  last_ = kept;
  passed_ = std::min(passed_, kept);
  for (auto* joints : {&joints_, &ends_}) {
    while (!joints->empty() && joints->back().index > kept) {
      joints->pop_back();
    }
  }
  return text;
}

// ---- in a segment

LogFollower::Step LogFollower::read_segment() {
  const auto size = place_->file->size();
  if (!size) {
    return patient(size.error());
  }
  // Made anew each time: what it has read ahead may have been written since.
  storage::FileSource source(*place_->file);
  SegmentWalk walk(source, place_->header.salt, place_->at, SegmentWalk::Start::kBetweenBatches,
                   *size);
  News news;
  while (true) {
    const auto frame = walk.next();
    if (!frame && !is_verdict(frame.error())) {
      return patient(frame.error());
    }
    if (!frame) {  // it ends here, or a batch is on its way
      return Clock::now() - looked_around_ < kLookEvery ? Step(Nothing{}) : look_around();
    }
    if (frame->seal) {
      return look_around();
    }
    if (frame->commit) {
      place_->at = walk.position();
      told(frame->commit->last, frame->commit->chain);
      return news;
    }
    auto entry = entry_in(frame->header, frame->offset, frame->body);
    if (!entry) {
      return fail(entry.error());
    }
    news.entries.push_back(*std::move(entry));
  }
}

LogFollower::Step LogFollower::look_around() {
  looked_around_ = Clock::now();
  auto found = open_log_slots(target_);
  if (!found || found->directory != directory_) {
    place_.reset();
    return Again{};
  }
  bool is_there = false;
  std::vector<Seen> seen;
  for (Slot& slot : found->slots) {
    const auto header = header_of(*slot.file);
    if (!header) {
      continue;
    }
    if (follows(*header, place_->header)) {
      return move_to({std::move(slot.file), *header, begin_of(*header)});
    }
    if (header->store == store_) {
      seen.push_back({header->salt, slot.file->size().value_or(0)});
    }
    if (is_same(*header, place_->header)) {
      is_there = true;
      place_->file = std::move(slot.file);  // it may have been put in place of the one before
    }
  }
  const bool shrank = std::ranges::any_of(seen_, [&](const Seen& before) {
    return std::ranges::none_of(seen, [&](const Seen& now) {
      return now.salt == before.salt && now.bytes >= before.bytes;
    });
  });
  seen_ = std::move(seen);
  if (!is_there || shrank) {  // by a compaction, or something else
    place_.reset();
    return Again{};
  }
  return suspect();
}

// Nothing follows yet. A batch on its way is seen for a moment.
LogFollower::Step LogFollower::suspect() {
  const auto now = Clock::now();
  if (!is_strange()) {
    trouble_.reset();
    judge_at_.reset();
  } else if (!judge_at_) {
    judge_pause_ = kJudgeEvery;
    judge_at_ = now + judge_pause_;
  } else if (now >= *judge_at_) {
    judge_pause_ = std::min(2 * judge_pause_, kJudgePauseMax);
    judge_at_ = now + judge_pause_;
    place_.reset();
    return Again{};
  }
  return Nothing{};
}

// The batch before the place is not there, or something is behind it.
bool LogFollower::is_strange() {
  storage::File& file = *place_->file;
  const WalkPosition& at = place_->at;
  if (at.offset > kSegmentHeaderBytes) {
    Bytes bytes(kCommitFrameBytes);
    const std::uint64_t offset = at.offset - kCommitFrameBytes;
    const auto got = file.read(offset, bytes);
    if (got.value_or(0) < bytes.size()) {
      return true;
    }
    const auto header = decode_frame_header(bytes, place_->header.salt, offset);
    const auto commit = header && header->kind == FrameKind::kCommit
                            ? decode_commit(*header, ByteView(bytes).subspan(kFrameHeaderBytes))
                            : fail(ErrorCode::kMalformed, "not a commit frame");
    if (!commit || commit->chain != at.chain) {
      return true;
    }
  }
  Bytes behind(kLookedAtBytes);
  const auto got = file.read(at.offset, behind);
  behind.resize(got.value_or(0));
  return std::ranges::any_of(behind, [](std::byte each) { return each != std::byte{}; });
}

LogFollower::Step LogFollower::move_to(Place successor) {
  const std::uint64_t end = successor.header.predecessor->end;
  const WalkPosition& at = place_->at;
  const LogPosition& before = successor.header.before;
  if (at.offset < end || (at.offset == end && before.chain != at.chain)) {
    if (behind_ != at.offset) {  // written since it was read
      behind_ = at.offset;
      looked_around_ = {};
      return Again{};
    }
    return patient(
        to_corrupt({.code = ErrorCode::kMalformed,
                    .message = "what stands there is not a whole batch",
                    .index = tablog::next(at.index),
                    .offset = at.offset},
                   "segment " + std::to_string(successor.header.sequence) + " goes on behind it"));
  }
  News news;
  if (at.offset > end) {
    news.note = withdraw(before.index);
  }
  ends_.push_back({before.index, before.chain});
  if (ends_.size() > kJointsMax) {
    ends_.pop_front();
  }
  seen_.clear();
  judge_at_.reset();
  place_ = std::move(successor);
  trouble_.reset();
  return news.note.empty() ? Step(Again{}) : Step(std::move(news));
}

// ---- the directory as a whole

LogFollower::Step LogFollower::read_source() {
  News news;
  while (true) {
    auto step = next_step(*source_->log);
    if (!step) {
      source_.reset();
      return patient(step.error());
    }
    if (!*step) {
      settle();
      source_.reset();
      return place_ ? Step(Again{}) : Step(Nothing{});
    }
    if (auto& entry = (*step)->entry) {
      news.entries.push_back(std::move(*entry));
    } else if (!news.entries.empty()) {
      told((*step)->frame.commit->last, (*step)->frame.commit->chain);
      return news;
    }
  }
}

// The source was read to its end: where that is.
void LogFollower::settle() {
  const std::vector<storage::SegmentInfo> all = source_->log->segments();
  const std::span segments(all);
  auto found = open_log_slots(target_);
  if (segments.empty() || !found) {
    return;
  }
  const storage::SegmentInfo& last = segments.back();
  const LogPosition& end = source_->log->end();
  const auto slot = std::ranges::find(found->slots, last.slot, &Slot::name);
  const auto header = slot == found->slots.end()
                          ? fail(ErrorCode::kStorageUnavailable, "the slot is gone")
                          : header_of(*slot->file);
  if (!header || header->sequence != last.sequence || found->directory != directory_) {
    return;  // changed meanwhile: opened again
  }
  if (joints_.empty() || joints_.back().index != end.index) {
    told(end.index, end.chain);
  }
  ends_.clear();
  for (const storage::SegmentInfo& segment : segments.last(std::min(segments.size(), kJointsMax))) {
    const auto of = std::ranges::find(found->slots, segment.slot, &Slot::name);
    const auto begins = of == found->slots.end() ? fail(ErrorCode::kStorageUnavailable, "gone")
                                                 : header_of(*of->file);
    if (begins && begins->store == store_ && begins->sequence == segment.sequence) {
      ends_.push_back({begins->before.index, begins->before.chain});
    }
  }
  trouble_.reset();
  seen_.clear();
  place_ = Place{std::move(slot->file), *header, {last.bytes, end.index, end.chain}};
  looked_around_ = {};
}

LogFollower::Step LogFollower::open_again() {
  if (trouble_ && Clock::now() - opened_ < kJudgeEvery) {
    return Nothing{};
  }
  opened_ = Clock::now();
  auto found = open_log_slots(target_);
  directory_ = found ? found->directory : "";
  auto source = open_source(target_);
  if (!source) {
    const ErrorCode code = source.error().code;
    const bool gone = code == ErrorCode::kInvalidArgument || code == ErrorCode::kStorageUnavailable;
    return gone ? absent() : patient(source.error());
  }
  if (source->log->segments().empty()) {
    return Nothing{};  // a store that nothing was appended to yet
  }
  is_absent_ = false;
  if (const auto whole = whole_files(*source); !whole) {
    return patient(whole.error());
  }
  const auto note = join(*source->log);
  if (!note) {
    return patient(note.error());
  }
  source_ = *std::move(source);
  return note->empty() ? Step(Again{}) : Step(News{.note = *note});
}

LogFollower::Step LogFollower::absent() {
  if (is_absent_) {
    return Nothing{};
  }
  is_absent_ = true;
  return News{.note = "the store's files are gone: waiting for them to come again"};
}

LogFollower::Step LogFollower::patient(Error error) {
  const auto now = Clock::now();
  if (!trouble_ || !is_same(*trouble_, error)) {
    trouble_since_ = now;
  } else if (now - trouble_since_ >= kPatience) {
    return fail(std::move(error));
  }
  trouble_ = std::move(error);
  return Nothing{};
}

// ---- where what was told and what is there now meet

// Seeks the first entry to tell; what there is to say of it.
Result<std::string> LogFollower::join(storage::LogReader& log) {
  std::string note;
  const bool other = log.store() != store_;
  if (!other && log.last() < last_) {  // what is damaged, not gone, is not taken back
    auto ends = log.seek(tablog::next(log.last()));
    if (const auto frame = log.next(); !frame) ends = fail(frame.error());
    if (!ends) return fail(ends.error());
  }
  const auto joint = other ? Result<std::optional<Index>>(std::nullopt) : find_joint(log);
  if (!joint) {
    return fail(joint.error());
  }
  if (*joint) {
    if (**joint < last_) note = withdraw(std::max(**joint, std::min(passed_, log.last())));
  } else if (!other && joints_.empty() && ends_.empty()) {
    last_ = std::clamp(last_, Index{log.first().value - 1}, log.last());
  } else {
    if (!other && log.first() > last_) {
      if (log.first() > tablog::next(last_)) {
        const Index lost{log.first().value - 1};
        note = entries_text(tablog::next(last_), lost) +
               " went with a compaction before anybody read here";
      }
    } else if (!store_.is_zero()) {
      note =
          "the log was begun anew: store " + to_hex(log.store().bytes) + ", from its first entry";
    }
    joints_.clear();
    ends_.clear();
    last_ = Index{log.first().value - 1};
    passed_ = last_;
  }
  store_ = log.store();
  const auto sought = log.seek(tablog::next(last_));
  return sought ? Result<std::string>(std::move(note)) : fail(sought.error());
}

// The last place known that the log has too. A chain hash is of all before it: the log has the
// places before this one, and none behind it.
Result<std::optional<Index>> LogFollower::find_joint(storage::LogReader& log) const {
  std::vector<Joint> known;
  std::ranges::merge(ends_, joints_, std::back_inserter(known), {}, &Joint::index, &Joint::index);
  std::erase_if(known, [&](const Joint& each) {
    return tablog::next(each.index) < log.first() || each.index > log.last();
  });
  std::optional<Index> joint;
  std::size_t begin = 0;
  std::size_t end = known.size();
  for (bool is_last = true; begin < end; is_last = false) {
    const std::size_t middle = is_last ? end - 1 : begin + (end - begin) / 2;  // mostly all of it
    const auto chain = chain_at(log, known[middle].index);
    if (!chain) {
      return fail(chain.error());
    }
    if (*chain == known[middle].chain) {
      joint = known[middle].index;
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return joint;
}

}  // namespace tablog::tools
