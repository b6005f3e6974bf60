#include "tools/salvage_source.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "log/little_endian.h"
#include "storage/base.h"
#include "storage/file_source.h"
#include "storage/image_intake.h"
#include "storage/log_slots.h"
#include "storage/posix_file.h"
#include "storage/sqlite.h"
#include "storage/state_database.h"
#include "storage/store.h"
#include "tools/overlay_file.h"
#include "tools/salvage_export.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

namespace fs = std::filesystem;
using storage::PosixMode;

// ---- states

// SQLite puts up with images of which later something comes: a free list that is none, a header
// for which it would read the state and never write to it.
Result<void> check_image(const Bytes& image) {
  constexpr std::size_t kHeaderBytes = 100;
  constexpr std::size_t kAutoVacuumAt = 52;  // u32; no state has it
  if (image.size() >= kHeaderBytes && load<std::uint32_t>(image, kAutoVacuumAt) != 0) {
    return fail(ErrorCode::kCorrupt, "its header says that it has auto_vacuum");
  }
  auto intake = storage::ImageIntake::begin(image.size());
  if (!intake) return fail(intake.error());
  if (auto added = (*intake)->add(image); !added) return added;
  const auto database = (*intake)->finish();
  if (!database) return fail(database.error());
  auto statement = storage::prepare_own(database->get(), "PRAGMA integrity_check(1)");
  if (!statement) return fail(statement.error());
  const auto row = statement->step();
  if (!row) return fail(row.error());
  const std::string verdict = *row ? std::string(statement->text(0)) : std::string();
  return verdict == "ok" ? Result<void>{} : fail(ErrorCode::kCorrupt, verdict);
}

Result<SavedState> held_against_itself(Result<std::unique_ptr<storage::StateDatabase>> opened) {
  if (!opened) return fail(opened.error());
  storage::StateDatabase& state = **opened;
  if (auto sound = state.check_content(); !sound) return fail(sound.error());
  const auto digest = state.recompute_digest();
  if (!digest) return fail(digest.error());
  if (*digest != state.digest()) {
    return fail(ErrorCode::kCorrupt, "its rows do not have the digest that it names");
  }
  auto image = state.snapshot();
  if (!image) return fail(image.error());
  if (auto checked = check_image(*image); !checked) return fail(checked.error());
  return SavedState{.store = state.store(),
                    .applied = state.applied(),
                    .chain = state.chain(),
                    .digest = *digest,
                    .image = *std::move(image)};
}

void take_base(SalvageSource& source, const Bytes& image) {
  auto base = held_against_itself(storage::StateDatabase::from_image(image));
  if (auto checked = check_image(image); !checked) base = fail(checked.error());
  if (base) {
    source.base = *std::move(base);
    source.base->image = image;
  } else {
    source.problems.push_back("the log's base cannot be read: " + base.error().message);
  }
}

void take_pool(SalvageSource& source, const fs::path& path) {
  auto slots = storage::open_posix_slots(path.string(), PosixMode::kReadOnly);
  auto pool = slots ? storage::Pool::open(overlay(*std::move(slots))) : fail(slots.error());
  if (!pool) {
    source.problems.push_back("the pool cannot be read: " + pool.error().message);
    return;
  }
  for (const std::string& slot : (*pool)->quarantined()) {
    source.problems.push_back("the header of pool slot " + slot + " does not verify");
  }
  source.has_state =
      (*pool)->find(storage::kStatePath) != nullptr || !(*pool)->quarantined().empty();
  if (const Index base = storage::find_base(**pool); base > Index{}) {
    const auto image = storage::read_whole(*(*pool)->find(storage::base_path(base)));
    if (image) take_base(source, *image);
  }
  if ((*pool)->find(storage::kStatePath) == nullptr) return;
  auto state = held_against_itself(storage::StateDatabase::on_pool(**pool, storage::kStatePath));
  if (!state) {
    source.problems.push_back("the state database cannot be read: " + state.error().message);
  } else if (state->applied > Index{}) {
    source.state = *std::move(state);
  }
}

