// Every file of scenarios/ gives the transcript that stands in it. TABLOG_REWRITE=1 writes them
// anew: commit only what you understand.
#include "tests/simulator/scenario.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace tablog::simulator {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = TABLOG_SOURCE_DIR "/tests/simulator/scenarios";
constexpr const char* kRule = "----\n";

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const auto& file : fs::directory_iterator(kFolder)) {
    if (file.path().extension() == ".txt") names.push_back(file.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

std::string read(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class ScenarioTest : public testing::TestWithParam<std::string> {};

TEST_P(ScenarioTest, GivesItsTranscript) {
  const fs::path path = fs::path(kFolder) / (GetParam() + ".txt");
  const std::string text = read(path);
  const auto rule = text.find(kRule);
  const std::string script = text.substr(0, rule);
  const std::string transcript = Scenario().run(script);
  EXPECT_EQ(transcript.find("FAIL "), std::string::npos) << transcript;
  if (std::getenv("TABLOG_REWRITE") != nullptr) {
    std::ofstream(path) << script << kRule << transcript;
    return;
  }
  ASSERT_NE(rule, std::string::npos) << "no transcript yet: TABLOG_REWRITE=1";
  EXPECT_EQ(transcript, text.substr(rule + std::char_traits<char>::length(kRule)));
}

std::string title(const testing::TestParamInfo<std::string>& info) {
  return info.param;
}
INSTANTIATE_TEST_SUITE_P(Files, ScenarioTest, testing::ValuesIn(names()), title);

}  // namespace
}  // namespace tablog::simulator
