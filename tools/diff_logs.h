// The first entry at which two logs are not one.
#pragma once

#include "tools/source.h"

namespace tablog::tools {

// kClean: the same entries. kDiffers: they part, or one goes on.
[[nodiscard]] ExitCode diff_logs(Source& a, Source& b, Output& output);

}  // namespace tablog::tools
