// Profile: the tablog stores in a browser's profile, found without the browser, whether it runs or
// not. Which files are whose is told by the browser's own directories; files that these do not
// name, or all where they cannot be read, are told by their own headers (unnamed.h).
// Layouts, and what they leave open: docs/decisions/browser-profiles.md.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/ids.h"
#include "tools/profile/origin_files.h"
#include "tools/source.h"

namespace tablog::tools {

struct ProfileGeneration {
  std::uint64_t number{};
  bool whole{true};           // false: a copy that was not finished (docs/decisions/fork.md)
  SourceFiles files{};        // of log/ and db/.opaque/
  std::uint64_t bytes{};      // of all of them
  std::int64_t changed_ms{};  // when the last of them was written to, ms since 1970
};

struct ProfileStore {
  Browser browser{};
  std::filesystem::path profile{};
  std::string origin{};     // empty: unknown
  std::string partition{};  // OriginFiles::partition
  std::string name{};       // empty: unknown, the files were told by their headers
  StoreId id{};             // zero: nothing was logged yet
  std::vector<ProfileGeneration> generations{};  // ascending, at least one

  // The newest whole one, or the newest.
  [[nodiscard]] const ProfileGeneration& current() const;
};

struct ProfileStores {
  std::size_t profiles{};
  std::vector<ProfileStore> stores{};  // by profile, origin, partition, name
  std::vector<Error> troubles{};       // what could not be read, or not wholly
};

// `directory`: a profile, or one that holds profiles: a browser's "user data". Empty where they
// hold no store. kInvalidArgument: neither. kStorageUnavailable: it cannot be read.
[[nodiscard]] Result<ProfileStores> find_profile_stores(const std::filesystem::path& directory);

// The only one that `target` can mean. kInvalidArgument, saying what there is: none, or several.
[[nodiscard]] Result<ProfileStore> select_store(const ProfileStores& found, const Target& target);

// The files of its current generation. As those two.
[[nodiscard]] Result<SourceFiles> find_profile_files(const Target& target);

// Finds, selects, opens; again where the browser has changed the files meanwhile. As those and
// open_files().
[[nodiscard]] Result<Source> open_profile_store(const Target& target);

// Directories on this machine in which browsers keep profiles.
[[nodiscard]] std::vector<std::filesystem::path> usual_profile_places();

// "https://app.example · notes": what a person calls it. Printable.
[[nodiscard]] std::string store_text(const ProfileStore& store);
[[nodiscard]] std::string_view browser_text(Browser browser);

}  // namespace tablog::tools
