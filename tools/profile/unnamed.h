// Unnamed: stores in an origin's files that no directory names: the browser lost the names, or they
// cannot be read. Told by the files' own headers.
#pragma once

#include <vector>

#include "log/ids.h"
#include "tools/profile/origin_files.h"

namespace tablog::tools {

struct UnnamedStore {
  StoreId id{};
  std::uint64_t generation{};
  std::vector<std::filesystem::path> log{};   // segments
  std::vector<std::filesystem::path> pool{};  // where there is no other store whose they could be
};

// Among the files that `origin` does not name. A file that cannot be read is passed over.
[[nodiscard]] std::vector<UnnamedStore> find_unnamed(const OriginFiles& origin);

// The header of a log's segment; nothing: it is none.
[[nodiscard]] std::optional<StoreId> store_of_segment(const std::filesystem::path& file,
                                                      std::uint64_t& generation);

}  // namespace tablog::tools
