// MissingSegments: which entries a directory's log lacks, where its segments make no log: told from
// the headers that are there.
#pragma once

#include <string>
#include <vector>

#include "tools/source.h"

namespace tablog::tools {

struct MissingRange {
  Index first{};
  Index last{};
  std::uint64_t first_sequence{};
  std::uint64_t last_sequence{};
};

// In between and before the segments that are there; what comes behind the last one nobody knows.
[[nodiscard]] Result<std::vector<MissingRange>> missing_ranges(const Target& target);

}  // namespace tablog::tools
