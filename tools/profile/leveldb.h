// LevelDb: what a LevelDB database says, read from its files without opening it: a browser that
// runs holds it, and opening one writes. Recent writes stand in its log, so they are seen as well.
//
// The manifest is not asked which files count: of every key the highest sequence number does,
// whichever file it stands in. What a crash may have left behind names files that are gone.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "log/result.h"

namespace tablog::tools {

struct LevelDbContent {
  std::map<std::string, std::string, std::less<>> values{};
  std::optional<Error> damage{};  // a part does not verify; `values` has what the others say
};

// Only the keys that are `wanted`. kStorageUnavailable: there is none, or it cannot be read; also
// while the browser tidies it up and each attempt came too late. kTooLarge.
[[nodiscard]] Result<LevelDbContent> read_leveldb(
    const std::string& directory, const std::function<bool(std::string_view)>& wanted);

}  // namespace tablog::tools
