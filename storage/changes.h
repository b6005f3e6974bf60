// What a query has read and what entries have changed, by table: whether the one concerns the
// other.
#pragma once

#include <algorithm>
#include <set>
#include <string>

namespace tablog::storage {

struct Changes {
  bool everything{};  // the definitions, or the whole database
  std::set<std::string> tables{};
};

struct TablesRead {
  // Also tables whose changes are not followed one by one: virtual ones, and SQLite's own.
  bool anything{};
  std::set<std::string> names{};

  [[nodiscard]] bool touched_by(const Changes& changes) const {
    return changes.everything || anything ||
           std::ranges::any_of(
               names, [&](const std::string& name) { return changes.tables.contains(name); });
  }
};

}  // namespace tablog::storage
