#include "log/payload.h"

#include <algorithm>
#include <variant>

namespace tablog {

std::uint64_t payload_bytes(const std::vector<Argument>& args) {
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

std::uint64_t payload_bytes(const Payload& payload) {
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

std::uint64_t request_bytes(const AppendRequest& request) {
  std::uint64_t sum = payload_bytes(request.payload);
  for (const ReadGuard& guard : request.reads)
    sum += kPayloadOverheadBytes + guard.sql.size() + payload_bytes(guard.params);
  return sum;
}

std::size_t most_arguments(const Payload& payload) {
  std::size_t most = 0;
  if (const auto* events = std::get_if<std::vector<Event>>(&payload)) {
    for (const Event& event : *events) most = std::max(most, event.args.size());
  } else if (const auto* exec = std::get_if<Exec>(&payload)) {
    most = exec->params.size();
  }
  return most;
}

std::optional<Error> why_unsendable(const AppendRequest& request) {
  if (request_bytes(request) > kPayloadBytesMax || request.reads.size() > kReadGuardsMax) {
    return Error{.code = ErrorCode::kTooLarge,
                 .message = request.reads.empty()
                                ? "a batch of over 48 MiB; append it in parts"
                                : "a transaction of over 48 MiB or 1000 queries; make it smaller"};
  }
  std::size_t most = most_arguments(request.payload);
  for (const ReadGuard& guard : request.reads) most = std::max(most, guard.params.size());
  if (most > kArgumentsMax) {
    return Error{.code = ErrorCode::kInvalidArgument,
                 .message = "one event or exec takes at most " + std::to_string(kArgumentsMax) +
                            " parameters"};
  }
  return std::nullopt;
}

}  // namespace tablog
