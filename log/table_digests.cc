#include "log/table_digests.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace tablog {

std::string names_that_differ(const DigestsByTable& a, const DigestsByTable& b) {
  DigestsByTable differing;
  std::ranges::set_symmetric_difference(a, b, std::back_inserter(differing));
  std::set<std::string> names;
  for (const auto& [name, digest] : differing) names.insert(name);
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

}  // namespace tablog
