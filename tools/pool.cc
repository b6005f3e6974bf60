#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "storage/pool_header.h"
#include "storage/posix_file.h"
#include "storage/url_path.h"
#include "tools/new_file.h"
#include "tools/reading.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

namespace fs = std::filesystem;
using storage::PoolHeaderFields;
using storage::SlotContent;

struct Options {
  std::string action{};     // list, extract
  std::string directory{};  // of the pool
  std::string path{};       // of the file in it
  std::string slot{};       // instead: the slot's name
  std::string file{};       // to write
  bool force{};
};

std::unexpected<Error> usage(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

// ---- what a slot is

struct PoolSlot {
  storage::Slot slot{};
  storage::PoolHeader header{};
  std::string raw_path{};  // what stands where the path is, however the digest is
  std::uint32_t raw_flags{};
  std::uint64_t bytes{};  // behind the header
  bool conflicts{};       // another slot has the same path, and both have content
};

constexpr std::uint32_t kDigestV2 = 0x80;

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

// ---- the directory

bool holds_files(const fs::path& path) {
  std::error_code error;
  fs::directory_iterator at(path, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    if (at->is_regular_file(error)) return true;
  }
  return false;
}

// The pool is where it is found first: here, or where a store, a generation or the official build
// have theirs.
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
  return usage(path_text(path) + " holds no pool: name the directory that has .opaque in it");
}

Result<std::vector<PoolSlot>> read_slots(const std::string& directory) {
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

// ---- list

Json json_of_row(const PoolSlot& slot) {
  const bool version_2 = (slot.raw_flags & kDigestV2) != 0;
  const bool blank = slot.header.content == SlotContent::kFree;
  Json digest{{"version", version_2 ? 2 : 1}, {"ok", slot.header.content != SlotContent::kDamaged}};
  return {{"slot", slot.slot.name},
          {"state", state_of(slot)},
          {"path", blank ? Json(nullptr) : Json(path_of(slot))},
          {"flags", flag_words(slot.raw_flags)},
          {"digest", blank ? Json(nullptr) : std::move(digest)},
          {"bytes", slot.bytes}};
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string digest_text(const PoolSlot& slot) {
  if (slot.header.content == SlotContent::kFree) return "-";
  const bool ok = slot.header.content != SlotContent::kDamaged;
  return (slot.raw_flags & kDigestV2) != 0 ? (ok ? "ok" : "differs") : (ok ? "none" : "bad");
}

void print_table(const std::vector<PoolSlot>& slots, Output& output) {
  using enum Column::Align;
  std::vector<std::vector<std::string>> cells;
  cells.reserve(slots.size());
  for (const PoolSlot& slot : slots) {
    cells.push_back({printable(slot.slot.name, 64), std::string(state_of(slot)),
                     printable(path_of(slot), 200), count_text(slot.bytes), digest_text(slot),
                     joined(flag_words(slot.raw_flags))});
  }
  Table table(output, {{"SLOT", 0, kLeft},
                       {"STATE", 0, kLeft},
                       {"PATH", 0, kLeft},
                       {"BYTES", 0, kRight},
                       {"DIGEST", 0, kLeft},
                       {"FLAGS", 0, kLeft}});
  table.fit(cells);
  table.print_header();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string_view state = state_of(slots[i]);
    const bool bad = state == "quarantined" || state == "conflicting";
    table.print(cells[i], bad ? Paint::kBad : state == "file" ? Paint::kPlain : Paint::kDim);
  }
}

ExitCode list(const std::vector<PoolSlot>& slots, Output& output) {
  if (output.is_table()) {
    print_table(slots, output);
  } else {
    output.begin_rows(
        {.table = "pool", .columns = {"slot", "state", "path", "flags", "digest", "bytes"}});
    for (const PoolSlot& slot : slots) output.row(json_of_row(slot));
    output.end_rows();
  }
  const auto damaged = std::ranges::count_if(slots, [](const PoolSlot& slot) {
    return state_of(slot) == "quarantined" || slot.conflicts;
  });
  if (damaged == 0) return ExitCode::kClean;
  output.warn(counted(static_cast<std::uint64_t>(damaged), "slot is", "slots are") +
              " damaged: extract --slot NAME gives the content of one");
  return ExitCode::kCorrupt;
}

// ---- extract

struct Part {
  const PoolSlot* slot{};
  std::string file{};
};

Result<const PoolSlot*> find_by_path(const std::vector<PoolSlot>& slots, const std::string& path) {
  const std::string pathname = storage::url_pathname(path).value_or(path);
  const auto is_it = [&](const PoolSlot& slot) {
    return slot.header.content == SlotContent::kFile && slot.header.pathname == pathname;
  };
  const PoolSlot* found = nullptr;
  for (const PoolSlot& slot : slots) {
    if (!is_it(slot)) continue;
    if (slot.conflicts) {
      return fail(ErrorCode::kCorrupt, "several slots have the path " + path_text(path) +
                                           ": pool list shows them, --slot NAME takes one");
    }
    if (found == nullptr || slot.bytes > 0) found = &slot;
  }
  return found;
}

// SQLite goes by the names: what was beside the database is beside it again.
Result<std::vector<Part>> parts_of(const std::vector<PoolSlot>& slots, const Options& options) {
  std::vector<Part> parts;
  if (!options.slot.empty()) {
    const auto found =
        std::ranges::find(slots, options.slot, [](const PoolSlot& slot) { return slot.slot.name; });
    if (found == slots.end()) return usage("there is no slot " + path_text(options.slot));
    parts.push_back({&*found, options.file});
    return parts;
  }
  for (const char* suffix : {"", "-wal", "-journal"}) {
    const auto found = find_by_path(slots, options.path + suffix);
    if (!found) return fail(found.error());
    if (*found != nullptr) parts.push_back({*found, options.file + suffix});
    if (parts.empty()) {
      return usage("there is no file " + path_text(options.path) + " in the pool: pool list " +
                   "shows those that are");
    }
  }
  return parts;
}

Result<void> copy(const Part& part) {
  auto file = NewFile::create(part.file);
  if (!file) return fail(file.error());
  Bytes piece(256U << 10U);
  for (std::uint64_t offset = 0; offset < part.slot->bytes;) {
    const auto got = part.slot->slot.file->read(storage::kPoolHeaderBytes + offset, piece);
    if (!got) return fail(got.error());
    if (*got == 0) break;  // a live file that became shorter
    if (auto added = file->append(ByteView(piece).first(*got)); !added) return added;
    offset += *got;
  }
  return file->place();
}

Result<void> check_targets(const std::vector<Part>& parts, const Options& options) {
  if (options.file.empty()) return usage("-o FILE is missing: the file to write");
  const Replace replace = options.force ? Replace::kYes : Replace::kNo;
  for (const char* suffix : {"", "-wal", "-journal", "-shm"}) {
    if (!options.slot.empty() && *suffix != '\0') break;
    // An older one's would be taken for this one's.
    if (auto ready = check_new_file(options.file + suffix, replace, options.directory); !ready) {
      return ready;
    }
  }
  std::error_code error;
  const bool own = std::ranges::any_of(parts, [&](const Part& part) {
    return fs::equivalent(fs::absolute(part.file, error).parent_path(), options.directory, error);
  });
  return own ? usage("the pool's own directory is only read: write somewhere else")
             : Result<void>{};
}

Result<std::vector<Part>> write_parts(const std::vector<PoolSlot>& slots, const Options& options) {
  auto parts = parts_of(slots, options);
  if (!parts) return parts;
  if (auto ready = check_targets(*parts, options); !ready) return fail(ready.error());
  if (options.slot.empty()) {
    std::error_code ignored;
    for (const char* suffix : {"-wal", "-journal", "-shm"}) {
      fs::remove(options.file + suffix, ignored);
    }
  }
  for (const Part& part : *parts) {
    if (auto copied = copy(part); !copied) return fail(copied.error());
  }
  return parts;
}

ExitCode extract(const std::vector<PoolSlot>& slots, const Options& options, Output& output) {
  if (options.path.empty() == options.slot.empty()) {
    return tell(output, usage("name the file's PATH in the pool, or its slot with --slot").error());
  }
  const auto parts = write_parts(slots, options);
  if (!parts) return tell(output, parts.error());
  if (!output.is_table()) {
    output.begin_rows({.table = "extracted", .columns = {"slot", "path", "file", "bytes"}});
    for (const Part& part : *parts) {
      output.row({{"slot", part.slot->slot.name},
                  {"path", path_of(*part.slot)},
                  {"file", part.file},
                  {"bytes", part.slot->bytes}});
    }
    output.end_rows();
    return ExitCode::kClean;
  }
  Facts facts;
  for (const Part& part : *parts) {
    facts.add(printable(path_of(*part.slot), 200),
              printable(part.file, 4096) + ", " + bytes_text(part.slot->bytes));
  }
  facts.print(output);
  return ExitCode::kClean;
}

ExitCode pool(const Target& /*target*/, const Options& asked, Output& output) {
  const auto directory = find_pool(asked.directory);
  if (!directory) return tell(output, directory.error());
  Options options = asked;
  options.directory = *directory;
  const auto slots = read_slots(*directory);
  if (!slots) return tell(output, slots.error());
  return options.action == "list" ? list(*slots, output) : extract(*slots, options, output);
}

}  // namespace

