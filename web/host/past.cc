#include "web/host/past.h"

#include <utility>

#include "log/codec.h"
#include "web/host/bytes.h"

namespace tablog::host {
namespace {

enum class In : std::uint8_t { kBegin, kEntries, kQuery, kDigests };

}  // namespace

Bytes PastBoundary::step(ByteView input) {
  if (!handle(input)) outputs_.add(other_build_reply());
  return outputs_.take();
}

bool PastBoundary::handle(ByteView input) {
  Reader reader(input);
  const auto kind = static_cast<In>(reader.u8());
  Writer out = begin_reply(reader.u32());
  const auto tell = [&](const Result<void>& done) {
    out.u8(done ? 0 : 1);
    if (!done) return out.error(done.error());
    out.u64(database_->applied().value);
  };
  switch (kind) {
    case In::kBegin: {
      const ByteView image = reader.bytes();
      if (!reader.done()) return false;
      tell(begin(image));
      break;
    }
    case In::kEntries: {
      const Index to{reader.u64()};
      if (!database_) return false;
      tell(apply(reader, to));
      if (!reader.done()) return false;
      break;
    }
    case In::kQuery: {
      const std::string sql = reader.text();
      const std::vector<Argument> params = reader.args();
      if (!reader.done() || !database_) return false;
      const auto rows = database_->query(sql, params);
      out.u8(rows ? 0 : 1);
      if (rows) out.raw(rows->encoded.data(), rows->encoded.size());
      if (!rows) out.error(rows.error());
      break;
    }
    case In::kDigests: {
      if (!reader.done() || !database_) return false;
      const auto tables = database_->table_digests();
      out.u8(tables ? 0 : 1);
      if (tables) write_digests(out, database_->applied(), *tables);
      if (!tables) out.error(tables.error());
      break;
    }
    default:
      return false;
  }
  outputs_.add(out.take());
  return true;
}

// A state that is to be made anew, and a log that does not go back to its first entry: it goes on
// from the base, without its tables.
Result<void> PastBoundary::begin(ByteView image) {
  auto database = image.empty() ? storage::StateDatabase::in_memory()
                                : storage::StateDatabase::from_image(image);
  if (!database) return fail(database.error());
  if (database_ && database_->rebuilds() && !image.empty()) {
    database_->continue_from(**database);
    return {};
  }
  database_ = std::move(*database);
  return {};
}

// Those up to `to`; all are read, so that the input is done. One that starts the state anew has all
// before it asked for once more: what is told is that nothing is applied.
Result<void> PastBoundary::apply(Reader& entries, Index to) {
  constexpr std::size_t kEntryBytesMin = 4;
  Result<void> done;
  bool again = false;
  for (std::uint32_t left = entries.count(kEntryBytesMin); left > 0; --left) {
    const ByteView bytes = entries.bytes();
    if (!done || database_->applied() >= to) continue;
    const auto entry = decode_entry(bytes);
    if (!entry) {
      done = fail(entry.error());
    } else if (std::exchange(again, again || (starts_anew(*entry) && !database_->rebuilds()))) {
      continue;
    } else if (again) {
      database_.reset();
      done = begin({});
      if (done) database_->begin_rebuild(std::get<Schema>(entry->body));
    } else if (auto applied = database_->apply(*entry, bytes); !applied) {
      done = fail(applied.error());
    }
  }
  if (done) done = database_->commit();
  if (!done) database_->rollback();
  return done;
}

}  // namespace tablog::host
