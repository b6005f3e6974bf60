// How large a request is, for bounds and reservations: no less than what it takes in a message.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "log/message.h"

namespace tablog {

inline constexpr std::uint64_t kPayloadOverheadBytes =
    256;  // per entry: stamp, frame header, pointers

// Of one request. Its entries, and the rest of a leader's batch (8 MiB), still make one message.
inline constexpr std::uint64_t kPayloadBytesMax = 48U << 20U;
static_assert(kPayloadBytesMax / kPayloadOverheadBytes <= kBatchEventsMax);

[[nodiscard]] std::uint64_t payload_bytes(const std::vector<Argument>& args);
[[nodiscard]] std::uint64_t payload_bytes(const Payload& payload);
[[nodiscard]] std::uint64_t request_bytes(const AppendRequest& request);  // with its reads

// Of any one event, or of the exec: over kArgumentsMax, no message carries it.
[[nodiscard]] std::size_t most_arguments(const Payload& payload);

// Why no message can carry it, or nothing. A leader drops what it cannot decode, and the tab would
// wait for ever.
[[nodiscard]] std::optional<Error> why_unsendable(const AppendRequest& request);

}  // namespace tablog
