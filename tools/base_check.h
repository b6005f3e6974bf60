// The state that a compacted log begins with, and whether it is of that log: no checksum of the log
// covers it.
#pragma once

#include <memory>

#include "storage/state_database.h"
#include "tools/reading.h"

namespace tablog::tools {

// Null: the log begins with entry 1, or its base is not there. Errors as of
// StateDatabase::from_image.
[[nodiscard]] Result<std::unique_ptr<storage::StateDatabase>> base_state(const Source& source);

class BaseCheck {
 public:
  // kCorrupt: `base` is of another store, or of an entry where the log does not begin behind it.
  [[nodiscard]] static Result<BaseCheck> begin(const Source& source,
                                               const storage::StateDatabase& base);

  // Of every step in order. kCorrupt: the log's chain hash at the base's entry is another.
  [[nodiscard]] Result<void> add(const Step& step) const;

  [[nodiscard]] Index index() const { return index_; }

 private:
  BaseCheck(Index index, ChainHash chain) : index_(index), chain_(chain) {}
  Index index_;
  ChainHash chain_;
};

}  // namespace tablog::tools
