// OpfsFile: a synchronous access handle of the leader worker, by its number. The handles are
// TypeScript's (web/src/opfs.ts); this is the other side of the module's imports, docs/boundary.md.
#pragma once

#include <cstdint>
#include <memory>

#include "storage/file.h"

namespace tablog::host {

[[nodiscard]] std::unique_ptr<storage::File> open_opfs_file(std::uint32_t handle);

}  // namespace tablog::host
