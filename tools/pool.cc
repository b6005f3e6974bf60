#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "storage/url_path.h"
#include "tools/new_file.h"
#include "tools/pool_slots.h"
#include "tools/reading.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

namespace fs = std::filesystem;
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

// ---- list

Json json_of_row(const PoolSlot& slot) {
  const bool version_2 = (slot.raw_flags & kPoolDigestV2) != 0;
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
  return (slot.raw_flags & kPoolDigestV2) != 0 ? (ok ? "ok" : "differs") : (ok ? "none" : "bad");
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
  const auto slots = read_pool_slots(*directory);
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
