// The man page: all that the help says, as roff that a formatter takes without a word.
#include "tools/manual.h"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/tools/sample_store.h"
#include "tools/verbs.h"
#include "tools/words.h"

namespace tablog::tools {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream all(text);
  for (std::string line; std::getline(all, line);) lines.push_back(line);
  return lines;
}

// As it stands in the page.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '-' ? "\\-" : std::string(1, c);
  return out;
}

TEST(ManualTest, HasEveryVerbWithItsOptionsAndExamples) {
  const Ran ran = tablog({"manual"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.data, StartsWith(".TH TABLOG 1"));
  for (const Verb& verb : all_verbs()) {
    const auto begin = ran.data.find("\n.SS " + verb.name + "\n");
    ASSERT_NE(begin, std::string::npos) << verb.name;
    const auto end = std::min(ran.data.find("\n.S", begin + 1), ran.data.size());
    const std::string section = ran.data.substr(begin, end - begin);
    EXPECT_THAT(section, HasSubstr("tablog " + verb.name));
    EXPECT_THAT(section, HasSubstr("\n.nf\n"));
    const Words words = words_of(verb);
    for (const Positional& each : words.positionals) {
      EXPECT_THAT(section, HasSubstr(each.name)) << verb.name;
    }
    for (const Option& option : words.options) {
      for (const std::string& name : names_of(option)) {
        EXPECT_THAT(section, HasSubstr("\\fB" + escaped(name) + "\\fR")) << verb.name;
      }
      for (const std::string& choice : option.choices) {
        EXPECT_THAT(section, HasSubstr(escaped(choice))) << verb.name;
      }
    }
  }
}

TEST(ManualTest, HasTheSectionsThatAPageHas) {
  const std::string page = manual_page(all_verbs(), "1.2.3");
  std::vector<std::string> sections;
  for (const std::string& line : lines_of(page)) {
    if (line.starts_with(".SH ")) sections.push_back(line.substr(4));
  }
  EXPECT_THAT(sections, testing::ElementsAre("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "VERBS",
                                             "OUTPUT", "EXIT STATUS", "ENVIRONMENT", "EXAMPLES"));
  EXPECT_THAT(page, HasSubstr("tablog 1.2.3"));
  EXPECT_THAT(page, HasSubstr("NO_COLOR"));
  EXPECT_THAT(page, HasSubstr("3 torn tail"));
}

// A line that begins with a full stop or an apostrophe is a request: only these are meant.
TEST(ManualTest, OnlyKnownRequestsAndBalancedBlocks) {
  int unfilled = 0;
  for (const std::string& line : lines_of(manual_page(all_verbs(), "1.2.3"))) {
    EXPECT_FALSE(line.empty());
    EXPECT_FALSE(line.starts_with("'")) << line;
    if (!line.starts_with(".")) continue;
    const std::string request = line.substr(0, line.find(' '));
    EXPECT_THAT((std::vector<std::string>{".TH", ".SH", ".SS", ".TP", ".PP", ".nf", ".fi"}),
                testing::Contains(request))
        << line;
    unfilled += request == ".nf" ? 1 : request == ".fi" ? -1 : 0;
    EXPECT_TRUE(unfilled == 0 || unfilled == 1) << line;
  }
  EXPECT_EQ(unfilled, 0);
}

TEST(ManualTest, TextThatRoffWouldTakeForItsOwnIsEscaped) {
  const std::vector<Verb> verbs{{.name = "odd",
                                 .what = ".TH is odd",
                                 .examples = "'quoted' \\n\n.SH first",
                                 .takes = Takes::kNothing,
                                 .format_names = ""}};
  const std::string page = manual_page(verbs, "1");
  EXPECT_THAT(page, HasSubstr("\n\\&.TH is odd.\n"));
  EXPECT_THAT(page, HasSubstr("\n\\&\\(aqquoted\\(aq \\en\n\\&.SH first\n"));
}

TEST(ManualTest, FormatterHasNothingToSay) {
  if (std::system("command -v groff >/dev/null") != 0) {
    return;  // the structure is asserted above
  }
  ScratchDirectory scratch;
  std::ofstream(scratch.at("tablog.1")) << manual_page(all_verbs(), "1.2.3");
  FILE* pipe = popen(
      ("groff -man -Tutf8 -ww '" + scratch.at("tablog.1") + "' 2>&1 >/dev/null").c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string said;
  std::array<char, 4096> buffer{};
  for (std::size_t got = 0; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    said.append(buffer.data(), got);
  }
  EXPECT_EQ(WEXITSTATUS(pclose(pipe)), 0);
  EXPECT_THAT(said, IsEmpty());
}

}  // namespace
}  // namespace tablog::tools
