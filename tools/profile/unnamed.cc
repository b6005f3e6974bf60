#include "tools/profile/unnamed.h"

#include <algorithm>
#include <set>

#include "log/segment.h"
#include "storage/pool_header.h"
#include "storage/posix_file.h"

namespace tablog::tools {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesMax = 1'000'000;

// Both kinds of headers are of one length.
static_assert(kSegmentHeaderBytes == storage::kPoolHeaderBytes);

Bytes read_header(const fs::path& path) {
  const auto file = storage::open_posix_file(path.string(), storage::PosixMode::kReadOnly);
  if (!file) return {};
  Bytes bytes(kSegmentHeaderBytes);
  bytes.resize((*file)->read(0, bytes).value_or(0));
  return bytes;
}

bool is_pool_slot(ByteView header) {
  storage::PoolHeaderFields fields{};
  if (header.size() < fields.size()) return false;
  std::ranges::copy(header.first(fields.size()), fields.begin());
  return storage::decode_pool_header(fields).content == storage::SlotContent::kFile;
}

// Regular files that are not named: in the directory, and in those in it.
std::vector<fs::path> files_without_name(const OriginFiles& origin) {
  std::set<fs::path> named;
  for (const auto& [path, file] : origin.files) named.insert(file);
  std::vector<fs::path> found;
  auto directories = directories_in(origin.directory).value_or(std::vector<fs::path>());
  directories.push_back(origin.directory);
  for (const fs::path& directory : directories) {
    std::error_code error;
    fs::directory_iterator at(directory, error);
    for (; !error && at != fs::directory_iterator(); at.increment(error)) {
      std::error_code gone;
      const bool plain = at->symlink_status(gone).type() == fs::file_type::regular;
      if (plain && !named.contains(at->path()) && found.size() < kFilesMax) {
        found.push_back(at->path());
      }
    }
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

std::optional<StoreId> store_of_segment(const fs::path& file, std::uint64_t& generation) {
  const auto header = decode_segment_header(read_header(file));
  if (!header) return std::nullopt;
  generation = header->generation.value;
  return header->store;
}

std::vector<UnnamedStore> find_unnamed(const OriginFiles& origin) {
  std::map<std::pair<StoreId, std::uint64_t>, UnnamedStore> stores;
  std::vector<fs::path> pool;
  for (const fs::path& file : files_without_name(origin)) {
    const Bytes bytes = read_header(file);
    if (const auto header = decode_segment_header(bytes)) {
      const std::uint64_t generation = header->generation.value;
      UnnamedStore& store = stores[{header->store, generation}];
      store.id = header->store;
      store.generation = generation;
      store.log.push_back(file);
    } else if (is_pool_slot(bytes)) {
      pool.push_back(file);
    }
  }
  std::vector<UnnamedStore> found;
  found.reserve(stores.size());
  for (auto& [key, store] : stores) found.push_back(std::move(store));
  // A database and its WAL do not say whose they are, nor of which generation.
  if (found.size() == 1) found.front().pool = std::move(pool);
  return found;
}

}  // namespace tablog::tools
