#include "web/host/importer.h"

#include <utility>

#include "leader/refusal.h"
#include "storage/store.h"
#include "web/host/bytes.h"

namespace tablog::host {
namespace {

enum class In : std::uint8_t { kBegin, kFiles, kPiece, kFinish };
constexpr std::uint8_t kLog = 0;
constexpr std::uint32_t kSpareSlots = 2;
constexpr const char* kDatabasePath = "/tablog-imported.sqlite3";

}  // namespace

Bytes ImportBoundary::step(ByteView input) {
  if (!handle(input)) outputs_.add(other_build_reply());
  return outputs_.take();
}

bool ImportBoundary::handle(ByteView input) {
  Reader reader(input);
  const auto kind = static_cast<In>(reader.u8());
  Writer out = begin_reply(reader.u32());
  const auto tell = [&](const auto& done) {
    out.u8(done ? 0 : 1);
    if (!done) out.error(done.error());
  };
  const auto handles = [&] {
    constexpr std::size_t kHandleBytesMin = 8;
    std::vector<Handle> read(reader.count(kHandleBytesMin));
    for (Handle& each : read) {
      each.name = reader.text();
      each.number = reader.u32();
    }
    return read;
  };
  switch (kind) {
    case In::kBegin: {
      schema_ = read_schema(reader);
      const std::uint8_t what = reader.u8();
      const std::uint64_t total = reader.u64();
      const ByteView beginning = reader.bytes();
      if (!reader.done() || !log_.empty()) return false;
      const auto slots = begin(what, total, beginning);
      tell(slots);
      if (slots) out.u32(*slots);
      if (slots) out.u64(export_ ? export_->header().generation.value : 0);
      break;
    }
    case In::kFiles: {
      const Generation generation{reader.u64()};
      std::vector<Handle> log = handles();
      std::vector<Handle> pool = handles();
      if (!reader.done() || files_) return false;
      tell(open(generation, std::move(log), std::move(pool)));
      break;
    }
    case In::kPiece: {
      const ByteView piece = reader.bytes();
      if (!reader.done() || !files_) return false;
      tell(write(piece));
      break;
    }
    case In::kFinish: {
      const auto store = reader.id<StoreId>();
      const std::uint64_t seed = reader.u64();
      const std::int64_t now_ms = reader.i64();
      if (!reader.done() || !files_) return false;
      const auto last = finish(store, seed, now_ms);
      tell(last);
      if (last) out.u64(last->value);
      break;
    }
    default:
      return false;
  }
  outputs_.add(out.take());
  return true;
}

// How many log slots it takes.
Result<std::uint32_t> ImportBoundary::begin(std::uint8_t kind, std::uint64_t total,
                                            ByteView beginning) {
  if (kind != kLog) {
    if (!leader::follows_any(schema_)) return 1 + kSpareSlots;
    return fail(ErrorCode::kInvalidArgument, "a database is imported with the schema of its app");
  }
  auto log = storage::LogImport::begin(beginning, total);
  if (!log) return fail(log.error());
  export_ = std::move(*log);
  return static_cast<std::uint32_t>(export_->header().segments.size()) + kSpareSlots;
}

std::vector<storage::Slot> ImportBoundary::slots(const std::vector<Handle>& handles) const {
  std::vector<storage::Slot> slots;
  slots.reserve(handles.size());
  for (const Handle& each : handles)
    slots.push_back({.name = each.name, .file = open_file_(each.number)});
  return slots;
}

Result<void> ImportBoundary::open(Generation generation, std::vector<Handle> log,
                                  std::vector<Handle> pool) {
  generation_ = generation;
  log_ = std::move(log);
  pool_ = std::move(pool);
  if (log_.size() < kSpareSlots || (export_ && log_.size() < export_->header().segments.size()))
    return fail(ErrorCode::kStorageUnavailable, "too few files for an import");
  log_slots_ = slots(log_);
  auto opened = storage::Pool::open(slots(pool_));
  if (!opened) return fail(opened.error());
  files_ = std::move(*opened);
  if (export_) {
    std::vector<storage::File*> files;
    files.reserve(log_slots_.size());
    for (const storage::Slot& slot : log_slots_) files.push_back(slot.file.get());
    export_->open(std::move(files), *files_);
    return {};
  }
  auto made = storage::create_database(*files_, kDatabasePath);
  if (!made) return fail(made.error());
  database_ = *made;
  return {};
}

Result<void> ImportBoundary::write(ByteView piece) {
  if (export_) return export_->write(piece);
  auto written = database_->write(written_, piece);
  written_ += piece.size();
  return written;
}

// The whole log is read, and replayed: what comes of it has to be what the log says itself.
Result<Index> ImportBoundary::finish(StoreId store, std::uint64_t seed, std::int64_t now_ms) {
  if (export_) {
    if (auto finished = export_->finish(); !finished) return fail(finished.error());
  } else {
    const storage::DatabaseImport import{.store = store,
                                         .generation = generation_,
                                         .time_ms = now_ms,
                                         .salt = seed,
                                         .schema = schema_};
    auto imported =
        storage::import_database(*files_, kDatabasePath, *log_slots_.front().file, import);
    if (!imported) return fail(imported.error());
  }
  log_slots_.clear();
  files_.reset();
  auto opened = storage::Store::open(
      {.log = slots(log_), .pool = slots(pool_)},
      {.fresh = store, .generation = generation_, .salt_seed = seed, .on_progress = on_progress_});
  if (!opened) return fail(opened.error());
  if (auto sound = check(**opened); !sound) return fail(sound.error());
  return (*opened)->checkpoint();
}

Result<void> ImportBoundary::check(const storage::Store& store) const {
  const storage::LogHead& head = store.log().head();
  if (export_ && (head.index != export_->header().last || head.chain != export_->header().chain)) {
    return fail(Error{.code = ErrorCode::kCorrupt,
                      .message = "the export ends with another entry than it says",
                      .index = head.index});
  }
  const auto& schema = store.state().schema();
  const bool newer = schema && schema->version > schema_.version;
  const bool other = schema && schema->version == schema_.version;
  if (newer || other) {
    Schema mine = schema_;
    mine.engine = schema->engine;  // an older one can be read; a newer one was refused
    if (const auto error = leader::refusal(mine, *schema)) return fail(*error);
  }
  return {};
}

}  // namespace tablog::host
