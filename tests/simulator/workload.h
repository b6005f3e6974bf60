// Workload: an app's schema, and appends that make everything happen that a materializer can do:
// defaults from time and randomness, constraints that reject, deferred foreign keys, a transaction
// destroyed by OR ROLLBACK, triggers, full-text search, ad hoc writes.
#pragma once

#include <string>

#include "log/message.h"
#include "tests/simulator/random.h"

namespace tablog::simulator {

// Two builds of the app: version 2 migrates, and its notes carry stars.
[[nodiscard]] Schema app_schema(std::uint32_t version);

// `label` makes a note's text its own.
[[nodiscard]] Payload random_payload(Random& random, const std::string& label,
                                     const ClientId& client, std::uint32_t version);
[[nodiscard]] Event note(Random& random, const std::string& label, const ClientId& client,
                         std::uint32_t version);

// Rows that notes of this client, or of all, have made.
inline constexpr const char* kCountNotes = "SELECT count(*) FROM note WHERE client = :client";
inline constexpr const char* kCountAllNotes = "SELECT count(*) FROM note";
// What must hold in every state: 0 when it does.
inline constexpr const char* kInvariants =
    "SELECT (SELECT sum(balance) FROM account) <> 1000 + (SELECT n FROM tally WHERE id = 'gift')"
    " OR (SELECT min(balance) FROM account) < 0"
    " OR (SELECT n FROM tally WHERE id = 'notes') <> (SELECT count(*) FROM note)"
    " OR EXISTS (SELECT 1 FROM line WHERE orders NOT IN (SELECT id FROM orders))";

}  // namespace tablog::simulator