// ---- slots

Result<void> take_slot(SalvageSource& source, storage::Slot slot) {
  const auto size = slot.file->size();
  if (!size) return fail(size.error());
  const auto header = storage::read_segment_header(*slot.file);
  if (!header && !is_no_segment(header.error())) return fail(header.error());
  if (!header) {
    const auto blank = storage::is_blank(*slot.file, kSegmentHeaderBytes);
    if (!blank) return fail(blank.error());
    if (*blank) {
      source.spares.push_back(slot.name);
      return {};
    }
  }
  SalvagePart part{.name = std::move(slot.name), .bytes = *size};
  part.source = std::make_shared<storage::OwnedFileSource>(std::move(slot.file));
  if (header) part.header = *header;
  source.parts.push_back(std::move(part));
  return {};
}

Result<SalvageSource> open_directory(const std::string& path) {
  const auto directories = find_directories(path);
  if (!directories) return fail(directories.error());
  SalvageSource source{.kind = SourceKind::kDirectory, .path = directories->log.string()};
  if (directories->pool) take_pool(source, *directories->pool);
  auto slots = storage::open_posix_slots(directories->log.string(), PosixMode::kReadOnly);
  if (!slots) return fail(slots.error());
  for (storage::Slot& slot : *slots) {
    if (auto taken = take_slot(source, std::move(slot)); !taken) return fail(taken.error());
  }
  return source;
}

Result<SalvageSource> open_export(const std::string& path) {
  auto file = storage::open_posix_file(path, PosixMode::kReadOnly);
  if (!file) return fail(file.error());
  const auto size = (*file)->size();
  if (!size) return fail(size.error());
  SalvageSource source{.kind = SourceKind::kExport, .path = path};
  auto found =
      find_export_parts(std::make_shared<storage::OwnedFileSource>(*std::move(file)), *size);
  if (!found) return fail(found.error());
  source.parts = std::move(found->parts);
  source.table = std::move(found->table);
  source.problems = std::move(found->problems);
  if (!found->base.empty()) take_base(source, found->base);
  return source;
}

// ---- of all parts

// Segments of another store have come in by accident: of two, the state database's, or the one that
// has more.
void keep_one_store(SalvageSource& source) {
  std::map<StoreId, std::size_t> stores;
  for (const SalvagePart& part : source.parts) {
    if (part.header) ++stores[part.header->store];
  }
  if (source.state) {
    source.store = source.state->store;
  } else if (source.table) {
    source.store = source.table->store;
  } else if (!stores.empty()) {
    source.store =
        std::ranges::max_element(stores, {}, [](const auto& each) { return each.second; })->first;
  } else if (source.base) {
    source.store = source.base->store;
  }
  std::erase_if(source.parts, [&](const SalvagePart& part) {
    const bool foreign = part.header && part.header->store != source.store;
    if (foreign) source.problems.push_back(part.name + " is of another store: left out");
    return foreign;
  });
}

void link(SalvageSource& source) {
  std::map<std::uint64_t, SalvagePart*> by_salt;
  for (SalvagePart& part : source.parts) {
    if (part.header) by_salt.emplace(part.header->salt, &part);
  }
  for (const SalvagePart& part : source.parts) {
    if (!part.header) continue;
    source.generation = std::max(source.generation, part.header->generation);
    if (!part.header->predecessor) continue;
    const auto found = by_salt.find(part.header->predecessor->salt);
    if (found != by_salt.end() && found->second != &part) {
      found->second->end = part.header->predecessor->end;
    }
  }
}

}  // namespace

Result<SalvageSource> open_salvage(const std::string& path) {
  std::error_code ignored;
  auto source = fs::is_directory(path, ignored) ? open_directory(path) : open_export(path);
  if (!source) return source;
  keep_one_store(*source);
  link(*source);
  for (const SalvagePart& part : source->parts) {
    if (!part.header) {
      source->problems.push_back(part.name + ": its segment header does not verify");
    }
  }
  return source;
}

}  // namespace tablog::tools
