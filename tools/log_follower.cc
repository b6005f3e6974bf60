#include "tools/log_follower.h"

#include <algorithm>

#include "storage/file_source.h"
#include "storage/log_slots.h"
#include "tools/reading.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using storage::read_segment_header;
using storage::Slot;

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
  joints_.add(index, chain);
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
  joints_.cut(kept);
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
    const auto header = read_segment_header(*slot.file);
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
  joints_.add_end(before.index, before.chain);
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
  const auto segments = source_->log->segments();
  auto found = open_log_slots(target_);
  if (segments.empty() || !found) {
    return;
  }
  const storage::SegmentInfo& last = segments.back();
  const LogPosition& end = source_->log->end();
  const auto slot = std::ranges::find(found->slots, last.slot, &Slot::name);
  const auto header = slot == found->slots.end()
                          ? fail(ErrorCode::kStorageUnavailable, "the slot is gone")
                          : read_segment_header(*slot->file);
  if (!header || header->sequence != last.sequence || found->directory != directory_) {
    return;  // changed meanwhile: opened again
  }
  if (joints_.latest() != end.index) {
    told(end.index, end.chain);
  }
  joints_.forget_ends();
  for (const storage::SegmentInfo& segment : segments) {
    const auto of = std::ranges::find(found->slots, segment.slot, &Slot::name);
    const auto begins = of == found->slots.end() ? fail(ErrorCode::kStorageUnavailable, "gone")
                                                 : read_segment_header(*of->file);
    if (begins && begins->store == store_ && begins->sequence == segment.sequence) {
      joints_.add_end(begins->before.index, begins->before.chain);
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
  const auto joint = other ? Result<std::optional<Index>>(std::nullopt) : joints_.find(log);
  if (!joint) {
    return fail(joint.error());
  }
  if (*joint) {
    if (**joint < last_) note = withdraw(std::max(**joint, std::min(passed_, log.last())));
  } else if (!other && joints_.empty()) {
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
    joints_ = {};
    last_ = Index{log.first().value - 1};
    passed_ = last_;
  }
  store_ = log.store();
  const auto sought = log.seek(tablog::next(last_));
  return sought ? Result<std::string>(std::move(note)) : fail(sought.error());
}

}  // namespace tablog::tools
