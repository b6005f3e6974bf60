// SegmentWalk: the frames of one segment from front to back, each verified: checksums, dense order,
// hash chain. What a frame that does not verify means, a torn tail or damage, is recovery.h's
// matter. Pure but for the source it reads.
#pragma once

#include <optional>

#include "log/byte_source.h"
#include "log/frame.h"
#include "log/segment.h"

namespace tablog {

// Behind a whole frame: what it takes to go on from there.
struct WalkPosition {
  std::uint64_t offset{};  // of the next frame
  Index index{};           // last entry before
  ChainHash chain{};       // through it
  bool operator==(const WalkPosition&) const = default;
};

struct WalkedFrame {
  FrameHeader header{};
  std::uint64_t offset{};  // where it begins
  ByteView body{};         // valid until the next step
  std::optional<Commit> commit{};
  std::optional<Seal> seal{};
};

class SegmentWalk {
 public:
  // Whether `from` stands between two batches: only then can a commit frame's `first` be checked.
  enum class Start : std::uint8_t { kBetweenBatches, kInBatch };

  // The walk ends at `end`: nothing at or behind it is read.
  SegmentWalk(ByteSource& source, std::uint64_t salt, const WalkPosition& from, Start start,
              std::uint64_t end);

  // kTruncated: the rest is shorter than a frame. kMalformed: what stands at the position is not
  // the frame that has to come; both with `offset`, and `index` of the entry that should stand
  // there. The position stays. Other errors are the source's.
  [[nodiscard]] Result<WalkedFrame> next();

  [[nodiscard]] const WalkPosition& position() const { return position_; }

 private:
  [[nodiscard]] Result<WalkedFrame> decode();
  [[nodiscard]] Result<void> accept(const WalkedFrame& frame);

  Window window_;
  std::uint64_t salt_;
  WalkPosition position_;
  std::optional<Index> batch_first_;
};

// Where the first frame of a segment stands.
[[nodiscard]] inline WalkPosition begin_of(const SegmentHeader& header) {
  return {kSegmentHeaderBytes, header.before.index, header.before.chain};
}

}  // namespace tablog
