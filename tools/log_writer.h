// LogWriter: an exported log (log/export.h) that is made entry by entry, in segments of the usual
// size with salts of their own. Holds none of it in memory.
#pragma once

#include <string>
#include <vector>

#include "log/entry.h"
#include "log/export.h"
#include "log/segment.h"
#include "tools/new_file.h"

namespace tablog::tools {

struct LogStart {
  StoreId store{};
  Generation generation{};
  LogPosition before{};  // the first entry
};

class LogWriter {
 public:
  static constexpr std::uint64_t kSegmentBytes = 4U << 20U;  // as storage::LogOptions

  [[nodiscard]] static Result<LogWriter> create(const std::string& path, const LogStart& start);

  // The state that a compacted log begins with, in pieces; before the first entry.
  [[nodiscard]] Result<void> add_base(ByteView piece);
  // The next one. `encoded` is what stands in the log.
  [[nodiscard]] Result<void> add(const Entry& entry, ByteView encoded);
  // Closes the batch of those since the last call; at least one.
  [[nodiscard]] Result<void> commit(const Digest& digest);

  // Through the last entry that was added, which may be in no batch yet.
  [[nodiscard]] const LogPosition& position() const { return position_; }

  // The file is in its place. Entries that no commit closes are not in it.
  [[nodiscard]] Result<ExportHeader> finish();

 private:
  LogWriter(LogStart start, NewFile whole, NewFile body)
      : start_(start),
        whole_(std::move(whole)),
        body_(std::move(body)),
        position_(start.before),
        committed_(start.before) {}
  [[nodiscard]] Result<void> begin_segment();
  [[nodiscard]] std::uint64_t offset() const { return body_.bytes() - segment_begin_; }
  [[nodiscard]] Result<void> write_frame();

  LogStart start_;
  NewFile whole_;
  NewFile body_;  // base and segments, until their number is known, which stands before them
  std::uint64_t base_bytes_{};
  std::vector<ExportedSegment> segments_;
  std::uint64_t segment_begin_{};  // of the last, in `body_`
  std::uint64_t salt_{};           // of the last
  LogPosition position_;
  LogPosition committed_;            // through the last whole batch
  std::uint64_t committed_bytes_{};  // of `body_`
  Bytes frame_;                      // kept for its capacity
};

}  // namespace tablog::tools
