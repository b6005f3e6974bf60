// What the targets of the two workers' modules share: inputs as a worker gives them, messages that
// the module takes for another tab's, and the look at what comes out.
#pragma once

#include <chrono>
#include <vector>

#include "log/clock.h"
#include "log/codec.h"
#include "tests/fuzz/fuzz.h"
#include "web/host/bytes.h"

namespace tablog::fuzz {

struct Time {
  Clock clock{.monotonic = std::chrono::seconds{1},
              .wall = std::chrono::milliseconds{1'795'000'000'000}};
  void pass(std::chrono::milliseconds time) {
    clock.monotonic += time;
    clock.wall += time;
  }
};

// The messages in a module's outputs. Asserts that these are whole, of known kinds, and that every
// message sent decodes: another tab drops what does not, and waits for ever.
[[nodiscard]] std::vector<Message> sent(ByteView outputs, std::uint8_t last_kind);

// An input that brings `message`.
[[nodiscard]] Bytes message_input(std::uint8_t kind, const Message& message);

// Who a fuzzed message pretends to be from.
struct Envelope {
  StoreId store;
  Term term;
  Address from;
};
// A message of the input, if it decodes; in an envelope that is listened to, as far as the input
// wants it.
[[nodiscard]] std::optional<Message> take_message(Input& input, const Envelope& envelope);

}  // namespace tablog::fuzz
