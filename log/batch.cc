#include "log/batch.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tablog {

BatchItem to_item(const ClientId& client, AppendRequest& request) {
  BatchItem item{.request = RequestStamp{.client = client,
                                         .number = request.number,
                                         .settled_through = request.settled_through,
                                         .request_hash = request.request_hash},
                 .bodies = {},
                 .schema_version = request.schema_version,
                 .expected_index = request.expected_index};
  const bool withdrawn = std::holds_alternative<Void>(request.payload);
  if (!withdrawn) item.reads = std::move(request.reads);
  if (auto* events = std::get_if<std::vector<Event>>(&request.payload)) {
    std::move(events->begin(), events->end(), std::back_inserter(item.bodies));
  } else if (auto* exec = std::get_if<Exec>(&request.payload)) {
    item.bodies.emplace_back(std::move(*exec));
  } else {
    item.bodies.emplace_back(Void{});
  }
  return item;
}

}  // namespace tablog
