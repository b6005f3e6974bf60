// The private file systems in a Firefox profile. Layout: docs/decisions/browser-profiles.md.
#include <algorithm>

#include "tools/profile/cursor.h"
#include "tools/profile/foreign_database.h"
#include "tools/profile/origin_files.h"

namespace tablog::tools {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kRowsMax = 1'000'000;

// "http+++127.0.0.1+8080^userContextId=1": in an origin's name '+' stands for what a file's cannot
// have, and a host has no '+' of its own.
void take_origin(std::string_view name, OriginFiles& origin) {
  const std::size_t cut = std::min(name.find('^'), name.size());
  origin.partition = name.substr(cut);
  const std::string_view plain = name.substr(0, cut);
  const std::size_t scheme = plain.find("+++");
  if (scheme == std::string_view::npos) return;
  std::string rest(plain.substr(scheme + 3));
  std::ranges::replace(rest, '+', ':');
  origin.origin = std::string(plain.substr(0, scheme)) + "://" + rest;
}

// Names are UTF-16, lowest byte first.
std::string utf8_of(ByteView utf16) {
  std::string text;
  const auto append = [&text](std::uint32_t lead, std::uint32_t point, int more) {
    text += static_cast<char>(lead | point >> (6U * static_cast<unsigned>(more)));
    for (; more > 0; --more) {
      text += static_cast<char>(0x80U | (point >> (6U * static_cast<unsigned>(more - 1)) & 0x3FU));
    }
  };
  Cursor cursor(as_text(utf16));
  while (cursor.rest().size() >= 2) {
    auto point = static_cast<std::uint32_t>(cursor.fixed(2));
    if (point >= 0xD800 && point < 0xDC00 && cursor.rest().size() >= 2) {
      point = 0x10000 + ((point - 0xD800) << 10U) +
              (static_cast<std::uint32_t>(cursor.fixed(2)) - 0xDC00);
    }
    if (point < 0x80) {
      append(0, point, 0);
    } else if (point < 0x800) {
      append(0xC0, point, 1);
    } else if (point < 0x10000) {
      append(0xE0, point, 2);
    } else {
      append(0xF0, point & 0x1FFFFFU, 3);
    }
  }
  return text;
}

// As RFC 4648 says, without padding: how the bytes' files are called.
std::string base32(ByteView bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  unsigned bits = 0;
  unsigned held = 0;
  for (const std::byte byte : bytes) {
    held = held << 8U | std::to_integer<unsigned>(byte);
    for (bits += 8; bits >= 5; bits -= 5) text += kDigits[held >> (bits - 5) & 31U];
    held &= (1U << bits) - 1;
  }
  if (bits > 0) text += kDigits[held << (5 - bits) & 31U];
  return text;
}

using Nodes = std::map<std::string, Node<std::string>>;  // by handle

Result<void> read_directories(ForeignDatabase& database, Nodes& nodes) {
  auto rows = database.prepare(
      "SELECT handle, parent, name FROM Directories JOIN Entries USING (handle) LIMIT ?1");
  if (!rows) return fail(rows.error());
  if (auto bound = rows->bind(1, kRowsMax); !bound) return bound;
  for (auto row = rows->step(); !row || *row; row = rows->step()) {
    if (!row) return fail(row.error());
    nodes[std::string(as_text(rows->blob(0)))] = {.parent = std::string(as_text(rows->blob(1))),
                                                  .name = utf8_of(rows->blob(2))};
  }
  return {};
}

Result<void> read_files(ForeignDatabase& database, const fs::path& directory, Nodes& nodes) {
  // Before its version 2 the handle itself names the file of the bytes.
  auto rows = database.prepare(database.has_table("MainFiles")
                                   ? "SELECT Files.handle, parent, name, fileId FROM Files JOIN "
                                     "Entries USING (handle) JOIN MainFiles ON "
                                     "MainFiles.handle = Files.handle LIMIT ?1"
                                   : "SELECT handle, parent, name, handle FROM Files JOIN Entries "
                                     "USING (handle) LIMIT ?1");
  if (!rows) return fail(rows.error());
  if (auto bound = rows->bind(1, kRowsMax); !bound) return bound;
  for (auto row = rows->step(); !row || *row; row = rows->step()) {
    if (!row) return fail(row.error());
    const std::string id = base32(rows->blob(3));
    const fs::path file = fs::path(id.substr(0, 2)) / id;
    if (id.size() < 3 || !is_plain_file(directory, file)) continue;
    nodes[std::string(as_text(rows->blob(0)))] = {.parent = std::string(as_text(rows->blob(1))),
                                                  .name = utf8_of(rows->blob(2)),
                                                  .file = directory / file};
  }
  return {};
}

Result<void> read_tree(OriginFiles& origin) {
  const auto database = ForeignDatabase::open(origin.directory / "metadata.sqlite");
  if (!database) return fail(database.error());
  for (const char* table : {"Entries", "Directories", "Files"}) {
    if ((*database)->has_table(table)) continue;
    return fail(ErrorCode::kNewerFormat,
                (origin.directory / "metadata.sqlite").string() + " has no table " + table);
  }
  Nodes nodes;
  auto read = read_directories(**database, nodes);
  if (read) read = read_files(**database, origin.directory, nodes);
  // The root is a directory without a parent.
  const auto root = std::ranges::find_if(
      nodes, [](const auto& node) { return !node.second.file && node.second.parent.empty(); });
  if (root != nodes.end()) origin.files = paths_of<std::string>(nodes, root->first);
  return read;
}

}  // namespace

Result<std::vector<OriginFiles>> read_firefox_profile(const fs::path& profile) {
  std::vector<OriginFiles> all;
  for (const char* kind : {"default", "permanent"}) {
    std::error_code error;
    if (!fs::exists(profile / "storage" / kind, error)) continue;
    const auto origins = directories_in(profile / "storage" / kind);
    if (!origins) return fail(origins.error());
    for (const fs::path& path : *origins) {
      if (!fs::exists(path / "fs", error)) continue;
      OriginFiles origin{.directory = path / "fs"};
      take_origin(path.filename().string(), origin);
      if (const auto read = read_tree(origin); !read) origin.trouble = read.error();
      all.push_back(std::move(origin));
    }
  }
  return all;
}

}  // namespace tablog::tools
