#include "web/host/boundary_append.h"

#include <utility>

namespace tablog::host {
namespace {

void write(Writer& out, const Accepted& accepted) {
  out.u64(accepted.first_index.value);
  out.u32(accepted.count);
  out.u64(accepted.term.value);
  out.f64(static_cast<double>(accepted.time_ms));
  out.i64(accepted.changes);
  out.boolean(accepted.voided);
}

}  // namespace

PageAppend read_append(Reader& reader) {
  PageAppend append;
  AppendRequest& request = append.request;
  request.number = RequestNumber{reader.u64()};
  request.settled_through = RequestNumber{reader.u64()};
  request.durability = reader.u8() == 0 ? Durability::kFull : Durability::kRelaxed;
  append.optimistic = reader.boolean();
  request.expected_index = reader.option_index();
  constexpr std::size_t kReadBytesMin = 24;
  request.reads.resize(reader.count(kReadBytesMin));
  for (ReadGuard& guard : request.reads) {
    guard.hash = reader.id<RowsHash>();
    guard.sql = reader.text();
    guard.params = reader.args();
  }
  switch (reader.u8()) {
    case 0: {
      constexpr std::size_t kEventBytesMin = 8;
      std::vector<Event> events(reader.count(kEventBytesMin));
      for (Event& event : events) {
        event.type = reader.text();
        event.args = reader.args();
      }
      request.payload = std::move(events);
      break;
    }
    case 1: {
      Exec exec;
      exec.sql = reader.text();
      exec.params = reader.args();
      request.payload = std::move(exec);
      break;
    }
    case 2:
      request.payload = Void{};
      break;
    default:
      reader.fail();
  }
  return append;
}

void write_settled(Writer& out, RequestNumber number, const std::variant<Accepted, Error>& result,
                   replica::Outcome outcome) {
  out.u64(number.value);
  if (const auto* error = std::get_if<Error>(&result)) {
    out.u8(1);
    out.error(*error);
    out.u8(static_cast<std::uint8_t>(outcome));
  } else {
    out.u8(0);
    write(out, std::get<Accepted>(result));
  }
}

}  // namespace tablog::host
