// How large a request is, near enough for bounds and reservations. Not its encoded size.
#pragma once

#include <cstdint>
#include <variant>

#include "log/message.h"

namespace tablog {

inline constexpr std::uint64_t kPayloadOverheadBytes =
    256;  // per entry: stamp, frame header, pointers

// Of one request. Its entries, and the rest of a leader's batch (8 MiB), still make one message.
inline constexpr std::uint64_t kPayloadBytesMax = 48U << 20U;

[[nodiscard]] inline std::uint64_t payload_bytes(const std::vector<Argument>& args) {
  constexpr std::uint64_t kArgumentOverheadBytes = 16;
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

}  // namespace tablog
