// LogReader: a log read-only, frame by frame, each verified: from a directory of slots or from an
// export. For the native tool and for tests; a live store uses LogFiles. Never writes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log/export.h"
#include "log/recovery.h"
#include "log/segment_walk.h"
#include "storage/file.h"
#include "storage/log_files.h"

namespace tablog::storage {

// An entry or a commit frame of the log, in log order.
struct LogFrame {
  std::string_view slot{};   // of a directory: the slot's name; of an export: "segment 3"
  std::uint64_t sequence{};  // of the segment
  std::uint64_t offset{};    // bytes from the start of the slot, or of the exported segment
  FrameHeader header{};
  ByteView body{};    // entry: decode_entry() takes it. Valid until the next step.
  ChainHash chain{};  // through the last entry so far
  std::optional<Commit> commit{};
};

class LogReader {
 public:
  // kCorrupt: headers that make no log (sort_slots). Damage among the frames is told when next()
  // comes to it. A torn tail is told by torn_tail(). `proven` as in LogFiles::open.
  // Likewise `base`: the index of the base that stands beside a compacted log.
  [[nodiscard]] static Result<std::unique_ptr<LogReader>> from_slots(std::vector<Slot> slots,
                                                                     Index proven = {},
                                                                     Index base = {});
  // As read_export_header.
  [[nodiscard]] static Result<std::unique_ptr<LogReader>> from_export(std::unique_ptr<File> file);
  ~LogReader();

  [[nodiscard]] StoreId store() const;  // zero in an empty log
  [[nodiscard]] Generation generation() const;
  [[nodiscard]] Index first() const;  // lowest index; 1 in an empty log
  [[nodiscard]] Index last()
      const;  // highest that can be read; where damage ends the log, before it
  [[nodiscard]] LogPosition begin() const;  // before the first entry, as its segment's header says
  [[nodiscard]] const LogPosition& end() const;  // of an export without entries, as its header says
  [[nodiscard]] std::uint64_t base_bytes() const;  // of an export; 0: it has no base
  [[nodiscard]] Result<Bytes> base() const;        // of an export: a SQLite file
  [[nodiscard]] const std::optional<TornTail>& torn_tail() const;
  [[nodiscard]] std::string_view torn_why() const;
  [[nodiscard]] std::vector<SegmentInfo> segments() const;

  // The next frame; none at the end of the log. kCorrupt{index, offset}: damage, with the proof in
  // its message; the log cannot be read any further from there.
  [[nodiscard]] Result<std::optional<LogFrame>> next();
  // next() gives the frame of entry `index` or, above last(), nothing. It verifies from the
  // beginning of that entry's segment on.
  [[nodiscard]] Result<void> seek(Index index);

  // ---- an outline, much faster than reading. The batches of a segment, in order, by the headers
  // of their frames and the commit frames alone: what the entries hold is neither read nor
  // verified. Ends where a header or a commit frame does not verify.
  struct Batch {
    Commit commit{};
    std::uint64_t sequence{};
    std::uint64_t offset{};  // of its first frame
  };
  [[nodiscard]] Result<std::vector<Batch>> outline(std::uint64_t sequence);
  // The body of its first entry, verified but for its place in the chain. kCorrupt: damage.
  [[nodiscard]] Result<Bytes> first_entry(const Batch& batch);

 private:
  struct Impl;
  explicit LogReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tablog::storage
