// Manual: the man page, as roff (man(7)), made from what the help is made of. Pure.
#pragma once

#include <string>
#include <vector>

#include "tools/verb.h"

namespace tablog::tools {

[[nodiscard]] std::string manual_page(const std::vector<Verb>& verbs, const std::string& version);

}  // namespace tablog::tools
