#include "tests/tools/profile_kit.h"

#include <sqlite3.h>

#include "storage/sqlite.h"

namespace tablog::tools {

namespace fs = std::filesystem;

namespace {

void write_with_folders(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  write_text(path.string(), text);
}

std::string counted_number(int number, int digits) {
  std::string text = std::to_string(number);
  return std::string(static_cast<std::size_t>(digits) - text.size(), '0') + text;
}

// Gives every directory on the way to a file a number; the root has 0.
class Directories {
 public:
  template <class Added>
  std::uint64_t number_of(const std::string& path, const Added& added) {
    if (path.empty()) return 0;
    if (const auto found = numbers_.find(path); found != numbers_.end()) return found->second;
    const std::size_t cut = path.rfind('/');
    const std::uint64_t parent =
        number_of(cut == std::string::npos ? "" : path.substr(0, cut), added);
    const std::uint64_t number = next();
    numbers_[path] = number;
    added(number, parent, cut == std::string::npos ? path : path.substr(cut + 1));
    return number;
  }
  std::uint64_t next() { return ++last_; }

 private:
  std::map<std::string, std::uint64_t> numbers_;
  std::uint64_t last_{};
};

std::string folder_of(const std::string& path) {
  const std::size_t cut = path.rfind('/');
  return cut == std::string::npos ? "" : path.substr(0, cut);
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string string_field(const std::string& text) {
  return fixed(text.size(), 4) + text + std::string((4 - text.size() % 4) % 4, '\0');
}

}  // namespace

PageFiles files_of(const std::string& directory, const std::string& to) {
  PageFiles files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    files[to + "/" + fs::relative(entry.path(), directory).string()] =
        read_file(entry.path().string());
  }
  return files;
}

std::string pickle(std::uint64_t parent, const std::string& bytes, const std::string& name) {
  const std::string payload = fixed(parent, 8) + string_field(bytes) + string_field(name) +
                              fixed(13'440'000'000'000'000, 8);
  return fixed(payload.size(), 4) + payload;
}

std::vector<TestChange> write_tree(const fs::path& tree, const PageFiles& files) {
  std::vector<TestChange> changes{{"0", pickle(0, "", "")}, {"LAST_INTEGER", "7"}};
  const auto add = [&changes](std::uint64_t id, std::uint64_t parent, const std::string& bytes,
                              const std::string& name) {
    changes.push_back({"CHILD_OF:" + std::to_string(parent) + ":" + name, std::to_string(id)});
    changes.push_back({std::to_string(id), pickle(parent, bytes, name)});
  };
  Directories directories;
  int written = 0;
  for (const auto& [path, content] : files) {
    const std::uint64_t parent = directories.number_of(
        folder_of(path), [&](std::uint64_t id, std::uint64_t above, const std::string& name) {
          add(id, above, "", name);
        });
    const std::string bytes = "00/" + counted_number(written++, 8);
    write_with_folders(tree / bytes, std::string_view(reinterpret_cast<const char*>(content.data()),
                                                      content.size()));
    add(directories.next(), parent, bytes, name_of(path));
  }
  return changes;
}

void write_log(const fs::path& database, const std::vector<TestChange>& changes) {
  write_with_folders(database / "000003.log", leveldb_log({batch_of(1, changes)}));
}

void write_origin(const fs::path& profile, const std::string& number, const PageFiles& files) {
  const fs::path tree = profile / "File System" / number / "t";
  write_log(tree / "Paths", write_tree(tree, files));
}

void write_origins(const fs::path& profile, const std::map<std::string, std::string>& numbers) {
  std::vector<TestChange> changes;
  for (const auto& [identifier, number] : numbers) {
    changes.push_back({"LAST_PATH", number});
    changes.push_back({"ORIGIN:" + identifier, number});
  }
  write_log(profile / "File System" / "Origins", changes);
}

void write_database(const fs::path& path, const std::string& sql) {
  auto connection = storage::Connection::open(
      ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY, nullptr);
  ASSERT_TRUE(connection) << connection.error().message;
  const auto ran = storage::run_own(connection->get(), sql.c_str());
  ASSERT_TRUE(ran) << ran.error().message;
  sqlite3_int64 bytes = 0;
  unsigned char* const image = sqlite3_serialize(connection->get(), "main", &bytes, 0);
  ASSERT_NE(image, nullptr);
  write_with_folders(path, std::string_view(reinterpret_cast<const char*>(image),
                                            static_cast<std::size_t>(bytes)));
  sqlite3_free(image);
}

namespace {

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "x'";
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4U];
    text += kDigits[static_cast<unsigned char>(byte) & 15U];
  }
  return text + "'";
}

// Of ASCII.
std::string utf16(const std::string& text) {
  std::string wide;
  for (const char c : text) wide += std::string{c, '\0'};
  return wide;
}

std::string handle(std::uint64_t id) {
  return std::string(31, 'h') + static_cast<char>(id);
}

}  // namespace

void write_firefox_origin(const fs::path& profile, const std::string& origin,
                          const PageFiles& files) {
  const fs::path directory = profile / "storage/default" / origin / "fs";
  // `handle` in base 32 but for its last three digits.
  const std::string prefix = "NBUGQ2DINBUGQ2DINBUGQ2DINBUGQ2DINBUGQ2DINBUGQ2DIN";
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string sql =
      "CREATE TABLE Entries(handle BLOB PRIMARY KEY, parent BLOB);"
      "CREATE TABLE Directories(handle BLOB PRIMARY KEY, name BLOB NOT NULL);"
      "CREATE TABLE Files(handle BLOB PRIMARY KEY, type TEXT, name BLOB NOT NULL);"
      "CREATE TABLE MainFiles(handle BLOB UNIQUE, fileId BLOB UNIQUE);"
      "INSERT INTO Entries VALUES(x'00', NULL);"
      "INSERT INTO Directories VALUES(x'00', x'7200');";
  const auto entry = [&sql](std::uint64_t id, std::uint64_t parent) {
    sql += "INSERT INTO Entries VALUES(" + hex(handle(id)) + "," +
           (parent == 0 ? "x'00'" : hex(handle(parent))) + ");";
  };
  Directories directories;
  for (const auto& [path, content] : files) {
    const std::uint64_t parent = directories.number_of(
        folder_of(path), [&](std::uint64_t id, std::uint64_t above, const std::string& name) {
          entry(id, above);
          sql +=
              "INSERT INTO Directories VALUES(" + hex(handle(id)) + "," + hex(utf16(name)) + ");";
        });
    const std::uint64_t id = directories.next();
    entry(id, parent);
    sql += "INSERT INTO Files VALUES(" + hex(handle(id)) + ",NULL," + hex(utf16(name_of(path))) +
           "); INSERT INTO MainFiles VALUES(" + hex(handle(id)) + "," + hex(handle(id)) + ");";
    // The last 11 of 256 bits, and four zeros: 'h' & 7, then the id.
    const std::uint64_t last = (std::uint64_t{'h'} << 8U | id) << 4U;
    const std::string name = prefix + kDigits[last >> 10U & 31U] + kDigits[last >> 5U & 31U] +
                             std::string(1, kDigits[last & 31U]);
    write_with_folders(
        directory / name.substr(0, 2) / name,
        std::string_view(reinterpret_cast<const char*>(content.data()), content.size()));
  }
  write_database(directory / "metadata.sqlite", sql);
}

}  // namespace tablog::tools
