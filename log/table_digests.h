// Digests of a state table by table, and what two states differ in. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "log/ids.h"

namespace tablog {

using DigestsByTable = std::vector<std::pair<std::string, Digest>>;  // sorted by name

// "todo, todo_tag": the tables that the two do not have alike. Empty: none.
[[nodiscard]] std::string names_that_differ(const DigestsByTable& a, const DigestsByTable& b);

}  // namespace tablog