Verb pool_verb() {
  const auto options = std::make_shared<Options>();
  Verb verb{.name = "pool",
            .what = "The SQLite files in any opfs-sahpool directory: list them, extract one",
            .examples =
                "  tablog pool list opfs/tablog/notes/g0\n"
                "  tablog pool extract opfs/tablog/notes/g0 /tablog.sqlite3 -o state.sqlite3\n"
                "  tablog pool extract opfs/.opfs-sahpool --slot 3k7x2a -o found.sqlite3",
            .options = {{.names = "-o,--file",
                         .value = "FILE",
                         .help = "extract: the file to write; its -wal and -journal beside it",
                         .into = &options->file},
                        {.names = "--slot",
                         .value = "NAME",
                         .help = "extract: the content of this slot, whatever its header says",
                         .into = &options->slot},
                        {.names = "--force",
                         .help = "Replace FILE where it exists",
                         .into = &options->force}},
            .positionals = {{.name = "ACTION",
                             .help = "list or extract",
                             .into = &options->action,
                             .choices = {"list", "extract"}},
                            {.name = "DIR",
                             .help = "The pool: .opaque, or what it is in",
                             .into = &options->directory},
                            {.name = "PATH",
                             .help = "extract: the file, as list shows it",
                             .into = &options->path,
                             .presence = Presence::kOptional}},
            .takes = Takes::kNothing,
            .format_names = "--output,--format"};
  carry_out(verb, options, pool);
  return verb;
}

}  // namespace tablog::tools
