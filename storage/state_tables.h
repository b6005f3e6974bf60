// The store's own tables in the state database: where the log has been applied up to, by what
// schema, and what every session has got. Written only at commit, so that they cost little per
// entry.
//
// All that changes with a commit is in one small b-tree, so that it is one page more in the WAL:
//
//   tablog_state   kind, key, value; by kind:
//     0  one row: format, and what Progress says, in columns of their own
//     1  a table's name, its running digest (digest_store.cc)
//     2  a client, its session (SessionTable::encode)
//   tablog_schema  at most one row: the last schema entry, encoded as in the log
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "log/entry.h"
#include "log/session_table.h"
#include "storage/sqlite.h"

namespace tablog::storage {

inline constexpr std::int64_t kStateFormat = 1;  // as the log's format version

// What the row of tablog_state says.
struct Progress {
  StoreId store;
  Index applied;
  Index last_app;          // last entry that an app appended; 0: none
  Term term;               // of entry `applied`
  std::int64_t time_ms{};  // of entry `applied`
  ChainHash chain;         // at `applied`
  Index checkpoint;        // of the last CheckpointMark
  bool operator==(const Progress&) const = default;
};

class StateTables {
 public:
  explicit StateTables(sqlite3* db) : db_(db) {}

  // Makes the tables where the database is empty. kNewerFormat: written by a newer tablog.
  // kCorrupt: it is a database of something else, or damaged.
  [[nodiscard]] Result<void> create_or_check();

  // Makes them beside an app's own. kInvalidArgument: it has a name that is the store's.
  [[nodiscard]] Result<void> create_beside();

  [[nodiscard]] Result<Progress> progress();
  [[nodiscard]] Result<SessionTable> sessions();
  // The schema entry; none before the first.
  [[nodiscard]] Result<std::optional<Entry>> schema();

  [[nodiscard]] Result<void> write(const Progress& progress);
  [[nodiscard]] Result<void> write(SessionTable& sessions);  // the dirty ones
  [[nodiscard]] Result<void> write_schema(ByteView encoded_entry);

 private:
  [[nodiscard]] Result<Statement*> prepared(Statement& statement, const char* sql);

  sqlite3* db_;
  Statement write_progress_;
  Statement write_session_;
  Statement drop_session_;
};

// 128 bits from their 16 bytes; nothing where it is another number of bytes.
template <class Bits>
[[nodiscard]] std::optional<Bits> bits_from(ByteView bytes) {
  Bits bits;
  if (bytes.size() != bits.bytes.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), bits.bytes.begin());
  return bits;
}

}  // namespace tablog::storage
