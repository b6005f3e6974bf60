// What both workers read of a page's appends, and write of their fate: docs/boundary.md.
#pragma once

#include "log/message.h"
#include "replica/outbox.h"
#include "web/host/bytes.h"

namespace tablog::host {

struct PageAppend {
  AppendRequest request;  // schema version, deaths and hash are the receiver's to fill in
  bool optimistic{};      // this tab's queries are to see it at once
};
[[nodiscard]] PageAppend read_append(Reader& reader);

// The fields of `settled`.
void write_settled(Writer& out, RequestNumber number, const std::variant<Accepted, Error>& result,
                   replica::Outcome outcome);

}  // namespace tablog::host
