#include "tests/fuzz/boundary_kit.h"

namespace tablog::fuzz {
namespace {

constexpr std::uint8_t kSend = 0;  // in both modules

Message sent_by(host::Reader& output) {
  const bool everyone = output.boolean();
  const auto tab = output.id<ClientId>();
  const std::uint8_t role = output.u8();
  check(role <= 1 && (!everyone || tab.is_zero()), "a message has an address or goes to everyone");
  const auto message = decode_message(output.bytes());
  check(message && output.done(), "a message that is sent decodes");
  return *message;
}

}  // namespace

std::vector<Message> sent(ByteView outputs, std::uint8_t last_kind) {
  std::vector<Message> messages;
  for (host::Reader reader(outputs); !reader.done();) {
    host::Reader output(reader.bytes());
    check(reader.ok(), "outputs are whole");
    const std::uint8_t kind = output.u8();
    check(output.ok() && kind <= last_kind, "an output is of a known kind");
    if (kind == kSend) messages.push_back(sent_by(output));
  }
  return messages;
}

Bytes message_input(std::uint8_t kind, const Message& message) {
  host::Writer writer;
  writer.u8(kind);
  writer.bytes(encode_message(message));
  return writer.take();
}

std::optional<Message> take_message(Input& input, const Envelope& envelope) {
  constexpr std::uint8_t kOwnStore = 1;
  constexpr std::uint8_t kOwnTerm = 2;
  constexpr std::uint8_t kOwnFrom = 4;
  const std::uint8_t own = input.u8();
  auto message = decode_message(input.bytes(input.u16()));
  if (!message) return std::nullopt;
  if ((own & kOwnStore) == 0) message->store = envelope.store;
  if ((own & kOwnTerm) == 0) message->term = envelope.term;
  if ((own & kOwnFrom) == 0) message->from = envelope.from;
  return *message;
}

}  // namespace tablog::fuzz
