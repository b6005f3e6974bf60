// completion: the scripts, and bash as it uses one.
#include "tools/completion.h"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/tools/sample_store.h"
#include "tools/verbs.h"
#include "tools/words.h"

namespace tablog::tools {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

struct Finished {
  int code{};
  std::string output{};
};

Finished run(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  Finished finished;
  std::array<char, 4096> buffer{};
  for (std::size_t got = 0; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    finished.output.append(buffer.data(), got);
  }
  finished.code = WEXITSTATUS(pclose(pipe));
  return finished;
}

class BashCompletionTest : public testing::Test {
 protected:
  BashCompletionTest() {
    std::ofstream(scratch_.at("script")) << tablog({"completion", "bash"}).data;
    std::ofstream(scratch_.at("notes.tablog"));
    std::ofstream(scratch_.at("a b.tablog"));
  }

  // What bash offers for the last of the words.
  std::vector<std::string> offers(const std::vector<std::string>& words) {
    std::ofstream driver(scratch_.at("driver"));
    driver << ". ./script\nCOMP_WORDS=(tablog";
    for (const std::string& word : words) driver << " '" << word << "'";
    driver << ")\nCOMP_CWORD=" << words.size() << "\n_tablog\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
    driver.close();
    const Finished finished =
        run("cd '" + scratch_.path().string() + "' && bash --norc --noprofile -u driver");
    EXPECT_EQ(finished.code, 0) << finished.output;
    std::vector<std::string> lines;
    std::istringstream all(finished.output);
    for (std::string line; std::getline(all, line);) {
      if (!line.empty()) lines.push_back(line);
    }
    return lines;
  }

  ScratchDirectory scratch_;
};

TEST_F(BashCompletionTest, VerbsComeFirst) {
  std::vector<std::string> names{"--help", "--version"};
  for (const Verb& verb : all_verbs()) names.push_back(verb.name);
  EXPECT_THAT(offers({""}), testing::UnorderedElementsAreArray(names));
  EXPECT_THAT(offers({"chec"}), ElementsAre("checkpoints"));
}

TEST_F(BashCompletionTest, EveryVerbOffersItsOptions) {
  for (const Verb& verb : all_verbs()) {
    const auto offered = offers({verb.name, "-"});
    for (const Option& option : words_of(verb).options) {
      EXPECT_THAT(offered, IsSupersetOf(names_of(option))) << verb.name;
    }
    EXPECT_THAT(offered, Contains("--help"));
  }
}

TEST_F(BashCompletionTest, ChoicesOfAnOption) {
  EXPECT_THAT(offers({"dump", "notes.tablog", "--kind", "c"}), ElementsAre("checkpoint", "close"));
  EXPECT_THAT(offers({"info", "-o", ""}), ElementsAre("table", "json", "ndjson", "sql"));
}

TEST_F(BashCompletionTest, FilesForTheLog) {
  EXPECT_THAT(offers({"info", "n"}), ElementsAre("notes.tablog"));
  EXPECT_THAT(offers({"info", "a"}), ElementsAre("a b.tablog"));
  EXPECT_THAT(offers({"dump", "--limit", "5", "-o", "json", "no"}), ElementsAre("notes.tablog"));
  EXPECT_THAT(offers({"replay", "notes.tablog", "-o", "a"}), ElementsAre("a b.tablog"));
}

TEST_F(BashCompletionTest, NothingWhereNothingIsKnown) {
  EXPECT_THAT(offers({"get", "notes.tablog", "n"}), IsEmpty());  // an index
  EXPECT_THAT(offers({"dump", "notes.tablog", "--from", "n"}), IsEmpty());
  EXPECT_THAT(offers({"nonsense", "n"}), IsEmpty());
}

TEST_F(BashCompletionTest, ShellsOfTheCompletionItself) {
  EXPECT_THAT(offers({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
}

// ---- of shells that may not be there, by content

bool is_installed(const std::string& shell) {
  return run("command -v " + shell).code == 0;
}

TEST(CompletionTest, EachShellNamesEveryVerbOptionAndChoice) {
  for (const std::string& shell : shells()) {
    const Ran ran = tablog({"completion", shell});
    EXPECT_EQ(ran.code, 0);
    for (const Verb& verb : all_verbs()) {
      EXPECT_THAT(ran.data, HasSubstr(verb.name)) << shell;
      for (const Option& option : words_of(verb).options) {
        for (const std::string& name : names_of(option)) {
          const std::string flag = name.substr(name.find_first_not_of('-'));
          EXPECT_THAT(ran.data, HasSubstr(shell == "fish" ? flag : name)) << verb.name;
        }
        for (const std::string& choice : option.choices) {
          EXPECT_THAT(ran.data, HasSubstr(choice)) << verb.name;
        }
      }
    }
    if (is_installed(shell)) {
      ScratchDirectory scratch;
      std::ofstream(scratch.at("script")) << ran.data;
      const Finished checked = run(shell + " -n '" + scratch.at("script") + "'");
      EXPECT_EQ(checked.code, 0) << shell << ": " << checked.output;
    }
  }
}

// Whatever a help's words are, they end no string of the script.
TEST(CompletionTest, WordsOfTheHelpAreQuoted) {
  bool flag = false;
  const std::vector<Verb> verbs{
      {.name = "odd",
       .what = "It's [odd]: \"$(touch x)\"",
       .options = {{.names = "--odd", .help = "It's `odd` [too]: $x", .into = &flag}},
       .takes = Takes::kNothing,
       .format_names = ""}};
  EXPECT_THAT(completion_script("zsh", verbs), HasSubstr(R"('\''s `odd` \[too\]\: $x)"));
  EXPECT_THAT(completion_script("fish", verbs), HasSubstr(R"('It'\''s `odd` [too]: $x')"));
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(std::ranges::count(completion_script(shell, verbs), '\'') % 2, 0) << shell;
  }
}

TEST(CompletionTest, OtherShellsAreUsage) {
  const Ran ran = tablog({"completion", "csh"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.data, IsEmpty());
  EXPECT_EQ(tablog({"completion", "bash", "-o", "json"}).code, 2);  // it has one form
}

}  // namespace
}  // namespace tablog::tools
