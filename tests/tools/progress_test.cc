#include "tools/progress.h"

#include <gmock/gmock.h>

#include <sstream>

namespace tablog::tools {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ProgressTest, TextHasShareBarAndTimeLeft) {
  EXPECT_EQ(progress_text("verifying", 50, 200, 3s, 60),
            "verifying  [#######.......................]    25%  9 s left");
  EXPECT_EQ(progress_text("verifying", 0, 200, 3s, 20), "verifying     0%");
}

TEST(ProgressTest, MoreThanAllIsAll) {
  EXPECT_THAT(progress_text("x", 7, 5, 1s, 80), HasSubstr("100%  0 s left"));
  EXPECT_THAT(progress_text("x", 0, 0, 1s, 80), HasSubstr("100%"));
}

TEST(ProgressTest, NothingIsDrawnWhereThereIsNoTerminal) {
  std::ostringstream data;
  std::ostringstream notes;
  Output output({.data = data, .notes = notes}, Format::kTable);
  output.draw_status("half");
  EXPECT_THAT(notes.str(), IsEmpty());
}

TEST(ProgressTest, LineIsGoneBeforeANoteIsTold) {
  std::ostringstream data;
  std::ostringstream notes;
  Output output({.data = data, .notes = notes, .notes_width = 80}, Format::kTable);
  output.draw_status("half");
  output.note("done");
  EXPECT_EQ(notes.str(), "\r\x1b[Khalf\r\x1b[Ktablog: done\n");
}

}  // namespace
}  // namespace tablog::tools
