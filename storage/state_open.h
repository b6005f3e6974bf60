// How the connections of a state database are opened: in memory, from an image, on a pool.
#pragma once

#include <string>

#include "log/entry.h"
#include "storage/sqlite.h"

namespace tablog::storage {

// An empty database in memory, with the connection profile.
[[nodiscard]] Result<Connection> open_in_memory();

// A database in memory with the content of `image`, a whole SQLite file. Only its shape is checked
// here: kCorrupt. The image is not needed any more afterwards.
[[nodiscard]] Result<Connection> open_image(ByteView image);

// On the VFS `vfs`, in WAL mode; made where there is none.
[[nodiscard]] Result<Connection> open_writer(const std::string& path, const char* vfs);
[[nodiscard]] Result<Connection> open_reader(const std::string& path, const char* vfs);

}  // namespace tablog::storage
