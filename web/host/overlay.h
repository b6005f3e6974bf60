// Overlay: appends of this tab that its own queries see before they are committed. They are
// executed over the committed state, in a transaction of the replica's database that is never
// committed: it is lifted before anything else is done with the database, and laid again
// afterwards, over whatever the state is by then. What is rejected on the way is not shown; the
// leader says what becomes of it.
#pragma once

#include <map>
#include <vector>

#include "log/clock.h"
#include "log/message.h"
#include "storage/state_database.h"

namespace tablog::host {

class Overlay {
 public:
  Overlay(ClientId self, std::uint32_t schema_version)
      : self_(self), schema_version_(schema_version) {}

  // To be shown from the next lay() on.
  void add(AppendRequest request);
  // Its entries are applied, or never will be; likewise of all numbers up to `number`.
  void remove(RequestNumber number, storage::StateDatabase* database);
  void remove_through(RequestNumber number, storage::StateDatabase* database);

  // Afterwards `database` shows what is pending; nothing where it already does.
  void lay(storage::StateDatabase& database, const Clock& now);
  // Afterwards `database` is as it was committed. It may be null: it is gone, and the overlay with
  // it.
  void lift(storage::StateDatabase* database);

 private:
  using Pending = std::map<RequestNumber, AppendRequest>;
  void erase(Pending::iterator first, Pending::iterator last, storage::StateDatabase* database);

  ClientId self_;
  std::uint32_t schema_version_;
  Pending pending_;
  RequestNumber laid_through_{};  // zero: nothing is laid
};

}  // namespace tablog::host
