// Messages between tabs. Asserts: what decodes is encoded, and from there on both ways give the
// same; it decodes to the same at an odd address; the hash of a payload is that of what it decodes
// to; errors are kMalformed.
#include "log/codec.h"
#include "tests/fuzz/fuzz.h"

namespace tablog::fuzz {
namespace {

void check_message(const Message& message, ByteView bytes) {
  const Bytes encoded = encode_message(message);
  const auto again = decode_message(encoded);
  check(again.has_value(), "what was encoded decodes");
  // Bytes, not values: NaN is not equal to itself.
  check(encode_message(*again) == encoded, "the same message gives the same bytes");

  Bytes shifted(bytes.size() + 1);
  std::ranges::copy(bytes, shifted.begin() + 1);
  const auto odd = decode_message(ByteView(shifted).subspan(1));
  check(odd && encode_message(*odd) == encoded, "a message at an odd address is the same");

  if (const auto* append = std::get_if<AppendRequests>(&message.body)) {
    const auto& same = std::get<AppendRequests>(again->body);
    for (std::size_t i = 0; i < append->requests.size(); ++i) {
      check(hash_payload(append->requests[i].payload) == hash_payload(same.requests[i].payload),
            "the hash of a payload survives its way");
    }
  }
}

}  // namespace
}  // namespace tablog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tablog::fuzz;
  const auto bytes = view_of(data, size);
  const auto message = tablog::decode_message(bytes);
  if (message) {
    check_message(*message, bytes);
  } else {
    check_code(message.error(), {tablog::ErrorCode::kMalformed});
  }
  return 0;
}
