// Every file of tests/fuzz/corpus/TARGET/ through its target: what fuzzers found once stays found,
// with any compiler. What does not hold aborts, and the file's name stands above it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/fuzz/fuzz.h"

#define TARGET(name) extern "C" int tablog_fuzz_##name(const std::uint8_t*, std::size_t);
TABLOG_FUZZ_TARGETS
#undef TARGET

namespace {

using Target = int (*)(const std::uint8_t*, std::size_t);

std::vector<std::filesystem::path> corpus(const std::string& name) {
  const auto folder = std::filesystem::path(TABLOG_SOURCE_DIR) / "tests/fuzz/corpus" / name;
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::is_directory(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry);
  std::ranges::sort(files);
  return files;
}

std::vector<std::uint8_t> content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void replay(const std::string& name, Target target) {
  const auto files = corpus(name);
  ASSERT_FALSE(files.empty()) << "tests/fuzz/corpus/" << name << " has no file";
  for (const auto& file : files) {
    SCOPED_TRACE(file.string());
    std::printf("%s\n", file.filename().c_str());
    std::fflush(stdout);
    const auto bytes = content(file);
    EXPECT_EQ(target(bytes.data(), bytes.size()), 0);
  }
}

#define TARGET(name)                   \
  TEST(FuzzCorpusTest, name) {         \
    replay(#name, tablog_fuzz_##name); \
  }
TABLOG_FUZZ_TARGETS
#undef TARGET

}  // namespace
