#include "tools/pool_slots.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "storage/posix_file.h"
#include "storage/url_path.h"
#include "tools/source.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

namespace fs = std::filesystem;
using storage::PoolHeaderFields;
using storage::SlotContent;

// SQLite's open flags (sqlite3.h), and the bit of the format.
constexpr std::array<std::pair<std::uint32_t, std::string_view>, 12> kFlagWords{
    {{0x1, "readonly"},
     {0x2, "readwrite"},
     {0x4, "create"},
     {0x8, "delete-on-close"},
     {0x80, "digest-v2"},
     {0x100, "main-db"},
     {0x200, "temp-db"},
     {0x400, "transient-db"},
     {0x800, "main-journal"},
     {0x1000, "temp-journal"},
     {0x4000, "super-journal"},
     {0x80000, "wal"}}};

Result<PoolSlot> read_slot(storage::Slot slot) {
  PoolHeaderFields fields{};  // a file that is shorter reads as zeros
  if (const auto got = slot.file->read(0, fields); !got) return fail(got.error());
  const auto size = slot.file->size();
  if (!size) return fail(size.error());
  PoolSlot read{.slot = std::move(slot), .header = storage::decode_pool_header(fields)};
  read.bytes = *size - std::min(*size, storage::kPoolHeaderBytes);
  const auto path = std::span(fields).first(storage::kPoolPathFieldBytes);
  read.raw_path.assign(
      reinterpret_cast<const char*>(path.data()),
      static_cast<std::size_t>(std::ranges::find(path, std::byte{}) - path.begin()));
  for (std::size_t i = 0; i < 4; ++i) {
    read.raw_flags = read.raw_flags << 8U |
                     std::to_integer<std::uint32_t>(fields[storage::kPoolFlagsOffset + i]);
  }
  return read;
}

bool holds_files(const fs::path& path) {
  std::error_code error;
  fs::directory_iterator at(path, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    if (at->is_regular_file(error)) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> flag_words(std::uint32_t flags) {
  std::vector<std::string> words;
  for (const auto& [bit, word] : kFlagWords) {
    if ((flags & bit) != 0) words.emplace_back(word);
    flags &= ~bit;
  }
  if (flags != 0) words.push_back("0x" + hex64(flags).substr(8));
  return words;
}

std::string_view state_of(const PoolSlot& slot) {
  switch (slot.header.content) {
    case SlotContent::kFree:
      return "free";
    case SlotContent::kFile:
      return slot.conflicts ? "conflicting" : "file";
    case SlotContent::kTransient:
      return "transient";
    case SlotContent::kDamaged:
      return slot.bytes > 0 ? "quarantined" : "torn";
  }
  return "";
}

std::string path_of(const PoolSlot& slot) {
  const bool known =
      slot.header.content == SlotContent::kFile || slot.header.content == SlotContent::kTransient;
  return storage::name_of_pathname(known ? slot.header.pathname : slot.raw_path);
}

Result<std::string> find_pool(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    return fail(ErrorCode::kStorageUnavailable, path_text(path) + ": No such file or directory");
  }
  for (const char* below : {".opaque", "db/.opaque", ".opfs-sahpool/.opaque"}) {
    const fs::path at = fs::path(path) / below;
    if (fs::is_directory(at, error)) return at.string();
  }
  if (const auto generation = find_directories(path); generation && generation->pool) {
    return generation->pool->string();
  }
  if (fs::is_directory(path, error) && holds_files(path)) return path;
  return fail(ErrorCode::kInvalidArgument,
              path_text(path) + " holds no pool: name the directory that has .opaque in it");
}

Result<std::vector<PoolSlot>> read_pool_slots(const std::string& directory) {
  auto slots = storage::open_posix_slots(directory, storage::PosixMode::kReadOnly);
  if (!slots) return fail(slots.error());
  std::vector<PoolSlot> all;
  for (storage::Slot& each : *slots) {
    auto slot = read_slot(std::move(each));
    if (!slot) return fail(slot.error());
    all.push_back(*std::move(slot));
  }
  // As storage/pool.h: a slot without content is what a creation that failed left.
  for (PoolSlot& slot : all) {
    const auto same = [&](const PoolSlot& other) {
      return other.header.content == SlotContent::kFile && other.bytes > 0 &&
             other.header.pathname == slot.header.pathname;
    };
    slot.conflicts = same(slot) && std::ranges::count_if(all, same) > 1;
  }
  return all;
}

}  // namespace tablog::tools
