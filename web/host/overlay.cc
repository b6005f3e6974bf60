#include "web/host/overlay.h"

#include <utility>

namespace tablog::host {

void Overlay::add(AppendRequest request) {
  const RequestNumber number = request.number;
  if (number <= laid_through_) return;  // a worker is told of each once
  request.schema_version = schema_version_;
  request.settled_through = {};  // of sessions the state learns only from the log
  pending_.insert_or_assign(number, std::move(request));
}

void Overlay::remove(RequestNumber number, storage::StateDatabase* database) {
  const auto [first, last] = pending_.equal_range(number);
  erase(first, last, database);
}

void Overlay::remove_through(RequestNumber number, storage::StateDatabase* database) {
  erase(pending_.begin(), pending_.upper_bound(number), database);
}

void Overlay::erase(Pending::iterator first, Pending::iterator last,
                    storage::StateDatabase* database) {
  if (first == last) return;
  if (first->first <= laid_through_) lift(database);
  pending_.erase(first, last);
}

void Overlay::lay(storage::StateDatabase& database, const Clock& now) {
  // A snapshot may have what no entry will come for, and no answer either.
  const Session* known = database.sessions().find(self_);
  const auto is_in = [&](RequestNumber number) {
    return known != nullptr &&
           (number <= known->settled_through || known->unsettled.contains(number));
  };
  std::vector<BatchItem> items;
  for (auto each = pending_.upper_bound(laid_through_); each != pending_.end(); ++each) {
    if (is_in(each->first)) continue;
    AppendRequest request = each->second;
    request.expected_index.reset();  // the leader's to judge, as reads are
    request.reads.clear();
    items.push_back(to_item(self_, request));
  }
  if (items.empty()) return;
  // The time and the randomness of the entry will be others.
  const BatchContext context{.time_ms = now.wall.count(), .wall_ms = now.wall.count()};
  const auto executed = database.execute(context, items);
  laid_through_ = executed ? pending_.rbegin()->first : RequestNumber{};
}

void Overlay::lift(storage::StateDatabase* database) {
  if (laid_through_ == RequestNumber{}) return;
  laid_through_ = {};
  if (database != nullptr) database->rollback();
}

}  // namespace tablog::host
