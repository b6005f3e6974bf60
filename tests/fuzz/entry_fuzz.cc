// Entries. Asserts: what decodes is encoded, and from there on both ways give the same; its content
// is no larger than an entry may be; errors are kMalformed. The session table takes any entry, and
// what it makes of it survives its own encoding.
#include "log/codec.h"
#include "log/payload.h"
#include "log/session_table.h"
#include "tests/fuzz/fuzz.h"

namespace tablog::fuzz {
namespace {

std::uint64_t content_bytes(const EntryBody& body) {
  std::uint64_t sum = 0;
  if (const auto* event = std::get_if<Event>(&body)) {
    sum += event->type.size() + payload_bytes(event->args);
  } else if (const auto* exec = std::get_if<Exec>(&body)) {
    sum += exec->sql.size() + payload_bytes(exec->params);
  } else if (const auto* schema = std::get_if<Schema>(&body)) {
    for (const std::string& migration : schema->migrations) sum += migration.size();
    for (const Materializer& each : schema->materializers)
      sum += each.type.size() + each.sql.size();
  }
  return sum;
}

void check_sessions(const Entry& entry) {
  SessionTable table;
  table.apply(entry);
  for (const auto& [client, session] : table.sessions()) {
    const auto again = SessionTable::decode(SessionTable::encode(session));
    check(again && *again == session, "a session survives its encoding");
  }
}

void check_entry(const Entry& entry) {
  // A few thousand arguments may share one text; each counts with its overhead.
  check(content_bytes(entry.body) <= 2 * kEntryBytesMax, "an entry's content is bounded");
  check_sessions(entry);
  const auto bytes = encode_entry(entry);
  if (!bytes) return check_code(bytes.error(), {ErrorCode::kTooLarge});
  const auto again = decode_entry(*bytes);
  check(again.has_value(), "what was encoded decodes");
  // Bytes, not values: NaN is not equal to itself.
  check(encode_entry(*again) == *bytes, "the same entry gives the same bytes");
}

}  // namespace
}  // namespace tablog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tablog::fuzz;
  const auto entry = tablog::decode_entry(view_of(data, size));
  if (entry) {
    check_entry(*entry);
  } else {
    check_code(entry.error(), {tablog::ErrorCode::kMalformed});
  }
  return 0;
}
