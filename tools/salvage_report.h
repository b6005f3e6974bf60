// SalvageReport: what was found, what was saved and where, what is lost; for a person and as JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/salvage_log.h"
#include "tools/salvage_source.h"

namespace tablog::tools {

struct IndexRange {
  Index first{};
  Index last{};
};

struct SavedLogFile {
  std::string file{};
  WrittenLog log{};
  Index base{};  // zero: it begins with entry 1
};

struct SavedStateFile {
  std::string file{};
  bool replayed{};  // made from prefix.tablog; else the state database of the pool
  Index applied{};
  Digest digest{};
  std::uint64_t bytes{};
};

enum class SalvageStatus : std::uint8_t { kWhole, kTorn, kDamaged };

struct SalvageReport {
  static constexpr std::size_t kMissingMax = 1000;

  SalvageStatus status{};
  Index proven{};  // entries up to here had been flushed
  std::optional<SavedLogFile> prefix{};
  std::optional<SavedLogFile> rescued{};
  std::optional<SavedStateFile> state{};
  std::string entries_file{};
  WrittenEntries entries{};
  std::vector<IndexRange> missing{};  // the first kMissingMax
  std::uint64_t missing_entries{};
  std::vector<std::string> problems{};
};

// Of the report alone: which entries up to `proven` were not found, behind `from`.
void find_missing(const Scanned& scanned, Index from, SalvageReport& report);

[[nodiscard]] Json json_of(const SalvageSource& source, const Scanned& scanned,
                           const SalvageReport& report);
void print(const SalvageSource& source, const Scanned& scanned, const SalvageReport& report,
           Output& output);

}  // namespace tablog::tools
