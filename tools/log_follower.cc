#include "tools/log_follower.h"

#include <algorithm>
#include <cassert>

#include "storage/file_source.h"
#include "tools/reading.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using storage::Slot;

constexpr std::size_t kJointsMax = 1024;
// Every file of the directory is opened to find out where the log goes on. A seal asks for it at
// once; what nothing announces may take so long to be seen.
constexpr milliseconds kLookEvery{200};
// A writer changes several files one after the other; what is damaged stays so.
constexpr milliseconds kPatience{2000};

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

std::string entries_text(Index first, Index last) {
  return (first == last ? "entry " : "entries ") + range_text(first, last);
}

}  // namespace

LogFollower::LogFollower(Source source, Index from)
    : target_(source.target), store_(source.log->store()), source_(std::move(source)) {
  last_ = Index{std::max(from, source_->log->first()).value - 1};
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
  if (joints_.size() > kJointsMax) {
    joints_.pop_front();
  }
  trouble_.reset();
}

// What had been told and is in the log no more.
std::string LogFollower::withdraw(Index kept) {
  const bool one = last_ == tablog::next(kept);
  const std::string text = entries_text(tablog::next(kept), last_) + " had not been durable and " +
                           (one ? "is" : "are") + " not in the log any more: what follows has " +
                           (one ? "its number" : "their numbers");
  last_ = kept;
  while (!joints_.empty() && joints_.back().index > kept) {
    joints_.pop_back();
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
    if (!frame && frame.error().code != ErrorCode::kMalformed &&
        frame.error().code != ErrorCode::kTruncated) {
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
  for (Slot& slot : found->slots) {
    const auto header = header_of(*slot.file);
    if (header && follows(*header, place_->header)) {
      return move_to({std::move(slot.file), *header, begin_of(*header)});
    }
    is_there = is_there || (header && is_same(*header, place_->header));
  }
  if (!is_there) {
    place_.reset();
    return Again{};
  }
  return Nothing{};
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
                          : header_of(*slot->file);
  if (!header || header->sequence != last.sequence || found->directory != directory_) {
    return;  // changed meanwhile: opened again
  }
  if (joints_.empty() || joints_.back().index != end.index) {
    told(end.index, end.chain);
  }
  place_ = Place{std::move(slot->file), *header, {last.bytes, end.index, end.chain}};
  looked_around_ = {};
}

LogFollower::Step LogFollower::open_again() {
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
  if (!trouble_) {
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
  const auto joint = other || joints_.empty() ? Result<Index>(Index{}) : find_joint(log);
  if (!joint) {
    return fail(joint.error());
  }
  if (*joint > Index{}) {
    if (*joint < last_) note = withdraw(*joint);
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
    joints_.clear();
    last_ = Index{log.first().value - 1};
  }
  store_ = log.store();
  const auto sought = log.seek(tablog::next(last_));
  return sought ? Result<std::string>(std::move(note)) : fail(sought.error());
}

// The last batch of those told that the log has too; zero: none.
Result<Index> LogFollower::find_joint(storage::LogReader& log) const {
  const Index from = std::max(joints_.front().index, log.first());
  if (from > std::min(log.last(), last_)) {
    return Index{};
  }
  if (const auto sought = log.seek(from); !sought) {
    return fail(sought.error());
  }
  Index joint;
  for (auto told = joints_.begin(); told != joints_.end();) {
    const auto frame = log.next();
    if (!frame) {
      return fail(frame.error());
    }
    if (!*frame) {
      break;
    }
    if (const auto& commit = (*frame)->commit) {
      told = std::ranges::find_if(told, joints_.end(),
                                  [&](const Joint& each) { return each.index >= commit->last; });
      if (told != joints_.end() && told->index == commit->last && told->chain == commit->chain) {
        joint = commit->last;
      }
      if (commit->last >= last_) {
        break;
      }
    }
  }
  return joint;
}

}  // namespace tablog::tools
