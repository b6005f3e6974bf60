#include "log/recovery.h"

#include <algorithm>

#include "log/little_endian.h"
#include "log/size.h"

namespace tablog {

namespace {

bool is_verdict(const Error& error) {  // on the bytes; others are the source's
  return error.code == ErrorCode::kMalformed || error.code == ErrorCode::kTruncated;
}

struct Tail {
  std::uint64_t end{};      // behind the last byte that is not zero; `begin` if all are
  Index flushed_through{};  // highest that a frame of this segment in it names
};

// Up to the last byte that is not zero. By words: most of a young segment is zeros.
std::size_t bytes_used(ByteView bytes) {
  std::size_t used = bytes.size();
  constexpr std::size_t kWordBytes = sizeof(std::uint64_t);
  while (used >= kWordBytes && load<std::uint64_t>(bytes, used - kWordBytes) == 0) {
    used -= kWordBytes;
  }
  while (used > 0 && bytes[used - 1] == std::byte{0}) {
    --used;
  }
  return used;
}

// All of the file from `begin` on, which is aligned: a frame may stand at every eighth byte.
Result<Tail> search_tail(ByteSource& source, std::uint64_t salt, std::uint64_t begin,
                         std::uint64_t size) {
  Window window(source, size);
  Tail tail{.end = begin};
  for (std::uint64_t offset = begin;;) {
    const auto piece = window.view(offset, Window::kChunkBytes);
    if (!piece) {
      return fail(piece.error());
    }
    const std::size_t used = bytes_used(*piece);
    if (used > 0) {
      tail.end = offset + used;
    }
    for (std::size_t at = 0; at < used; at += kFrameAlignment) {
      const ByteView rest = piece->subspan(at);
      if (!may_be_frame(rest, salt)) {
        continue;
      }
      if (const auto header = decode_frame_header(rest, salt, offset + at)) {
        tail.flushed_through = std::max(tail.flushed_through, header->flushed_through);
      }
    }
    if (piece->size() < Window::kChunkBytes) {
      return tail;
    }
    // A header that begins in this piece may end in the next: they overlap by one header.
    offset += piece->size() - kFrameHeaderBytes;
  }
}

// The place behind a commit frame, and what the frame says of the log there.
struct CommitPlace {
  std::uint64_t offset{};
  LogPosition log{};
};

constexpr std::uint64_t kSearchedBytesMax = 1U << 20U;  // beyond, walking costs no more

LogPosition position_of(const Commit& commit) {
  return {commit.last, commit.chain, commit.term, commit.time_ms, commit.digest};
}

std::optional<Commit> commit_at(ByteView bytes, std::uint64_t salt, std::uint64_t offset) {
  const auto header = decode_frame_header(bytes, salt, offset);
  if (!header || header->kind != FrameKind::kCommit || bytes.size() < kCommitFrameBytes) {
    return std::nullopt;
  }
  const auto commit = decode_commit(*header, bytes.subspan(kFrameHeaderBytes, kCommitBodyBytes));
  return commit ? std::optional(*commit) : std::nullopt;
}

// Searches from the back for the commit frame that ends with the entry and the chain that are
// proven. A segment that was torn is never written again, so there is only one.
Result<std::optional<CommitPlace>> find_commit(ByteSource& source, const SegmentHeader& header,
                                               std::uint64_t size, const Proven& proven) {
  const std::uint64_t least =
      std::max<std::uint64_t>(kSegmentHeaderBytes, size - std::min(size, kSearchedBytesMax));
  for (std::uint64_t end = size / kFrameAlignment * kFrameAlignment; end > least;) {
    const std::uint64_t begin =
        std::max(least, end - std::min<std::uint64_t>(end, Window::kChunkBytes));
    Window window(source, size);
    const auto piece =
        window.view(begin, to_size(end - begin + kCommitFrameBytes - kFrameAlignment));
    if (!piece) {
      return fail(piece.error());
    }
    for (std::size_t at = to_size(end - begin); at >= kFrameAlignment;) {
      at -= kFrameAlignment;
      if (at >= piece->size() || !may_be_frame(piece->subspan(at), header.salt)) {
        continue;
      }
      const auto commit = commit_at(piece->subspan(at), header.salt, begin + at);
      if (commit && commit->last == proven.index && commit->chain == *proven.chain) {
        return CommitPlace{begin + at + kCommitFrameBytes, position_of(*commit)};
      }
    }
    end = begin;
  }
  return std::nullopt;
}

std::string describe(const Error& error) {
  return error.message.empty() ? "not a frame of this segment" : error.message;
}

}  // namespace

Error to_corrupt(Error error, const std::string& proof) {
  if (is_verdict(error)) {
    error.message = "entry " + std::to_string(error.index->value) + " at offset " +
                    std::to_string(*error.offset) + " does not verify (" + describe(error) +
                    "), and it had been flushed: " + proof +
                    ". Nothing was changed. Export what can be read, or restore a copy.";
    error.code = ErrorCode::kCorrupt;
  }
  return error;
}

Result<SegmentEnd> find_end(ByteSource& source, const SegmentHeader& header, std::uint64_t size,
                            const Proven& proven) {
  SegmentEnd end{.offset = kSegmentHeaderBytes,
                 .log = header.before,
                 .proven = header.before.index,
                 .index = SegmentIndex(begin_of(header))};
  if (proven.chain && proven.index > header.before.index) {
    const auto known = find_commit(source, header, size, proven);
    if (!known) {
      return fail(known.error());
    }
    if (*known) {
      end.offset = (*known)->offset;
      end.log = (*known)->log;
      end.index.keep({end.offset, end.log.index, end.log.chain},
                     SegmentWalk::Start::kBetweenBatches);
    }
  }
  SegmentWalk walk(source, header.salt, {end.offset, end.log.index, end.log.chain},
                   SegmentWalk::Start::kBetweenBatches, size);
  Index flushed_through = proven.index;
  Result<WalkedFrame> frame = walk.next();
  for (; frame && !frame->seal; frame = walk.next()) {
    flushed_through = std::max(flushed_through, frame->header.flushed_through);
    const bool commits = frame->commit.has_value();
    end.index.offer(walk.position(),
                    commits ? SegmentWalk::Start::kBetweenBatches : SegmentWalk::Start::kInBatch);
    if (commits) {
      end.offset = walk.position().offset;
      end.log = position_of(*frame->commit);
    }
  }
  if (!frame && !is_verdict(frame.error())) {
    return fail(frame.error());
  }
  std::uint64_t tail_begin = end.offset;
  if (frame) {
    end.seal = frame->seal;
    tail_begin = walk.position().offset;
  }
  const auto tail = search_tail(source, header.salt, tail_begin, size);
  if (!tail) {
    return fail(tail.error());
  }
  if (const Index proof = std::max(flushed_through, tail->flushed_through); proof > end.log.index) {
    Error error = frame ? Error{.code = ErrorCode::kMalformed, .message = "the log ends here"}
                        : frame.error();
    error.index = std::min(next(walk.position().index), proof);
    error.offset = walk.position().offset;
    return fail(to_corrupt(
        std::move(error),
        proof == proven.index
            ? "the state database holds entry " + std::to_string(proof.value)
            : "a later frame says so of all through entry " + std::to_string(proof.value)));
  }
  end.proven = std::max({header.before.index, flushed_through, tail->flushed_through});
  end.torn_bytes = tail->end - tail_begin;
  if (end.torn_bytes > 0) {
    end.torn_why = frame ? "something stands behind the seal" : describe(frame.error());
  }
  return end;
}

Result<SegmentIndex> verify_closed(ByteSource& source, const SegmentHeader& header,
                                   const SegmentHeader& successor) {
  const std::string proof =
      "a later segment begins with entry " + std::to_string(successor.base().value);
  SegmentIndex index(begin_of(header));
  SegmentWalk walk(source, header.salt, begin_of(header), SegmentWalk::Start::kBetweenBatches,
                   successor.predecessor->end);
  bool between_batches = true;
  while (walk.position().offset < successor.predecessor->end) {
    const auto frame = walk.next();
    if (!frame) {
      return fail(to_corrupt(frame.error(), proof));
    }
    between_batches = frame->commit.has_value();
    index.offer(walk.position(), between_batches ? SegmentWalk::Start::kBetweenBatches
                                                 : SegmentWalk::Start::kInBatch);
  }
  if (!between_batches || walk.position().index != successor.before.index ||
      walk.position().chain != successor.before.chain) {
    return fail(to_corrupt({.code = ErrorCode::kMalformed,
                            .message = "it is not what the next segment was built on",
                            .index = next(walk.position().index),
                            .offset = walk.position().offset},
                           proof));
  }
  return index;
}

}  // namespace tablog
