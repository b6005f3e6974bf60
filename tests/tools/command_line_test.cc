// Usage, help, colours; and the program itself, as a shell runs it.
#include "tools/command_line.h"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <sstream>

#include "tests/tools/sample_store.h"

namespace tablog::tools {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(CommandLineTest, MistakesAreUsage) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{},
                                                {"frobnicate"},
                                                {"info"},
                                                {"info", "a", "b"},
                                                {"get", "log"},
                                                {"get", "log", "x"},
                                                {"get", "log", "-1"},
                                                {"info", "log", "-o", "xml"},
                                                {"dump", "log", "--kind", "nonsense"},
                                                {"dump", "log", "--limit", "many"}}) {
    const Ran ran = tablog(words);
    EXPECT_EQ(ran.code, 2) << testing::PrintToString(words);
    EXPECT_THAT(ran.data, IsEmpty());
    EXPECT_THAT(ran.notes, Not(IsEmpty()));
  }
}

TEST(CommandLineTest, HelpHasExamplesForEveryVerb) {
  const Ran help = tablog({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.data, AllOf(HasSubstr("Examples:"), HasSubstr("Exit codes:")));
  for (const char* verb : {"info", "segments", "dump", "get", "verify", "replay"}) {
    const Ran ran = tablog({verb, "--help"});
    EXPECT_EQ(ran.code, 0);
    EXPECT_THAT(help.data, HasSubstr(verb));
    EXPECT_THAT(ran.data, AllOf(HasSubstr("Examples:"), HasSubstr(std::string("tablog ") + verb)));
  }
}

TEST(CommandLineTest, UnknownVerbIsNamed) {
  EXPECT_THAT(tablog({"frobnicate", "log"}).notes, HasSubstr("no verb \"frobnicate\""));
}

TEST(CommandLineTest, WhatTurnsTheTextAroundIsEscaped) {
  SampleStore store;
  store.fill(0);
  store.append({samples::added(1, "a\u202Ebc\u2066d\u200Fe")});
  const Ran ran = tablog({"dump", store.directory()});
  EXPECT_THAT(ran.data, HasSubstr("'a\\u202ebc\\u2066d\\u200fe'"));
}

TEST(CommandLineTest, ColoursOnlyWhereTheyAreAskedFor) {
  SampleStore store;
  store.fill(2);
  const std::string path = store.directory();
  const std::array<const char*, 3> words{"tablog", "info", path.c_str()};
  for (const Colours colours : {Colours::kNever, Colours::kAlways}) {
    std::ostringstream data;
    std::ostringstream notes;
    const Streams streams{.data = data, .notes = notes, .data_colours = colours};
    EXPECT_EQ(run_command_line(words, streams), ExitCode::kClean);
    EXPECT_EQ(data.str().find('\x1b') != std::string::npos, colours == Colours::kAlways);
  }
}

TEST(CommandLineTest, RowsAreCutWhereTheTerminalEnds) {
  SampleStore store;
  store.fill(0);
  store.append({samples::added(1, std::string(50, 'x') + "ü")});
  const std::string path = store.directory();
  const std::array<const char*, 3> words{"tablog", "dump", path.c_str()};
  std::ostringstream data;
  std::ostringstream notes;
  EXPECT_EQ(run_command_line(words, {.data = data, .notes = notes, .width = 80}), ExitCode::kClean);
  EXPECT_THAT(data.str(), HasSubstr("  todo.adde…\n"));
}

TEST(CommandLineTest, OutputThatCannotBeWrittenIsAnIoError) {
  SampleStore store;
  store.fill(1);
  const std::string path = store.directory();
  const std::array<const char*, 3> words{"tablog", "dump", path.c_str()};
  std::ostringstream data;
  data.setstate(std::ios::badbit);
  std::ostringstream notes;
  EXPECT_EQ(run_command_line(words, {.data = data, .notes = notes}), ExitCode::kIo);
}

// ---- the program

struct Finished {
  int code{};
  std::string data{};
};

Finished run_program(const std::string& arguments) {
  const std::string command = std::string("'" TABLOG_PROGRAM "' ") + arguments;
  FILE* pipe = popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  Finished finished;
  std::array<char, 4096> buffer{};
  for (std::size_t got = 0; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    finished.data.append(buffer.data(), got);
  }
  finished.code = WEXITSTATUS(pclose(pipe));
  return finished;
}

TEST(ProgramTest, ExitCodesReachTheShell) {
  SampleStore store;
  store.fill(10);
  const std::string log = store.export_log();
  EXPECT_EQ(run_program("verify --deep '" + log + "'").code, 0);
  EXPECT_EQ(run_program("2>/dev/null").code, 2);
  EXPECT_EQ(run_program("verify '" + log + "-absent' 2>/dev/null").code, 5);
  resize(log, std::filesystem::file_size(log) - 1);
  EXPECT_EQ(run_program("verify '" + log + "' 2>/dev/null").code, 4);
  store.tear_tail();
  EXPECT_EQ(run_program("verify '" + store.directory() + "'").code, 3);
}

TEST(ProgramTest, PipesGetDataWithoutColours) {
  SampleStore store;
  store.fill(10);
  const Finished finished = run_program("dump '" + store.directory() + "' -o ndjson 2>/dev/null");
  EXPECT_EQ(std::ranges::count(finished.data, '\n'), 12);
  EXPECT_EQ(finished.data.find('\x1b'), std::string::npos);
}

TEST(ProgramTest, FullDiskOfTheOutputIsAnIoError) {
  SampleStore store;
  store.fill(10);
  EXPECT_EQ(run_program("dump '" + store.directory() + "' 2>/dev/null >/dev/full").code, 5);
}

TEST(ProgramTest, ReplayWritesADatabase) {
  SampleStore store;
  store.fill(10);
  const std::string file = store.at("out.sqlite3");
  const Finished finished = run_program("replay '" + store.export_log() + "' -o '" + file + "'");
  EXPECT_EQ(finished.code, 0);
  EXPECT_THAT(finished.data, HasSubstr(to_hex(store.store().state().digest().bytes)));
  EXPECT_GT(std::filesystem::file_size(file), 4096U);
}

}  // namespace
}  // namespace tablog::tools
