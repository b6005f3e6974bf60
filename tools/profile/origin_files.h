// OriginFiles: what a browser's profile holds of one origin's private file system: the files by the
// paths that pages know them by, and where their bytes are. Read without the browser.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "log/result.h"

namespace tablog::tools {

enum class Browser : std::uint8_t { kChromium, kFirefox };

struct OriginFiles {
  std::string origin{};     // "https://app.example:8443"; empty: unknown
  std::string partition{};  // of it: a bucket, a frame of another site, a container; usually empty
  std::filesystem::path directory{};  // that holds the bytes of all of them
  // By path, "tablog/notes/g0/ready". Regular files within `directory`, no links.
  std::map<std::string, std::filesystem::path> files{};
  std::optional<Error> trouble{};  // why `files` are not all, or none
};

// Those of a profile. Errors: as far as nothing at all can be read.
[[nodiscard]] Result<std::vector<OriginFiles>> read_chromium_profile(
    const std::filesystem::path& profile);
[[nodiscard]] Result<std::vector<OriginFiles>> read_firefox_profile(
    const std::filesystem::path& profile);

// ---- for their readers

// One directory or file of a tree that is told by names and parents.
template <class Id>
struct Node {
  Id parent{};
  std::string name{};
  std::optional<std::filesystem::path> file{};  // none: a directory
};

// The paths of a tree's files: what does not hang together with the root, or is deeper than any
// page makes it, is left out.
template <class Id>
std::map<std::string, std::filesystem::path> paths_of(const std::map<Id, Node<Id>>& nodes,
                                                      const Id& root) {
  constexpr int kDepthMax = 64;
  std::map<std::string, std::filesystem::path> paths;
  for (const auto& [id, node] : nodes) {
    if (!node.file) continue;
    std::string path = node.name;
    Id above = node.parent;
    int depth = 0;
    for (; depth < kDepthMax && above != root; ++depth) {
      const auto found = nodes.find(above);
      if (found == nodes.end() || found->second.file) break;
      path = found->second.name + "/" + path;
      above = found->second.parent;
    }
    if (above == root) paths.emplace(std::move(path), *node.file);
  }
  return paths;
}

// `below` a directory is a regular file, and nothing on the way is a link.
[[nodiscard]] bool is_plain_file(const std::filesystem::path& directory,
                                 const std::filesystem::path& below);

// Directories in `path`, by name; links are none. kStorageUnavailable.
[[nodiscard]] Result<std::vector<std::filesystem::path>> directories_in(
    const std::filesystem::path& path);

}  // namespace tablog::tools
