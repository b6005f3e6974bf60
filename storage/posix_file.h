// PosixFile: File over a POSIX descriptor, for the native tool, its tests and benchmarks. Not part
// of the wasm build.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/file.h"

namespace tablog::storage {

enum class PosixMode : std::uint8_t {
  kExclusive,  // read and write; created where absent; locked with flock against other processes
  kNew,        // read and write; must not exist, nor a link of that name
  kReadOnly,   // must exist; not locked, since a browser may hold it: read what can be read
};

// kStorageUnavailable: absent, not a file, no permission, or held by another process.
[[nodiscard]] Result<std::unique_ptr<File>> open_posix_file(const std::string& path,
                                                            PosixMode mode);

// Every regular file of a directory as a slot, by name ascending.
[[nodiscard]] Result<std::vector<Slot>> open_posix_slots(const std::string& directory,
                                                         PosixMode mode);

}  // namespace tablog::storage
