// Transaction: the one write transaction of a state database and the savepoints in it, with the
// digests following every step. It may be destroyed from within: OR ROLLBACK and RAISE(ROLLBACK) in
// an app's SQL undo all of it, savepoints included, and only SQLite's autocommit flag tells.
#pragma once

#include <type_traits>

#include "storage/digest.h"
#include "storage/sqlite.h"

namespace tablog::storage {

class Transaction {
 public:
  Transaction(sqlite3* db, Digests& digests) : db_(db), digests_(digests) {}

  [[nodiscard]] Result<void> begin();   // when not open
  [[nodiscard]] Result<void> commit();  // when open; after an error it is still open
  void roll_back();                     // does nothing when not open

  [[nodiscard]] bool is_open() const { return open_; }
  [[nodiscard]] bool destroyed() const { return open_ && sqlite3_get_autocommit(db_) != 0; }

  // Runs `body` (which returns a Result) in a savepoint. What it did is undone if it fails, in the
  // database and in the digests; where it has destroyed the transaction, the caller must
  // roll_back().
  template <class Body>
  [[nodiscard]] std::invoke_result_t<Body> in_savepoint(Body body) {
    const Digests::Applying applying(digests_);
    if (auto opened = run(savepoint_, "SAVEPOINT tablog"); !opened) return fail(opened.error());
    const Digests::Mark mark = digests_.mark();
    std::invoke_result_t<Body> result = body();
    if (result) {
      if (auto released = run(release_, "RELEASE tablog"); !released) return fail(released.error());
    } else {
      digests_.roll_back_to(mark);
      if (auto undone = undo(); !undone) return fail(undone.error());
    }
    return result;
  }

 private:
  [[nodiscard]] Result<void> run(Statement& statement, const char* sql);
  [[nodiscard]] Result<void> undo();

  sqlite3* db_;
  Digests& digests_;
  bool open_{};
  Statement begin_, commit_, savepoint_, release_, roll_back_to_;
};

}  // namespace tablog::storage
