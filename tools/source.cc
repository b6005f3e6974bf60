#include "tools/source.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>

#include "log/export.h"
#include "storage/base.h"
#include "storage/log_slots.h"
#include "storage/posix_file.h"
#include "tools/profile/profile.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

namespace fs = std::filesystem;
using storage::LogReader;
using storage::PosixMode;
using storage::Slot;

// How often a directory is read again where a writer seems to have changed it meanwhile.
constexpr int kAttemptsMax = 8;

std::unexpected<Error> not_a_log(const std::string& path, const std::string& why) {
  return fail(ErrorCode::kInvalidArgument, path_text(path) + " " + why);
}

// ---- one file

Result<Bytes> read_beginning(storage::File& file) {
  Bytes bytes(kSegmentHeaderBytes);
  const auto got = file.read(0, bytes);
  if (!got) {
    return fail(got.error());
  }
  bytes.resize(*got);
  return bytes;
}

Result<Source> open_file(const std::string& path) {
  auto file = storage::open_posix_file(path, PosixMode::kReadOnly);
  if (!file) {
    return fail(file.error());
  }
  const auto beginning = read_beginning(**file);
  const auto size = (*file)->size();
  if (!beginning || !size) {
    return fail(beginning ? size.error() : beginning.error());
  }
  Source source{.kind = SourceKind::kExport, .path = path, .bytes = *size};
  if (!is_export(*beginning)) {
    const auto header = decode_segment_header(*beginning);
    if (!header && header.error().code == ErrorCode::kNewerFormat) {
      return fail(header.error());
    }
    return header ? not_a_log(path, "is one segment of a log: name its directory instead")
                  : not_a_log(path, "is not an exported log");
  }
  auto log = LogReader::from_export(*std::move(file));
  if (!log) {
    return fail(log.error());
  }
  source.log = *std::move(log);
  source.base_bytes = source.log->base_bytes();
  return source;
}

// ---- directories

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

