#include "tools/profile/leveldb.h"

#include <algorithm>
#include <filesystem>
#include <unordered_map>
#include <vector>

#include "storage/posix_file.h"
#include "tools/profile/cursor.h"
#include "tools/profile/leveldb_format.h"

namespace tablog::tools {

namespace {

namespace fs = std::filesystem;

constexpr int kAttemptsMax = 8;
constexpr std::uint64_t kFilesBytesMax = 512U << 20U;
constexpr std::size_t kDecodedBytesMax = 1024U << 20U;
constexpr std::uint64_t kKeptBytesMax = 256U << 20U;

struct FoundFile {
  fs::path path;
  std::uint64_t bytes{};
};

bool is_log(const fs::path& path) {
  return path.extension() == ".log";
}

Result<std::vector<FoundFile>> list(const std::string& directory) {
  std::vector<FoundFile> found;
  std::error_code error;
  fs::directory_iterator at(directory, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const fs::path extension = at->path().extension();
    const bool data = extension == ".log" || extension == ".ldb" || extension == ".sst";
    std::error_code gone;
    if (!data || fs::symlink_status(at->path(), gone).type() != fs::file_type::regular) continue;
    const std::uint64_t bytes = fs::file_size(at->path(), gone);
    if (!gone) found.push_back({at->path(), bytes});
  }
  if (error) {
    return fail(ErrorCode::kStorageUnavailable, "read " + directory + ": " + error.message());
  }
  std::ranges::sort(found, {}, &FoundFile::path);
  return found;
}

class Collector {
 public:
  explicit Collector(const std::function<bool(std::string_view)>& wanted) : wanted_(wanted) {}

  Result<void> add(const LevelDbChange& change) {
    if (!wanted_(change.key)) return {};
    kept_ += change.key.size() + change.value.value_or("").size() + sizeof(Held);
    if (kept_ > kKeptBytesMax) return fail(ErrorCode::kTooLarge, "the database is too large");
    Held& held = held_[std::string(change.key)];
    if (held.sequence <= change.sequence) {
      held = {change.sequence, change.value ? std::optional<std::string>(*change.value)
                                            : std::optional<std::string>()};
    }
    return {};
  }

  void give(LevelDbContent& content) {
    for (auto& [key, held] : held_) {
      if (held.value) content.values.emplace(key, *std::move(held.value));
    }
  }

 private:
  struct Held {
    std::uint64_t sequence{};
    std::optional<std::string> value{};
  };

  const std::function<bool(std::string_view)>& wanted_;
  std::unordered_map<std::string, Held> held_;
  std::uint64_t kept_{};
};

Result<LevelDbContent> read_once(const std::vector<FoundFile>& files,
                                 const std::function<bool(std::string_view)>& wanted) {
  LevelDbContent content;
  Collector collector(wanted);
  std::size_t decoded_max = kDecodedBytesMax;
  const LevelDbSink sink = [&](const LevelDbChange& change) { return collector.add(change); };
  for (const FoundFile& found : files) {
    auto file = storage::open_posix_file(found.path.string(), storage::PosixMode::kReadOnly);
    if (!file) return fail(file.error());
    Bytes bytes(found.bytes);  // it may have grown: for the next reader
    const auto got = (*file)->read(0, bytes);
    if (!got) return fail(got.error());
    bytes.resize(*got);
    const auto read = is_log(found.path) ? read_leveldb_log(as_text(bytes), sink)
                                         : read_leveldb_table(as_text(bytes), decoded_max, sink);
    if (read) continue;
    if (read.error().code != ErrorCode::kMalformed) return fail(read.error());
    if (!content.damage) {
      content.damage = read.error();
      content.damage->message = found.path.string() + ": " + read.error().message;
    }
  }
  collector.give(content);
  return content;
}

bool same_files(const std::vector<FoundFile>& a, const std::vector<FoundFile>& b) {
  return std::ranges::equal(a, b, {}, &FoundFile::path, &FoundFile::path);
}

}  // namespace

Result<LevelDbContent> read_leveldb(const std::string& directory,
                                    const std::function<bool(std::string_view)>& wanted) {
  for (int attempt = 1;; ++attempt) {
    const auto before = list(directory);
    if (!before) return fail(before.error());
    std::uint64_t bytes = 0;
    for (const FoundFile& file : *before) bytes += file.bytes;
    if (bytes > kFilesBytesMax) return fail(ErrorCode::kTooLarge, directory + " is too large");
    auto content = read_once(*before, wanted);
    const auto after = list(directory);
    const bool settled = after && same_files(*before, *after);
    if (settled && content && before->empty()) {
      return fail(ErrorCode::kStorageUnavailable, directory + " holds no database");
    }
    // Where files came and went, what was read is of two times.
    if ((settled && (content || content.error().code == ErrorCode::kTooLarge)) ||
        attempt == kAttemptsMax) {
      return content;
    }
  }
}

}  // namespace tablog::tools
