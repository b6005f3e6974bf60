// SalvageLog: which of the spans that were found make a log, and how they become one again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/salvage_scan.h"
#include "tools/salvage_source.h"

namespace tablog::tools {

struct Scanned {
  std::vector<PartScan> parts{};  // in the order of SalvageSource::parts
  std::vector<Span> spans{};      // by their first entry
};

// All parts, in the order in which they follow one another: so that the chain of one whose header
// is lost goes on from the one before.
[[nodiscard]] Result<Scanned> scan_all(const SalvageSource& source);

// Spans that follow one another by index and hash chain.
struct SalvagePlan {
  LogPosition before{};  // the first entry
  std::vector<const Span*> spans{};
  LogPosition after{};  // the last
};

// The log from its first entry on. None: that is not there.
[[nodiscard]] std::optional<SalvagePlan> plan_from_first(const Scanned& scanned);
// Behind a state, which is the base: a log that begins at or before its entry and is of the same
// history, or one without entries. kCorrupt: the log names another digest at its entry.
[[nodiscard]] Result<SalvagePlan> plan_behind(const SalvageSource& source, const Scanned& scanned,
                                              const SavedState& base);

struct WrittenLog {
  Index first{};
  Index last{};  // first - 1: it has no entries
  std::uint64_t entries{};
  ChainHash chain{};
  std::uint64_t bytes{};
};

// An exported log. `base`: null for one from the first entry on.
[[nodiscard]] Result<WrittenLog> write_log(const std::string& path, const SalvageSource& source,
                                           const SalvagePlan& plan, const SavedState* base);

struct WrittenEntries {
  std::uint64_t entries{};
  std::uint64_t chained{};
  std::uint64_t duplicates{};       // lines of an index that an earlier line has
  std::vector<Index> duplicated{};  // the first kDuplicatesMax
  static constexpr std::size_t kDuplicatesMax = 100;
};

// Every entry, by index, as ndjson. One that was found twice with the same bytes is one.
[[nodiscard]] Result<WrittenEntries> write_entries(const std::string& path,
                                                   const SalvageSource& source,
                                                   const Scanned& scanned);

}  // namespace tablog::tools
