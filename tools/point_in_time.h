// Points in time as a person writes them on a command line.
#pragma once

#include <cstdint>
#include <string>

#include "log/result.h"

namespace tablog::tools {

// Milliseconds since 1970 of "2026-11-23", "2026-11-23T13:04", "2026-11-23T13:04:05.123Z" (all
// UTC), "90s", "15min", "2h", "3d" (so long before `now_ms`), or such a number itself.
// kInvalidArgument: none of these.
[[nodiscard]] Result<std::int64_t> parse_point_in_time(const std::string& text,
                                                       std::int64_t now_ms);

[[nodiscard]] std::int64_t wall_clock_ms();

}  // namespace tablog::tools
