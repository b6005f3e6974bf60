// SalvageExport: the segments of an exported log that may be cut, and whose table may be lost.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log/export.h"
#include "tools/salvage_scan.h"

namespace tablog::tools {

struct ExportParts {
  std::optional<ExportHeader> table{};  // where it verifies
  std::vector<SalvagePart> parts{};
  Bytes base{};  // empty: none, or cut
  std::vector<std::string> problems{};
};

// By the table; without one, by what begins like a segment. kInvalidArgument: nothing does.
// kNewerFormat.
[[nodiscard]] Result<ExportParts> find_export_parts(const std::shared_ptr<ByteSource>& source,
                                                    std::uint64_t size);

}  // namespace tablog::tools
