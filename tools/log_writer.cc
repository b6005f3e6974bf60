#include "tools/log_writer.h"

#include <cassert>
#include <random>

#include "log/chain.h"
#include "log/frame.h"

namespace tablog::tools {

namespace {

std::uint64_t random_salt() {
  std::random_device random;
  return std::uint64_t{random()} << 32U | random();
}

}  // namespace

Result<LogWriter> LogWriter::create(const std::string& path, const LogStart& start) {
  auto whole = NewFile::create(path);
  if (!whole) {
    return fail(whole.error());
  }
  auto body = NewFile::create(path + ".segments");
  if (!body) {
    return fail(body.error());
  }
  return LogWriter(start, *std::move(whole), *std::move(body));
}

Result<void> LogWriter::add_base(ByteView piece) {
  assert(segments_.empty());
  base_bytes_ += piece.size();
  return body_.append(piece);
}

Result<void> LogWriter::begin_segment() {
  std::optional<Predecessor> predecessor;
  if (!segments_.empty()) {
    segments_.back().bytes = offset();
    predecessor = {segments_.back().sequence, salt_, offset()};
  }
  segment_begin_ = body_.bytes();
  salt_ = random_salt();
  segments_.push_back({.sequence = segments_.size() + 1});
  if (auto written = body_.append(encode_segment_header({.store = start_.store,
                                                         .generation = start_.generation,
                                                         .sequence = segments_.size(),
                                                         .salt = salt_,
                                                         .before = committed_,
                                                         .predecessor = predecessor}));
      !written) {
    return written;
  }
  committed_bytes_ = body_.bytes();
  return {};
}

Result<void> LogWriter::write_frame() {
  const auto written = body_.append(frame_);
  frame_.clear();
  return written;
}

Result<void> LogWriter::add(const Entry& entry, ByteView encoded) {
  assert(entry.index == next(position_.index));
  const bool between_batches = position_.index == committed_.index;
  if (segments_.empty() || (between_batches && offset() >= kSegmentBytes)) {
    if (auto begun = begin_segment(); !begun) {
      return begun;
    }
  }
  position_ = {.index = entry.index,
               .chain = extend_chain(position_.chain, encoded),
               .term = entry.term,
               .time_ms = entry.time_ms,
               .digest = {}};
  append_entry_frame(frame_, {salt_, offset(), committed_.index}, entry.index, encoded);
  return write_frame();
}

Result<void> LogWriter::commit(const Digest& digest) {
  assert(position_.index > committed_.index);
  append_commit_frame(frame_, {salt_, offset(), committed_.index},
                      {.first = next(committed_.index),
                       .last = position_.index,
                       .term = position_.term,
                       .time_ms = position_.time_ms,
                       .chain = position_.chain,
                       .digest = digest});
  position_.digest = digest;
  if (auto written = write_frame(); !written) {
    return written;
  }
  committed_ = position_;
  committed_bytes_ = body_.bytes();
  return {};
}

Result<ExportHeader> LogWriter::finish() {
  // A log without entries has a segment too, which says whose it is and where it begins.
  if (segments_.empty() && (start_.before.index > Index{} || !start_.store.is_zero())) {
    if (auto begun = begin_segment(); !begun) {
      return fail(begun.error());
    }
  }
  if (!segments_.empty()) {
    if (auto cut = body_.cut(committed_bytes_); !cut) {
      return fail(cut.error());
    }
    segments_.back().bytes = offset();
  }
  const ExportHeader header{.store = start_.store,
                            .generation = start_.generation,
                            .first = next(start_.before.index),
                            .last = committed_.index,
                            .before = start_.before.chain,
                            .chain = committed_.chain,
                            .base_bytes = base_bytes_,
                            .segments = segments_};
  Result<void> done = whole_.append(encode_export_header(header));
  if (done) done = whole_.append_from(body_);
  if (done) done = whole_.append(encode_export_footer(header));
  if (done) done = whole_.place();
  return done ? Result<ExportHeader>(header) : fail(done.error());
}

}  // namespace tablog::tools
