#include "tools/profile/origin_files.h"

#include <algorithm>

namespace tablog::tools {

namespace fs = std::filesystem;

bool is_plain_file(const fs::path& directory, const fs::path& below) {
  if (below.empty() || below.has_root_path()) return false;
  fs::path at = directory;
  fs::file_type type = fs::file_type::directory;
  for (const fs::path& part : below) {
    if (type != fs::file_type::directory || part.empty() || part == "." || part == "..") {
      return false;
    }
    at /= part;
    std::error_code error;
    type = fs::symlink_status(at, error).type();
  }
  return type == fs::file_type::regular;
}

Result<std::vector<fs::path>> directories_in(const fs::path& path) {
  std::vector<fs::path> found;
  std::error_code error;
  fs::directory_iterator at(path, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code gone;
    if (at->symlink_status(gone).type() == fs::file_type::directory) found.push_back(at->path());
  }
  if (error) {
    return fail(ErrorCode::kStorageUnavailable, "read " + path.string() + ": " + error.message());
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace tablog::tools
