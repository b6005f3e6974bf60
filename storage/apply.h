// Applier: what one entry does to the database. The same code for what is being sequenced and for
// what is in the log already, so that replay does what the leader did.
#pragma once

#include <memory>
#include <optional>

#include "log/entry.h"
#include "storage/authorizer.h"
#include "storage/digest.h"
#include "storage/materializers.h"
#include "storage/sqlite.h"

namespace tablog::storage {

struct ApplyResult {
  std::int64_t changes{};  // rows changed by an exec entry (triggers left out), else 0
};

// Of a state that is made anew: what was applied once more, and what was left out as the schema's
// flags say.
struct RebuildCounts {
  std::uint64_t events{};
  std::uint64_t unknown{};
  std::uint64_t failed{};
  std::uint64_t exec{};
  bool operator==(const RebuildCounts&) const = default;
};

class Applier {
 public:
  Applier(sqlite3* db, Authorizer& authorizer, Digests& digests);

  // Runs the entry's SQL inside the caller's savepoint, with the entry's time and randomness. An
  // error that is_rejection() is a truth about the entry; any other is the machinery's failure.
  // After either the caller rolls back to its savepoint and restores current().
  [[nodiscard]] Result<ApplyResult> run(const Entry& entry);

  // The schema in force with its compiled SQL; null before the first.
  using Current = std::shared_ptr<Materializers>;
  [[nodiscard]] const Current& current() const { return current_; }
  void restore(Current current) { current_ = std::move(current); }
  [[nodiscard]] Current make(Entry schema_entry);
  // The schema of `schema_entry` becomes current, compiled; its migrations have run.
  [[nodiscard]] Result<void> bring(const Entry& schema_entry);

  [[nodiscard]] std::uint32_t schema_version() const {
    return current_ ? current_->schema().version : 0;
  }

  // ---- making the state anew (kSchemaRebuilds). From begin_rebuild() on run() takes the log's
  // entries as `schema` has them, until the one comes that brings it; restore() to what was current
  // before that one goes back into it. prepare_rebuild() comes before the first of them.
  void begin_rebuild(Schema schema);
  [[nodiscard]] bool rebuilds() const {
    return rebuild_ && (!current_ || current_ == rebuild_->target);
  }
  [[nodiscard]] bool prepared() const { return current_ != nullptr; }
  [[nodiscard]] Result<void> prepare_rebuild(const Entry& first);
  // Whether `error`, of run(entry), only means that the entry is left out; counts it.
  [[nodiscard]] bool leaves_out(const Entry& entry, const Error& error);
  [[nodiscard]] RebuildCounts counts() const {
    return rebuild_ ? rebuild_->counts : RebuildCounts{};
  }

 private:
  struct Rebuild {
    Current target;  // of an entry that stands for the one to come
    RebuildCounts counts;
  };

  [[nodiscard]] Result<std::int64_t> run_body(const Entry& entry);
  [[nodiscard]] Result<void> run_event(const Entry& entry, const Event& event);
  [[nodiscard]] Result<std::int64_t> run_exec(const Entry& entry, const Exec& exec);
  [[nodiscard]] Result<void> run_schema(const Entry& entry, const Schema& schema);
  [[nodiscard]] Result<void> run_migrations(const Entry& entry, const Schema& schema);
  [[nodiscard]] Result<void> run_schema_anew(const Entry& entry, const Schema& schema);
  struct Script {
    std::int64_t changes{};
    std::size_t statements{};
  };
  [[nodiscard]] Result<Script> run_script(const Entry& entry, std::string_view sql,
                                          std::span<const Argument> arguments,
                                          std::string_view what);
  [[nodiscard]] Result<std::int64_t> run_statement(Statement& statement);
  [[nodiscard]] Result<void> settle_definitions();

  sqlite3* db_;
  Authorizer& authorizer_;
  Digests& digests_;
  Current current_;
  std::optional<Rebuild> rebuild_;
  bool definitions_changed_{};  // by the entry that runs
};

}  // namespace tablog::storage
