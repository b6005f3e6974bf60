// What a query has read and what entries have changed, by table: whether the one concerns the
// other.
#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <set>
#include <string>

namespace tablog::storage {

struct IgnoringCase {  // as SQLite takes names; queries spell them as they like
  bool operator()(const std::string& a, const std::string& b) const {
    return sqlite3_stricmp(a.c_str(), b.c_str()) < 0;
  }
};
using TableNames = std::set<std::string, IgnoringCase>;

struct Changes {
  bool everything{};  // the definitions, or the whole database
  TableNames tables{};
};

struct TablesRead {
  // Also tables whose changes are not followed one by one: virtual ones, and SQLite's own.
  bool anything{};
  TableNames names{};

  [[nodiscard]] bool touched_by(const Changes& changes) const {
    return changes.everything || anything ||
           std::ranges::any_of(
               names, [&](const std::string& name) { return changes.tables.contains(name); });
  }
};

}  // namespace tablog::storage
