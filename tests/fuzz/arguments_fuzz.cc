// Arguments as a page sends them: decoded, bound to a materializer, a statement or a query.
// Asserts: they survive the boundary's encoding and the log's; what is refused leaves no trace and
// is refused with a documented code; what is stored reads back as what was given; another database
// that applies the entry gets the same digest.
#include "log/codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/history.h"
#include "web/host/bytes.h"

namespace tablog::fuzz {
namespace {

using storage::StateDatabase;

Bytes written(const std::vector<Argument>& args) {
  host::Writer writer;
  writer.args(args);
  return writer.take();
}

std::vector<Argument> take_args(ByteView bytes) {
  host::Reader reader(bytes);
  std::vector<Argument> args = reader.args();
  check(args.size() <= bytes.size(), "there are no more arguments than bytes");
  return args;
}

void check_encoding(const std::vector<Argument>& args) {
  const Bytes once = written(args);
  host::Reader reader(once);
  check(written(reader.args()) == once && reader.done(), "arguments survive the boundary");
}

EntryBody body_of(std::uint8_t kind, const std::vector<Argument>& args) {
  switch (kind % 5) {
    case 0:
      return Event{.type = "note.kept", .args = args};
    case 1:
      return Event{.type = "todo.added", .args = args};
    case 2:
      return Event{.type = "note.stamped", .args = args};
    case 3:
      return Exec{.sql = "INSERT INTO note(id, body) VALUES (?1, ?2)", .params = args};
    default:
      return Event{.type = "not.there", .args = args};
  }
}

// Bits of a value as SQLite keeps it, by the encoding of rows: one row, one column "v".
void check_kept(StateDatabase& database, const std::vector<Argument>& args) {
  const auto given = std::ranges::find(args, "body", &Argument::name);
  const auto rows = database.query("SELECT body AS v FROM note WHERE id = :id",
                                   std::vector{*std::ranges::find(args, "id", &Argument::name)});
  check(rows.has_value(), "what was stored can be asked for");
  host::Reader reader(rows->encoded);
  check(reader.u32() == 1 && reader.text() == "v", "one column");
  if (reader.u32() != 1) return;  // an id of NULL, or one equal to another
  Value expected = given->value;
  if (const auto* real = std::get_if<double>(&expected); real && *real == 0) expected = 0.0;
  check(reader.value() == expected && reader.done(), "what was stored reads back as it was given");
}

// Made once, and rolled back after each input.
StateDatabase& here() {
  static const auto made = database();
  return *made;
}
StateDatabase& elsewhere() {
  static const auto made = database();
  return *made;
}

void check_elsewhere(const EncodedEntry& entry, const Digest& digest) {
  check(elsewhere().apply(entry.entry, *entry.bytes).has_value(),
        "an accepted entry applies elsewhere");
  check(elsewhere().digest() == digest, "and gives the same digest");
  elsewhere().rollback();
}

void run(std::uint8_t kind, const std::vector<Argument>& args) {
  const Digest before = here().digest();
  const auto result = here().execute(context(), std::vector{item(body_of(kind, args))});
  check(result.has_value(), "arguments are no failure of the machinery");
  if (const auto* error = std::get_if<Error>(&result->items.front())) {
    check_code(*error, {ErrorCode::kInvalidArgument, ErrorCode::kUnknownEvent, ErrorCode::kRejected,
                        ErrorCode::kTooLarge});
    check(here().digest() == before, "what is refused leaves no trace");
  } else {
    const auto& entry = std::get<std::vector<EncodedEntry>>(result->items.front()).front();
    check(decode_entry(*entry.bytes) == entry.entry, "an accepted entry survives the log");
    check_elsewhere(entry, result->digest);
    if (kind % 5 == 0) check_kept(here(), args);
  }
  here().rollback();
  check(here().digest() == before, "what is rolled back leaves no trace");
}

void ask(const std::vector<Argument>& args) {
  const auto rows = here().query("SELECT :a, :b, ?1", args);
  if (!rows) check_code(rows.error(), {ErrorCode::kInvalidArgument, ErrorCode::kQueryFailed});
}

}  // namespace
}  // namespace tablog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tablog::fuzz;
  Input input(view_of(data, size));
  const std::uint8_t kind = input.u8();
  const auto args = take_args(input.rest());
  check_encoding(args);
  if (kind % 6 == 5) {
    ask(args);
  } else {
    run(kind % 6, args);
  }
  return 0;
}
