// The private file systems in a Chromium profile (Chrome, Edge, Brave and others have the same).
// Layout: docs/decisions/browser-profiles.md.
#include <algorithm>
#include <charconv>
#include <ranges>

#include "tools/profile/cursor.h"
#include "tools/profile/foreign_database.h"
#include "tools/profile/leveldb.h"
#include "tools/profile/origin_files.h"

namespace tablog::tools {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOriginPrefix = "ORIGIN:";

std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = error == std::errc{} && rest == digits.data() + digits.size();
  return whole && !digits.empty() ? std::optional(value) : std::nullopt;
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// "http_127.0.0.1_8080" -> "http://127.0.0.1:8080". Port 0 is the scheme's own; in an IPv6 address
// underscores stand for colons. Empty: not of that form.
std::string origin_of(std::string_view identifier) {
  const std::size_t scheme = identifier.find('_');
  const std::size_t port = identifier.rfind('_');
  if (scheme == std::string_view::npos || port <= scheme + 1) return {};
  const auto number = number_of(identifier.substr(port + 1));
  if (!number || *number > 65535) return {};
  std::string host(identifier.substr(scheme + 1, port - scheme - 1));
  if (host.front() == '[') std::ranges::replace(host, '_', ':');
  const std::string suffix = *number == 0 ? "" : ":" + std::to_string(*number);
  return std::string(identifier.substr(0, scheme)) + "://" + host + suffix;
}

// A directory's entry: a pickle of parent, path of the bytes, name, time. A string is its length,
// its bytes, and zeros up to a multiple of four.
std::string_view take_string(Cursor& cursor) {
  const std::uint64_t length = cursor.fixed(4);
  const std::string_view text = cursor.take(length);
  cursor.take((4 - length % 4) % 4);
  return text;
}

std::optional<Node<std::uint64_t>> node_of(const fs::path& directory, std::string_view pickle) {
  Cursor cursor(pickle);
  cursor.fixed(4);  // its length
  Node<std::uint64_t> node{.parent = cursor.fixed(8)};
  std::string bytes(take_string(cursor));
  node.name = take_string(cursor);
  if (!cursor.ok()) return std::nullopt;
  std::ranges::replace(bytes, '\\', '/');  // a profile from Windows
  if (bytes.empty()) return node;          // a directory
  if (!is_plain_file(directory, bytes)) return std::nullopt;
  node.file = directory / bytes;
  return node;
}

// `directory` is a file system's: "t", with the tree in Paths/ and the bytes in 00/, 01/, …
void read_tree(OriginFiles& origin) {
  const fs::path paths = origin.directory / "Paths";
  // Entries have numbers as keys; the rest repeats what they say, from the parent's side.
  const auto content =
      read_leveldb(paths.string(), [](std::string_view key) { return number_of(key).has_value(); });
  if (!content) {
    origin.trouble = content.error();
    return;
  }
  origin.trouble = content->damage;
  std::map<std::uint64_t, Node<std::uint64_t>> nodes;
  for (const auto& [key, pickle] : content->values) {
    const std::uint64_t id = *number_of(key);
    if (id == 0) continue;
    if (auto node = node_of(origin.directory, pickle)) nodes.emplace(id, *std::move(node));
  }
  origin.files = paths_of<std::uint64_t>(nodes, 0);
}

// "File System": a numbered directory for each origin's default bucket.
Result<std::vector<OriginFiles>> read_numbered(const fs::path& directory) {
  std::map<std::string, std::string> names;
  const auto content = read_leveldb((directory / "Origins").string(), [](std::string_view key) {
    return key.starts_with(kOriginPrefix);
  });
  if (content) {
    for (const auto& [key, number] : content->values) {
      names[number] = origin_of(std::string_view(key).substr(kOriginPrefix.size()));
    }
  }
  const auto numbered = directories_in(directory);
  if (!numbered) return fail(numbered.error());
  std::vector<OriginFiles> origins;
  for (const fs::path& path : *numbered) {
    if (!is_there(path / "t")) continue;
    OriginFiles origin{.origin = names[path.filename().string()], .directory = path / "t"};
    read_tree(origin);
    if (!origin.trouble && !content) origin.trouble = content.error();
    if (!origin.trouble && origin.origin.empty()) origin.trouble = content->damage;
    origins.push_back(std::move(origin));
  }
  return origins;
}

// "http://a.example/^0http://b.example": of a, in a frame on a page of b.
void take_storage_key(std::string_view key, std::string_view bucket, OriginFiles& origin) {
  const std::size_t cut = std::min(key.find('^'), key.size());
  origin.origin = key.substr(0, cut);
  if (origin.origin.ends_with('/')) origin.origin.pop_back();
  origin.partition = key.substr(cut);
  if (bucket != "_default") {
    origin.partition += (origin.partition.empty() ? "" : " ") + std::string(bucket);
  }
}

Result<void> read_bucket_names(const fs::path& path, std::map<std::uint64_t, OriginFiles>& known) {
  const auto database = ForeignDatabase::open(path);
  if (!database) return fail(database.error());
  if (!(*database)->has_table("buckets")) {
    return fail(ErrorCode::kNewerFormat, path.string() + " has no table of buckets");
  }
  auto rows = (*database)->prepare("SELECT id, storage_key, name FROM buckets");
  if (!rows) return fail(rows.error());
  for (auto row = rows->step(); !row || *row; row = rows->step()) {
    if (!row) return fail(row.error());
    take_storage_key(rows->text(1), rows->text(2),
                     known[static_cast<std::uint64_t>(rows->integer(0))]);
  }
  return {};
}

// "WebStorage": a numbered directory for each other bucket.
Result<std::vector<OriginFiles>> read_buckets(const fs::path& directory) {
  const auto numbered = directories_in(directory);
  if (!numbered) return fail(numbered.error());
  std::vector<OriginFiles> origins;
  std::map<std::uint64_t, OriginFiles> known;
  std::optional<Result<void>> named;
  for (const fs::path& path : *numbered) {
    const auto number = number_of(path.filename().string());
    const fs::path tree = path / "FileSystem" / "t";
    if (!number || !is_there(tree)) continue;
    if (!named) named = read_bucket_names(directory / "QuotaManager", known);
    OriginFiles origin = known[*number];
    origin.directory = tree;
    read_tree(origin);
    if (!origin.trouble && !*named) origin.trouble = named->error();
    origins.push_back(std::move(origin));
  }
  return origins;
}

}  // namespace

Result<std::vector<OriginFiles>> read_chromium_profile(const fs::path& profile) {
  std::vector<OriginFiles> all;
  for (const auto& [name, read] :
       {std::pair("File System", &read_numbered), std::pair("WebStorage", &read_buckets)}) {
    if (!is_there(profile / name)) continue;
    auto origins = read(profile / name);
    if (!origins) return origins;
    std::ranges::move(*origins, std::back_inserter(all));
  }
  return all;
}

}  // namespace tablog::tools
