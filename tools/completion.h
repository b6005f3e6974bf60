// Completion: what makes a shell complete the tool's words, as a script made from the verbs'
// descriptions. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/verb.h"

namespace tablog::tools {

// "bash", "zsh", "fish".
[[nodiscard]] std::vector<std::string> shells();
// For one of shells().
[[nodiscard]] std::string completion_script(std::string_view shell, const std::vector<Verb>& verbs);

}  // namespace tablog::tools
