// Joints: places of a log whose chain hash is known, by which what was read of it is found again in
// a log that stands in its place: the ends of batches and of segments. So many at most, however
// long the log is.
#pragma once

#include <deque>
#include <optional>

#include "log/entry.h"
#include "storage/log_reader.h"

namespace tablog::tools {

class Joints {
 public:
  // The end of a batch, behind those before: the older they are, the fewer are kept.
  void add(Index index, const ChainHash& chain);
  // The end of a segment that others follow, whether it was read or not; the latest are kept.
  void add_end(Index index, const ChainHash& chain);
  void forget_ends() { ends_.clear(); }
  void cut(Index kept);  // those behind it go

  [[nodiscard]] bool empty() const { return batches_.empty() && ends_.empty(); }
  [[nodiscard]] std::optional<Index> latest() const;  // of the batches

  // The last one that the log has too; none: it has none. Errors are of reading it.
  [[nodiscard]] Result<std::optional<Index>> find(storage::LogReader& log) const;

 private:
  struct Joint {
    Index index;
    ChainHash chain;
  };
  std::deque<Joint> batches_;  // both ascending
  std::deque<Joint> ends_;
};

}  // namespace tablog::tools
