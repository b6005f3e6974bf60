#include "storage/nearest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace tablog::storage {

namespace {

constexpr std::size_t kNameBytesMax = 256;  // longer ones are no slips, and the work is quadratic

// Levenshtein distance, one row of the table at a time.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view name,
                                        std::span<const std::string_view> known) {
  std::optional<std::string_view> best;
  if (name.size() > kNameBytesMax) return best;
  std::size_t best_edits = std::max<std::size_t>(name.size() / 2, 1) + 1;
  for (const std::string_view candidate : known) {
    if (candidate.size() > kNameBytesMax) continue;
    const std::size_t found = edits(name, candidate);
    if (found < best_edits) {
      best = candidate;
      best_edits = found;
    }
  }
  return best;
}

}  // namespace tablog::storage
