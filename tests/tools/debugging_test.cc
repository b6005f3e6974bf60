// docs/guide/debugging.md: the failures that it tells of are made here, its commands are run on
// them, and what they print has to be what stands there. TABLOG_REWRITE=1 writes it there instead:
// look at the difference before you commit it. (The stuck tab is
// tests/browser/debugging_test.ts's.)
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "log/frame.h"
#include "tests/tools/sample_store.h"

namespace tablog::tools {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGuide = TABLOG_SOURCE_DIR "/docs/guide/debugging.md";
constexpr std::string_view kPrompt = "$ tablog ";

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// As a shell takes them apart: single quotes, and nothing else.
std::vector<std::string> words_of(std::string_view command) {
  std::vector<std::string> words(1);
  bool quoted = false;
  for (const char character : command) {
    if (character == '\'') {
      quoted = !quoted;
    } else if (character == ' ' && !quoted) {
      words.emplace_back();
    } else {
      words.back() += character;
    }
  }
  return words;
}

// The commands under one heading of the guide with what they print there, and here.
class Section {
 public:
  explicit Section(std::string heading) : heading_(std::move(heading)), lines_(lines_of(kGuide)) {}

  // Runs every command in the current directory.
  void run() {
    const auto begin = std::ranges::find(lines_, "## " + heading_);
    ASSERT_NE(begin, lines_.end()) << heading_;
    std::vector<std::string> out(lines_.begin(), begin + 1);
    auto line = begin + 1;
    std::size_t commands = 0;
    for (; line != lines_.end() && !line->starts_with("## "); ++line) {
      out.push_back(*line);
      if (!line->starts_with(kPrompt)) continue;
      ++commands;
      const Ran ran = tablog(words_of(std::string_view(*line).substr(kPrompt.size())));
      std::string printed = ran.data + ran.notes;
      if (ran.code != 0) printed += "(exit code " + std::to_string(ran.code) + ")\n";
      std::string told;
      while (std::next(line) != lines_.end() && !std::next(line)->starts_with("$ ") &&
             *std::next(line) != "```") {
        told += *++line + '\n';
      }
      if (!rewrites()) {
        EXPECT_EQ(printed, told) << "of: " << out.back();
      }
      std::istringstream stream(printed);
      for (std::string each; std::getline(stream, each);) out.push_back(each);
    }
    EXPECT_GT(commands, 1U) << heading_;
    out.insert(out.end(), line, lines_.end());
    if (rewrites()) write(out);
  }

 private:
  static bool rewrites() { return std::getenv("TABLOG_REWRITE") != nullptr; }
  static void write(const std::vector<std::string>& lines) {
    std::ofstream file(kGuide);
    for (const std::string& line : lines) file << line << '\n';
  }

  std::string heading_;
  std::vector<std::string> lines_;
};

// ---- a store of notes, the same in every run

class NotesStore : public SampleStore {
 public:
  NotesStore() {
    append_in_term(Term{1}, {samples::control(TermStart{samples::client(0xA1)})});
    append({samples::control(samples::schema_of(
        {"CREATE TABLE note(id INTEGER PRIMARY KEY, title TEXT NOT NULL, due INTEGER NOT NULL);"
         "CREATE TABLE reminder(id INTEGER PRIMARY KEY, note INTEGER NOT NULL)"},
        {{"note.added", "INSERT INTO note(id, title, due) VALUES (:id, :title, :due)"},
         {"reminders.planned",
          "INSERT INTO reminder(note) SELECT id FROM note WHERE due <= :today LIMIT 2"}}))});
  }

  void add_notes(int count) {
    for (int i = 0; i < count; ++i) {
      append({item("note.added", {{.name = "id", .value = std::int64_t{++notes_}},
                                  {.name = "title", .value = "note " + std::to_string(notes_)},
                                  {.name = "due", .value = std::int64_t{notes_ % 7}}})});
    }
  }

  void plan_reminders(std::int64_t today) {
    append({item("reminders.planned", {{.name = "today", .value = today}})});
  }

 private:
  BatchItem item(std::string type, std::vector<Argument> args) {
    BatchItem made = samples::event(std::move(type), std::move(args));
    made.request = RequestStamp{.client = samples::client(0xB2),
                                .number = RequestNumber{++requests_},
                                .settled_through = RequestNumber{requests_ - 1}};
    return made;
  }

  std::int64_t notes_{};
  std::uint64_t requests_{};
};

// Where the guide's commands find their files, named as they are named there.
class InDirectory {
 public:
  explicit InDirectory(const std::string& path) : before_(fs::current_path()) {
    fs::current_path(path);
  }
  ~InDirectory() { fs::current_path(before_); }
  InDirectory(const InDirectory&) = delete;
  InDirectory& operator=(const InDirectory&) = delete;

 private:
  fs::path before_;
};

TEST(DebuggingGuideTest, CorruptedSegment) {
  NotesStore store;
  store.add_notes(150);
  const auto entry = tablog({"get", store.directory(), "60", "--brief", "-o", "json"}).json();
  const auto& frame = entry.at("frame");
  const std::string slot = store.slot(frame.at("sequence").get<std::uint64_t>());
  store.close();
  flip_byte(slot, frame.at("offset").get<std::uint64_t>() + kFrameHeaderBytes + 20);
  const InDirectory here(store.at(""));
  Section("A corrupted segment").run();
}

TEST(DebuggingGuideTest, StateThatDiffers) {
  NotesStore store;
  store.add_notes(20);
  // A leader whose SQLite goes through rows the other way round, as another version, or the same
  // with another index, may.
  ASSERT_TRUE(store.store().state().reverse_unordered());
  store.plan_reminders(3);
  store.add_notes(2);
  static_cast<void>(store.export_log("notes.tablog"));
  store.close();
  const InDirectory here(store.at(""));
  Section("A state that differs").run();
}

}  // namespace
}  // namespace tablog::tools
