// Browsers' profiles as the tests make them up: the layouts that docs/decisions/browser-profiles.md
// tells, around files that are given. What real browsers write is tested in
// tests/browser/profiles_test.ts.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/tools/leveldb_kit.h"
#include "tests/tools/sample_store.h"

namespace tablog::tools {

// What a page has written: path -> content.
using PageFiles = std::map<std::string, Bytes>;

// A generation's directory (SampleStore::directory()) as a page's files below `to`.
[[nodiscard]] PageFiles files_of(const std::string& directory, const std::string& to);

// ---- Chromium

// The value of one entry of a directory database.
[[nodiscard]] std::string pickle(std::uint64_t parent, const std::string& bytes,
                                 const std::string& name);
// What the directory database says of these files, as one batch; their bytes go to t/00/….
[[nodiscard]] std::vector<TestChange> write_tree(const std::filesystem::path& tree,
                                                 const PageFiles& files);
// A whole origin: "File System/NUMBER" with its tree.
void write_origin(const std::filesystem::path& profile, const std::string& number,
                  const PageFiles& files);
// "File System/Origins": identifier ("http_a.example_0") -> number.
void write_origins(const std::filesystem::path& profile,
                   const std::map<std::string, std::string>& numbers);
void write_log(const std::filesystem::path& database, const std::vector<TestChange>& changes);

// ---- SQLite files, which need no browser to be written

void write_database(const std::filesystem::path& path, const std::string& sql);

// Firefox: an origin's directory ("http+++a.example") with its files.
void write_firefox_origin(const std::filesystem::path& profile, const std::string& origin,
                          const PageFiles& files);

}  // namespace tablog::tools
