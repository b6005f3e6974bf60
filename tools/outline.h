// Outline: what a log says of itself without being read: its segments' headers, the headers of some
// frames, and a few entries. For `info`, which has to answer at once however long the log is;
// survey.h reads all of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/source.h"

namespace tablog::tools {

struct TermSpan {
  Term term{};
  Index first{};
  Index last{};
  std::int64_t time_ms{};            // of its first entry
  std::optional<ClientId> leader{};  // none: it does not begin with a term start
};

struct SchemaSpan {
  Index index{};
  std::uint32_t version{};
  std::string engine{};
};

struct Outline {
  std::optional<Commit> head{};  // the last whole batch
  std::vector<TermSpan> terms{};
  Index terms_from{};  // `terms` has every one that began here or later
  // Those that were found: where one migrated between two segments of which neither was read, its
  // index is missing, zero.
  std::vector<SchemaSpan> schemas{};
  Index checkpoint{};  // that the last checkpoint entry names; zero: none among the last entries
  Index checkpoint_from{};        // entries from here on were looked at for it
  std::optional<Error> damage{};  // in the last segment
};

// Reads at most some dozen segments' frame headers and a few segments whole, the newest first.
[[nodiscard]] Result<Outline> outline_of(Source& source);

}  // namespace tablog::tools
