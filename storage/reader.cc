#include "storage/reader.h"

namespace tablog::storage {

namespace {

// Bytes 18 and 19 of the header: 2 for WAL, 1 for a rollback journal. An image has no WAL with it.
constexpr std::size_t kWriteVersionAt = 18;
constexpr std::size_t kReadVersionAt = 19;

}  // namespace

Result<Rows> Reader::query(const std::string& sql, std::span<const Argument> arguments) {
  const Result<Compiled*> compiled = find(sql);
  if (!compiled) return fail(compiled.error());
  auto& [text, statement, names, reads] = **compiled;
  Parameters parameters(nullptr, arguments, "the query");
  Result<void> bound = parameters.check();
  if (bound) bound = parameters.bind(statement, names);
  if (bound) bound = parameters.check_all_used(std::span(&names, 1));
  const Authorizer::Scope scope(authorizer_, Purpose::kQuery, Phase::kStep);
  Result<Rows> rows = bound ? encode_rows(statement) : Result<Rows>(fail(bound.error()));
  statement.reset();
  reads.merge(authorizer_.take_reads());
  if (!rows) return fail(authorizer_.explain(rows.error()));
  return rows;
}

Result<TableNames> Reader::tables_read(const std::string& sql) {
  const Result<Compiled*> compiled = find(sql);
  if (!compiled) return fail(compiled.error());
  return (*compiled)->reads;
}

Result<Reader::Compiled*> Reader::find(const std::string& sql) {
  if (const auto known = by_sql_.find(sql); known != by_sql_.end()) {
    recent_.splice(recent_.begin(), recent_, known->second);
    return &recent_.front();
  }
  Result<Compiled> compiled = compile(sql);
  if (!compiled) return fail(compiled.error());
  if (recent_.size() == kStatementsMax) {
    by_sql_.erase(recent_.back().sql);
    recent_.pop_back();
  }
  recent_.push_front(std::move(*compiled));
  by_sql_.emplace(recent_.front().sql, recent_.begin());
  return &recent_.front();
}

Result<Reader::Compiled> Reader::compile(const std::string& sql) {
  const Authorizer::Scope scope(authorizer_, Purpose::kQuery, Phase::kPrepare);
  std::string_view rest;
  std::ignore = authorizer_.take_reads();
  Result<Statement> statement =
      Statement::prepare(db_, sql, ErrorCode::kQueryFailed, Lifetime::kCached, &rest);
  if (!statement) return fail(authorizer_.explain(statement.error()));
  if (!*statement) return fail(ErrorCode::kQueryFailed, "there is no statement in the query");
  while (!rest.empty()) {
    const Result<Statement> another =
        Statement::prepare(db_, rest, ErrorCode::kQueryFailed, Lifetime::kOnce, &rest);
    if (!another || *another)
      return fail(ErrorCode::kQueryFailed, "a query is one statement, and no more");
  }
  // The authorizer has refused COMMIT, ATTACH and the like, which are "read-only" to SQLite; this
  // refuses what it would let pass by mistake.
  if (sqlite3_stmt_readonly(statement->get()) == 0) {
    return fail(ErrorCode::kQueryFailed, "a query only reads: use append() or exec()");
  }
  ParameterNames names = parameter_names(*statement);
  return Compiled{.sql = sql,
                  .statement = std::move(*statement),
                  .names = std::move(names),
                  .reads = authorizer_.take_reads()};
}

Result<Bytes> Reader::snapshot() {
  sqlite3_int64 bytes = 0;
  unsigned char* raw = sqlite3_serialize(db_, "main", &bytes, 0);
  if (raw == nullptr)
    return fail(ErrorCode::kStorageUnavailable, "no memory for a snapshot of the database");
  const auto* begin = reinterpret_cast<const std::byte*>(raw);
  Bytes image(begin, begin + bytes);
  sqlite3_free(raw);
  if (image.size() > kReadVersionAt) image[kWriteVersionAt] = image[kReadVersionAt] = std::byte{1};
  return image;
}

}  // namespace tablog::storage
