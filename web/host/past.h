// PastBoundary: the module of a worker that holds the state of an earlier index (docs/boundary.md,
// past worker): a snapshot, or nothing, and the log's entries after it. Apart from the replica,
// whose queries go on meanwhile.
#pragma once

#include <memory>

#include "storage/state_database.h"
#include "web/host/boundary.h"

namespace tablog::host {

class PastBoundary {
 public:
  [[nodiscard]] Bytes step(ByteView input);

 private:
  [[nodiscard]] bool handle(ByteView input);
  [[nodiscard]] Result<void> begin(ByteView image);
  [[nodiscard]] Result<void> apply(Reader& entries, Index to);

  std::unique_ptr<storage::StateDatabase> database_;
  Outputs outputs_;
};

}  // namespace tablog::host
