// Batch: what the leader asks of the state database, and what comes back. Pure data between two
// parts that do not see each other: leader/ and storage/.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "log/message.h"
#include "log/result.h"

namespace tablog {

// One thing to sequence: an app's request, or a control entry of the leader's own (no stamp).
struct BatchItem {
  std::optional<RequestStamp> request{};  // position and count are filled in per entry
  std::vector<EntryBody> bodies{};        // all or none; at least one
  std::uint32_t schema_version{};         // that the bodies were written for
  std::optional<Index> expected_index{};  // of the last app entry, or the item is a Conflict
  std::vector<ReadGuard> reads{};         // likewise
};

// Of a request, whose payload and reads are moved into it.
[[nodiscard]] BatchItem to_item(const ClientId& client, AppendRequest& request);

struct BatchContext {
  Term term{};
  std::int64_t time_ms{};
  std::int64_t wall_ms{};
  std::uint64_t seed{};  // entry i of the log gets a seed derived from this and i
};

// Per item, in order: its entries, or why it left no trace.
struct BatchResult {
  std::vector<std::variant<std::vector<EncodedEntry>, Error>> items{};
  Digest digest{};  // of the state after the batch
};

}  // namespace tablog
