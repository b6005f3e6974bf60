#include "tests/storage/pool_samples.h"

namespace tablog::storage::samples {

void make_slots(MemoryDisk& disk, int count) {
  const auto have = disk.names().size();
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(disk.open("slot" + std::to_string(have + static_cast<std::size_t>(i))));
  }
}

std::unique_ptr<Pool> open_pool(MemoryDisk& disk) {
  auto slots = disk.open_slots("slot");
  if (!slots) {
    ADD_FAILURE() << slots.error().message;
    return nullptr;
  }
  auto pool = Pool::open(std::move(*slots));
  if (!pool) {
    ADD_FAILURE() << pool.error().message;
    return nullptr;
  }
  return std::move(*pool);
}

Database::Database(const std::string& path, const char* vfs, int flags) {
  sqlite3_open_v2(path.c_str(), &db_, flags | SQLITE_OPEN_EXRESCODE, vfs);
}

void Database::close() {
  EXPECT_EQ(sqlite3_close(std::exchange(db_, nullptr)), SQLITE_OK);
}

int Database::exec(const std::string& sql) {
  return sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
}

std::string Database::ask(const std::string& sql) {
  std::string rows;
  const auto append = [](void* out, int count, char** values, char**) {
    auto& text = *static_cast<std::string*>(out);
    if (!text.empty()) text += '|';
    for (int i = 0; i < count; ++i) {
      if (i > 0) text += ',';
      text += values[i] != nullptr ? values[i] : "NULL";
    }
    return 0;
  };
  const int code = sqlite3_exec(db_, sql.c_str(), append, &rows, nullptr);
  return code == SQLITE_OK ? rows : "error " + std::to_string(code);
}

}  // namespace tablog::storage::samples
