// How large a request is, for bounds and reservations: no less than what it takes in a message.
#pragma once

#include <algorithm>
#include <cstdint>
#include <variant>

#include "log/message.h"

namespace tablog {

inline constexpr std::uint64_t kPayloadOverheadBytes =
    256;  // per entry: stamp, frame header, pointers

// Of one request. Its entries, and the rest of a leader's batch (8 MiB), still make one message.
inline constexpr std::uint64_t kPayloadBytesMax = 48U << 20U;
static_assert(kPayloadBytesMax / kPayloadOverheadBytes <= kBatchEventsMax);

[[nodiscard]] inline std::uint64_t payload_bytes(const std::vector<Argument>& args) {
  // Unpacked: two words, two pointers, and each text rounded up to a word behind its final zero.
  constexpr std::uint64_t kArgumentOverheadBytes = 48;
  std::uint64_t sum = 0;
  for (const Argument& arg : args) {
    sum += kArgumentOverheadBytes + arg.name.size();
    if (const auto* text = std::get_if<std::string>(&arg.value)) {
      sum += text->size();
    } else if (const auto* blob = std::get_if<Bytes>(&arg.value)) {
      sum += blob->size();
    } else {
      sum += sizeof(std::int64_t);
    }
  }
  return sum;
}

[[nodiscard]] inline std::uint64_t payload_bytes(const Payload& payload) {
  std::uint64_t sum = kPayloadOverheadBytes;
  if (const auto* events = std::get_if<std::vector<Event>>(&payload)) {
    for (const Event& event : *events) {
      sum += kPayloadOverheadBytes + event.type.size() + payload_bytes(event.args);
    }
  } else if (const auto* exec = std::get_if<Exec>(&payload)) {
    sum += exec->sql.size() + payload_bytes(exec->params);
  }
  return sum;
}

// Of any one event, or of the exec: over kArgumentsMax, no message carries it.
[[nodiscard]] inline std::size_t most_arguments(const Payload& payload) {
  std::size_t most = 0;
  if (const auto* events = std::get_if<std::vector<Event>>(&payload)) {
    for (const Event& event : *events) most = std::max(most, event.args.size());
  } else if (const auto* exec = std::get_if<Exec>(&payload)) {
    most = exec->params.size();
  }
  return most;
}

}  // namespace tablog