std::vector<std::string> subdirectories(const fs::path& path) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator at(path, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    if (is_folder(at->path())) {
      names.push_back(at->path().filename().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

// The newest whole one; a copy that was not finished has no record that says so, and the first
// needs none (docs/decisions/fork.md).
std::optional<std::uint64_t> newest_generation(const fs::path& store) {
  std::optional<std::uint64_t> newest;
  for (const std::string& name : subdirectories(store)) {
    const auto generation = generation_of(name);
    if (!generation || !is_folder(store / name / "log")) continue;
    std::ifstream file(store / name / "ready");
    const std::string record(std::istreambuf_iterator<char>(file), {});
    if (generation == 0 || record == ready_record(*generation))
      newest = std::max(newest.value_or(0), *generation);
  }
  return newest;
}

}  // namespace

Result<Directories> find_directories(const fs::path& path) {
  if (!is_folder(path)) {
    return not_a_log(path.string(), "is no directory");
  }
  if (is_folder(path / "log")) {
    const fs::path pool = path / "db" / ".opaque";
    return Directories{path / "log", is_folder(pool) ? std::optional(pool) : std::nullopt};
  }
  if (const auto newest = newest_generation(path)) {
    return find_directories(path / ("g" + std::to_string(*newest)));
  }
  std::string stores;
  for (const std::string& name : subdirectories(path)) {
    if (newest_generation(path / name)) {
      stores += (stores.empty() ? "" : ", ") + printable(name, 100);
    }
  }
  if (!stores.empty()) {
    return not_a_log(path.string(), "holds stores: name one of them (" + stores + ")");
  }
  return Directories{path, std::nullopt};
}

namespace {

// Reads the last segment to its end; rewinds. What next() tells there is the verdict on the tail.
Result<void> probe_tail(LogReader& log) {
  auto sought = log.seek(std::max(log.last(), log.first()));
  while (sought) {
    const auto frame = log.next();
    if (!frame) {
      sought = fail(frame.error());
    } else if (!*frame) {
      break;
    }
  }
  if (const auto rewound = log.seek(log.first()); !rewound) {
    return rewound;
  }
  return sought;
}

// True where the files were just written for the first time and hold nothing: a store without
// entries.
bool is_empty_log(const LogReader& log) {
  return log.segments().empty();
}

// Nothing in the slots is a segment, although they hold something: not a log's directory at all.
bool is_foreign(const std::vector<Slot>& slots) {
  return std::ranges::none_of(slots, [](const Slot& slot) {
    const auto header = storage::read_segment_header(*slot.file);
    return header || header.error().code == ErrorCode::kNewerFormat;
  });
}

// Where slots are opened from, as often as they are read.
using OpenSlots = std::function<Result<std::vector<Slot>>()>;

struct Parts {
  std::string path;
  OpenSlots log;
  OpenSlots pool;  // empty: there is none
  bool is_log;     // whatever it holds; else it has to have a segment
};

Result<Source> read_parts(const Parts& parts) {
  Source source{.kind = SourceKind::kDirectory, .path = parts.path};
  // The state database first: its log is at least as far as it is, also while both are written to.
  if (parts.pool) {
    auto pool = parts.pool();
    auto held = pool ? read_pool(*std::move(pool)) : fail(pool.error());
    if (held) {
      source.state = held->state;
      source.base = held->base;
      source.base_bytes = held->base_bytes;
      source.pool = held->pool;
    } else {
      source.state_error = held.error();
    }
  }
  auto slots = parts.log();
  if (!slots) {
    return fail(slots.error());
  }
  const std::size_t files = slots->size();
  for (const Slot& slot : *slots) {
    source.bytes += slot.file->size().value_or(0);
  }
  const bool foreign = is_foreign(*slots);
  auto log = LogReader::from_slots(
      *std::move(slots), std::max(source.base, source.state ? source.state->applied : Index{}),
      source.base);
  if (foreign && !parts.is_log && (!log || is_empty_log(**log))) {
    return not_a_log(parts.path, "holds no log: no file in it is a segment");
  }
  if (!log) {
    return fail(log.error());
  }
  source.log = *std::move(log);
  source.spares = files - source.log->segments().size();
  return source;
}

Result<FoundSlots> open_slots(const fs::path& directory) {
  auto slots = storage::open_posix_slots(directory.string(), PosixMode::kReadOnly);
  if (!slots) {
    return fail(slots.error());
  }
  return FoundSlots{.directory = directory.string(), .slots = *std::move(slots)};
}

// A writer may be at work: what looks like damage is believed when it looks the same twice.
Result<Source> open_parts(const Parts& parts) {
  std::optional<Error> before;
  for (int attempt = 1;; ++attempt) {
    auto source = read_parts(parts);
    std::optional<Error> found = source ? source->state_error : source.error();
    if (source && !found) {
      if (const auto tail = probe_tail(*source->log); !tail) {
        found = tail.error();
      }
    }
    if (!found || found == before || attempt == kAttemptsMax) {
      return source;
    }
    before = found;
  }
}

OpenSlots slots_in(const fs::path& directory) {
  return
      [path = directory.string()] { return storage::open_posix_slots(path, PosixMode::kReadOnly); };
}

Result<Source> open_directory(const std::string& path) {
  const auto found = find_directories(path);
  if (!found) {
    return fail(found.error());
  }
  return open_parts({.path = path,
                     .log = slots_in(found->log),
                     .pool = found->pool ? slots_in(*found->pool) : OpenSlots(),
                     .is_log = found->log.filename() == "log" && found->log != fs::path(path)});
}

OpenSlots slots_of(const std::vector<std::string>& files) {
  return [&files]() -> Result<std::vector<Slot>> {
    std::vector<Slot> slots;
    for (const std::string& path : files) {
      auto file = storage::open_posix_file(path, PosixMode::kReadOnly);
      if (!file) {
        return fail(file.error());
      }
      slots.push_back({fs::path(path).filename().string(), *std::move(file)});
    }
    return slots;
  };
}

// Their directory is where most of them are, those of other stores among them.
Result<FoundSlots> open_listed(const std::vector<std::string>& files) {
  auto slots = slots_of(files)();
  if (!slots) {
    return fail(slots.error());
  }
  return FoundSlots{
      .directory = files.empty() ? "" : fs::path(files.front()).parent_path().string(),
      .slots = *std::move(slots)};
}

}  // namespace

std::string ready_record(std::uint64_t generation) {
  return std::to_string(generation) + "\n";
}

std::optional<std::uint64_t> generation_of(const std::string& name) {
  if (name.size() < 2 || name.size() > 18 || name.front() != 'g' ||
      name.find_first_not_of("0123456789", 1) != std::string::npos) {
    return std::nullopt;
  }
  return std::stoull(name.substr(1));
}

Result<Bytes> Source::read_base() const {
  if (base_bytes == 0) return Bytes{};
  return pool ? storage::read_whole(*pool->find(storage::base_path(base))) : log->base();
}

std::uint64_t Source::file_offset_of(std::uint64_t sequence) const {
  if (kind == SourceKind::kDirectory) {
    return 0;
  }
  const auto segments = log->segments();
  ExportHeader header{.base_bytes = base_bytes};
  header.segments.resize(segments.size());
  return std::accumulate(segments.begin(), segments.end(),
                         header.header_bytes() + header.base_bytes,
                         [&](std::uint64_t sum, const storage::SegmentInfo& segment) {
                           return segment.sequence < sequence ? sum + segment.capacity : sum;
                         });
}

Result<Source> open_source(const Target& target) {
  const bool in_profile = !target.profile.empty();
  if (!in_profile && !(target.origin.empty() && target.store.empty())) {
    return fail(ErrorCode::kInvalidArgument, "--origin and --store say which one of --profile");
  }
  auto source = in_profile               ? open_profile_store(target)
                : is_folder(target.path) ? open_directory(target.path)
                                         : open_file(target.path);
  if (source) source->target = target;
  return source;
}

Result<FoundSlots> open_log_slots(const Target& target) {
  if (!target.profile.empty()) {
    const auto files = find_profile_files(target);
    return files ? open_listed(files->log) : fail(files.error());
  }
  const auto found = find_directories(target.path);
  return found ? open_slots(found->log) : fail(found.error());
}

Result<FoundSlots> open_pool_slots(const Target& target) {
  if (!target.profile.empty()) {
    const auto files = find_profile_files(target);
    return files ? open_listed(files->pool) : fail(files.error());
  }
  const auto found = find_directories(target.path);
  if (!found) {
    return fail(found.error());
  }
  return found->pool ? open_slots(*found->pool) : not_a_log(target.path, "has no state database");
}

Result<Source> open_files(const SourceFiles& files) {
  return open_parts({.path = files.path,
                     .log = slots_of(files.log),
                     .pool = files.pool.empty() ? OpenSlots() : slots_of(files.pool),
                     .is_log = true});
}

}  // namespace tablog::tools
