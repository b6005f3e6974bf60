// SalvageSource: what there is to save from, opened without asking whether it is a log: log slots
// and the pool beside them, or what is left of an exported log.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log/export.h"
#include "tools/salvage_scan.h"
#include "tools/source.h"

namespace tablog::tools {

// A state, as a plain SQLite file, which has been held against its own digests.
struct SavedState {
  StoreId store{};
  Index applied{};
  ChainHash chain{};
  Digest digest{};
  Bytes image{};
};

struct SalvageSource {
  SourceKind kind{};
  std::string path{};  // of the file, or of the directory whose files are read
  std::vector<SalvagePart> parts{};
  std::vector<std::string> spares{};  // slots of nothing but zeros
  StoreId store{};
  Generation generation{};
  std::optional<ExportHeader> table{};  // of an export, where it verifies
  std::optional<SavedState> base{};     // of a compacted log
  std::optional<SavedState> state{};    // the state database in the pool
  bool has_state{};                     // there is one, whether it can be read or not
  std::vector<std::string> problems{};  // what is damaged, for a person
};

// kInvalidArgument: nothing there that was a log. kNewerFormat: some of it is newer.
// kStorageUnavailable.
[[nodiscard]] Result<SalvageSource> open_salvage(const std::string& path);

}  // namespace tablog::tools
