// Profile: everything about a connection that could make the same SQL give another result or
// another refusal, fixed once for every connection everywhere, and hashed into the schema entry. A
// change of this file or of cmake/sqlite/options.cmake is an engine change.
#pragma once

#include <cstdint>
#include <string>

#include "log/entry.h"
#include "storage/sqlite.h"

namespace tablog::storage {

inline constexpr std::int64_t kPageBytes = 4096;
inline constexpr int kValueBytesMax = 64 << 20;  // one value or row; SQLITE_LIMIT_LENGTH

// Before anything else is done on the connection: the page size is fixed by the first write.
[[nodiscard]] Result<void> apply_profile(sqlite3* db);

[[nodiscard]] std::string engine_version();  // "3.54.1"
[[nodiscard]] std::string engine_options();  // cmake/sqlite/options.cmake, as one string
[[nodiscard]] std::uint64_t profile_hash();  // XXH3-64 over all that apply_profile() sets

// Fills in what `schema` says of the engine: this one.
void stamp_engine(Schema& schema);

// kEngineTooOld where this engine must not apply what `schema`'s engine wrote: that one is newer,
// or is of the same version and was built or set up in another way.
[[nodiscard]] Result<void> check_engine(const Schema& schema);

}  // namespace tablog::storage
