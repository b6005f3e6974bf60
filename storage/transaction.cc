#include "storage/transaction.h"

#include <cassert>

namespace tablog::storage {

Result<void> Transaction::run(Statement& statement, const char* sql) {
  if (!statement) {
    Result<Statement> prepared = prepare_own(db_, sql);
    if (!prepared) return fail(prepared.error());
    statement = std::move(*prepared);
  }
  return statement.run();
}

Result<void> Transaction::begin() {
  assert(!open_);
  if (auto begun = run(begin_, "BEGIN IMMEDIATE"); !begun) return begun;
  open_ = true;
  return {};
}

Result<void> Transaction::commit() {
  assert(open_ && !destroyed());
  if (auto committed = run(commit_, "COMMIT"); !committed) return committed;
  open_ = false;
  digests_.forget_marks();
  return {};
}

void Transaction::roll_back() {
  if (!open_) return;
  // It fails only where there is no transaction any more, which is what is wanted.
  if (!destroyed()) (void)run_own(db_, "ROLLBACK");
  open_ = false;
  digests_.roll_back_to(0);
  digests_.forget_marks();
}

Result<void> Transaction::undo() {
  if (destroyed()) return {};
  if (auto undone = run(roll_back_to_, "ROLLBACK TO tablog"); !undone) return undone;
  return run(release_, "RELEASE tablog");
}

}  // namespace tablog::storage
