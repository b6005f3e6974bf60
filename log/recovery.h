// Recovery: where a segment's log ends, and whether what stands behind the end is a torn tail or
// damage. DESIGN section 5; docs/log_format.md#recovery. Pure but for the source it reads.
//
// A frame X that does not verify is damage if and only if something proves that X had been flushed:
// a later frame's `flushed_through`, the successor segment, or `proven` (the state database).
// "Valid frames later on" alone prove nothing: an unflushed batch may lose any of its sectors.
#pragma once

#include <optional>
#include <string>

#include "log/segment_index.h"
#include "log/segment_walk.h"

namespace tablog {

// The end of the last segment.
struct SegmentEnd {
  std::uint64_t offset{};      // behind the last commit frame
  LogPosition log{};           // where the log stands there
  Index proven{};              // highest that is proven to be flushed; at most log.index
  std::optional<Seal> seal{};  // stands at `offset`
  SegmentIndex index;
  // Behind the end, and the seal, something stands that is neither a whole batch nor zeros: the
  // segment is never written again. Bytes up to the last one that is not zero; 0: it is clean.
  std::uint64_t torn_bytes{};
  std::string torn_why{};
};

// What something outside the log, the state database, knows of it: that it had been flushed through
// `index`, and, where it can say so, the chain hash there.
struct Proven {
  Index index{};
  std::optional<ChainHash> chain{};
  // Of a compacted log: a base has the state after this entry, so segments of nothing beyond it may
  // be missing, or cut.
  Index base{};
};

// Walks the last segment, of `size` bytes, to its end. kCorrupt{index, offset}: damage. With
// proven.chain the walk begins behind the commit frame that has this chain, if it stands near the
// end: the frames before it are what the state database was made of, and are verified when they are
// read, as those of older segments are.
[[nodiscard]] Result<SegmentEnd> find_end(ByteSource& source, const SegmentHeader& header,
                                          std::uint64_t size, const Proven& proven);

// Walks a segment that `successor` follows, up to the end that it names. The successor proves that
// all of it was flushed: anything that does not verify is kCorrupt{index, offset}.
[[nodiscard]] Result<SegmentIndex> verify_closed(ByteSource& source, const SegmentHeader& header,
                                                 const SegmentHeader& successor);

// `error`, of a walk, where the frame is proven to have been flushed.
[[nodiscard]] Error to_corrupt(Error error, const std::string& proof);

}  // namespace tablog
