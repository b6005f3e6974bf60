// Snappy: what LevelDB compresses a table's blocks with. Decompression of the raw format alone
// (google/snappy, format_description.txt). Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "log/result.h"

namespace tablog::tools {

// kMalformed: not Snappy, or it makes more than `bytes_max`, or not as much as it says.
[[nodiscard]] Result<std::string> snappy_decompress(std::string_view compressed,
                                                    std::size_t bytes_max);

}  // namespace tablog::tools
