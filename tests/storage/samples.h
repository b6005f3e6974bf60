// What the tests of the state database share: a small schema, batches, rows as text.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "log/batch.h"
#include "log/entry.h"
#include "storage/state_database.h"

namespace tablog::storage::samples {

// Two versions of a to-do list; stamped with this engine.
[[nodiscard]] Schema schema(std::uint32_t version = 1);
[[nodiscard]] Schema schema_of(std::vector<std::string> migrations,
                               std::map<std::string, std::string> materializers);

[[nodiscard]] ClientId client(std::uint8_t number);
[[nodiscard]] BatchItem control(EntryBody body, std::uint32_t schema_version = 0);
[[nodiscard]] BatchItem event(std::string type, std::vector<Argument> args,
                              std::uint32_t schema_version = 1);
[[nodiscard]] BatchItem exec(std::string sql, std::vector<Argument> params = {},
                             std::uint32_t schema_version = 1);
[[nodiscard]] BatchItem added(std::int64_t id, std::string title);  // "todo.added" of schema()
// Items of one request with all their bodies, numbered by the call.
[[nodiscard]] BatchItem together(std::vector<BatchItem> items);

[[nodiscard]] BatchContext context(std::int64_t time_ms = 1'700'000'000'000,
                                   std::uint64_t seed = 42);

// "a=1 b='x'|a=2 b=NULL": columns and rows of a query, or "error 6: …".
[[nodiscard]] std::string ask(StateDatabase& database, const std::string& sql,
                              const std::vector<Argument>& params = {});
[[nodiscard]] std::string text(const Rows& rows);

// Executes one batch; the result must be there.
[[nodiscard]] BatchResult run(StateDatabase& database, std::vector<BatchItem> items,
                              const BatchContext& context = samples::context());
// The items' errors, in order; an accepted one is kNone.
inline constexpr ErrorCode kNone{};
[[nodiscard]] std::vector<ErrorCode> codes(const BatchResult& result);
[[nodiscard]] Error error_of(const BatchResult& result, std::size_t item);
[[nodiscard]] std::vector<EncodedEntry> entries(const BatchResult& result);

// An in-memory database with `schema` (entry 1) committed.
[[nodiscard]] std::unique_ptr<StateDatabase> database(const Schema& schema = samples::schema());

// Applies the entries to `database`, committing after each request.
void replay(StateDatabase& database, const std::vector<EncodedEntry>& entries);

// The running digest is the digest of the rows, table by table.
void expect_sound_digest(StateDatabase& database, const std::string& where = {});

}  // namespace tablog::storage::samples
