#include "log/segment_walk.h"

#include "log/chain.h"
#include "log/size.h"

namespace tablog {

namespace {

template <class T>
Result<void> keep(Result<T> decoded, std::optional<T>& to) {
  if (!decoded) {
    return fail(std::move(decoded).error());
  }
  to = *std::move(decoded);
  return {};
}

}  // namespace

SegmentWalk::SegmentWalk(ByteSource& source, std::uint64_t salt, const WalkPosition& from,
                         Start start, std::uint64_t end)
    : window_(source, end), salt_(salt), position_(from) {
  if (start == Start::kBetweenBatches) {
    batch_first_ = tablog::next(from.index);
  }
}

Result<WalkedFrame> SegmentWalk::next() {
  Result<WalkedFrame> frame = decode();
  if (frame) {
    if (const auto accepted = accept(*frame); !accepted) {
      frame = fail(accepted.error());
    }
  }
  if (!frame && (frame.error().code == ErrorCode::kMalformed ||
                 frame.error().code == ErrorCode::kTruncated)) {
    frame.error().index = tablog::next(position_.index);
    frame.error().offset = position_.offset;
  }
  return frame;
}

Result<WalkedFrame> SegmentWalk::decode() {
  const auto head = window_.view(position_.offset, kFrameHeaderBytes);
  if (!head) {
    return fail(head.error());
  }
  const auto header = decode_frame_header(*head, salt_, position_.offset);
  if (!header) {
    return fail(header.error());
  }
  const auto whole = window_.view(position_.offset, to_size(frame_bytes(header->body_bytes)));
  if (!whole) {
    return fail(whole.error());
  }
  if (whole->size() < frame_bytes(header->body_bytes)) {
    return fail(ErrorCode::kTruncated, "a frame is longer than what is left");
  }
  WalkedFrame frame{.header = *header,
                    .offset = position_.offset,
                    .body = whole->subspan(kFrameHeaderBytes, header->body_bytes)};
  Result<void> verified;
  switch (header->kind) {
    case FrameKind::kEntry:
      verified = verify_body(*header, frame.body);
      break;
    case FrameKind::kCommit:
      verified = keep(decode_commit(*header, frame.body), frame.commit);
      break;
    case FrameKind::kSeal:
      verified = keep(decode_seal(*header, frame.body), frame.seal);
      break;
  }
  if (!verified) {
    return fail(verified.error());
  }
  return frame;
}

Result<void> SegmentWalk::accept(const WalkedFrame& frame) {
  const Index last = position_.index;
  switch (frame.header.kind) {
    case FrameKind::kEntry:
      if (frame.header.index != tablog::next(last)) {
        return fail(ErrorCode::kMalformed, "an entry is out of order");
      }
      position_.index = frame.header.index;
      position_.chain = extend_chain(position_.chain, frame.body);
      break;
    case FrameKind::kCommit:
      if (frame.commit->last != last || (batch_first_ && frame.commit->first != *batch_first_)) {
        return fail(ErrorCode::kMalformed,
                    "a commit frame names other entries than stand before it");
      }
      if (frame.commit->chain != position_.chain) {
        return fail(ErrorCode::kMalformed, "the hash chain does not match the commit frame");
      }
      batch_first_ = tablog::next(last);
      break;
    case FrameKind::kSeal:
      if (frame.header.index != last || frame.seal->chain != position_.chain ||
          (batch_first_ && *batch_first_ != tablog::next(last))) {
        return fail(ErrorCode::kMalformed, "a seal does not match what stands before it");
      }
      break;
  }
  position_.offset += frame_bytes(frame.header.body_bytes);
  return {};
}

}  // namespace tablog
