// What is wrong with a log, what the tool says of it, and the exit code.
#include <gmock/gmock.h>
#include <unistd.h>

#include "log/export.h"
#include "log/frame.h"
#include "log/hash.h"
#include "log/little_endian.h"
#include "log/segment.h"
#include "storage/posix_file.h"
#include "tests/tools/sample_store.h"

namespace tablog::tools {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::vector<std::string> kReadingVerbs{"info", "segments", "dump", "verify"};

TEST(VerifyTest, WholeLogsAreClean) {
  SampleStore store;
  store.fill(60);
  for (const std::string& path :
       {store.export_log(), store.directory(), store.directory() + "/log"}) {
    for (const char* depth : {"", "--deep"}) {
      std::vector<std::string> words{"verify", path, "-o", "json"};
      if (*depth != '\0') {
        words.emplace_back(depth);
      }
      const Ran ran = tablog(words);
      EXPECT_EQ(ran.code, 0) << ran.data << ran.notes;
      EXPECT_EQ(ran.json()["status"], "clean");
      EXPECT_EQ(ran.json()["entries"], 62);
      EXPECT_EQ(ran.json()["digestsCompared"], *depth != '\0' ? 62 : 0);
    }
  }
}

TEST(VerifyTest, StateDatabaseIsComparedWithTheLog) {
  SampleStore store;
  store.fill(3);
  const auto state = tablog({"verify", store.directory(), "-o", "json"}).json()["state"];
  EXPECT_EQ(state["verdict"], "matches");
}

TEST(VerifyTest, TornTailIsToldWithItsProof) {
  SampleStore store;
  store.fill(20);
  store.tear_tail();
  for (const std::string& verb : kReadingVerbs) {
    EXPECT_EQ(tablog({verb, store.directory()}).code, 3) << verb;
  }
  const auto report = tablog({"verify", store.directory(), "-o", "json"}).json();
  EXPECT_EQ(report["status"], "torn");
  EXPECT_EQ(report["entries"], 22);
  EXPECT_EQ(report["tornTail"]["after"], 22);
  EXPECT_GT(report["tornTail"]["bytes"], 0);
  EXPECT_THAT(report["tornTail"]["proof"].get<std::string>(), HasSubstr("it is at entry 22"));
  EXPECT_EQ(report["damage"], nullptr);
  EXPECT_THAT(tablog({"verify", store.directory()}).data, HasSubstr("torn"));
}

TEST(VerifyTest, EntriesBeforeATornTailAreReadAndReplayed) {
  SampleStore store;
  store.fill(20);
  store.tear_tail();
  const Ran dump = tablog({"dump", store.directory(), "-o", "ndjson"});
  EXPECT_THAT(dump.lines(), SizeIs(22));
  EXPECT_THAT(dump.notes, HasSubstr("torn tail"));
  const Ran replay = tablog({"replay", store.directory(), "-o", store.at("out.sqlite3")});
  EXPECT_EQ(replay.code, 3);
  EXPECT_TRUE(std::filesystem::exists(store.at("out.sqlite3")));
}

TEST(VerifyTest, FlippedByteInASealedSegmentIsDamageAtItsOffset) {
  SampleStore store;
  store.fill(200);
  const auto frame = tablog({"get", store.directory(), "10", "-o", "json"}).json()["frame"];
  store.close();
  flip_byte(store.slot(1), frame["offset"].get<std::uint64_t>() + kFrameHeaderBytes + 3);
  const Ran ran = tablog({"verify", store.directory(), "-o", "json"});
  EXPECT_EQ(ran.code, 4);
  const auto damage = ran.json()["damage"];
  EXPECT_EQ(damage["index"], 10);
  EXPECT_EQ(damage["offset"], frame["offset"]);
  EXPECT_EQ(damage["slot"], frame["slot"]);
  EXPECT_THAT(damage["message"].get<std::string>(), HasSubstr("flushed"));
  for (const char* verb : {"stats", "dump"}) {
    EXPECT_EQ(tablog({verb, store.directory()}).code, 4) << verb;
  }
  EXPECT_THAT(tablog({"dump", store.directory(), "-o", "ndjson"}).lines(), SizeIs(9));
}

TEST(VerifyTest, FlippedByteThatTheStateDatabaseProvesIsDamage) {
  SampleStore store;
  store.fill(5);
  const auto frame = tablog({"get", store.directory(), "7", "-o", "json"}).json()["frame"];
  store.close();
  flip_byte(store.slot(1), frame["offset"].get<std::uint64_t>() + kFrameHeaderBytes);
  const Ran ran = tablog({"verify", store.directory()});
  EXPECT_EQ(ran.code, 4);
  EXPECT_THAT(ran.data, HasSubstr("state database"));
  // The same log without its state database: the last batch might never have been flushed.
  EXPECT_EQ(tablog({"verify", store.directory() + "/log"}).code, 3);
}

TEST(VerifyTest, FlippedByteInAnExportIsDamage) {
  SampleStore store;
  store.fill(50);
  const std::string path = store.export_log();
  const auto frame = tablog({"get", path, "30", "-o", "json"}).json()["frame"];
  flip_byte(path, frame["fileOffset"].get<std::uint64_t>() + kFrameHeaderBytes);
  const Ran ran = tablog({"verify", path, "-o", "json"});
  EXPECT_EQ(ran.code, 4);
  EXPECT_EQ(ran.json()["damage"]["index"], 30);
  EXPECT_EQ(ran.json()["damage"]["fileOffset"], frame["fileOffset"]);
}

TEST(VerifyTest, MissingSegmentIsDamage) {
  SampleStore store;
  store.fill(200);
  store.close();
  std::filesystem::remove(store.slot(2));
  const Ran ran = tablog({"verify", store.directory()});
  EXPECT_EQ(ran.code, 4);
  EXPECT_THAT(ran.notes, HasSubstr("segment 2 is missing"));
}

TEST(VerifyTest, LostLastSegmentIsDamage) {
  SampleStore store;
  store.fill(200);
  const auto last = tablog({"segments", store.directory(), "-o", "json"}).json().size();
  store.close();
  std::filesystem::remove(store.slot(last));
  EXPECT_EQ(tablog({"verify", store.directory()}).code, 4);
}

TEST(VerifyTest, CutExportIsCorruptWhereverItIsCut) {
  SampleStore store;
  store.fill(30);
  const std::string path = store.export_log();
  const std::uint64_t size = std::filesystem::file_size(path);
  for (const std::uint64_t left :
       {size - 1, size - kExportFooterBytes, size / 2, std::uint64_t{20}}) {
    resize(path, left);
    for (const std::string& verb : kReadingVerbs) {
      EXPECT_EQ(tablog({verb, path}).code, 4) << verb << " of " << left;
    }
    EXPECT_EQ(tablog({"get", path, "1"}).code, 4);
    EXPECT_EQ(tablog({"replay", path}).code, 4);
  }
}

TEST(VerifyTest, NewerFormatIsNamedAndNotRead) {
  SampleStore store;
  store.fill(3);
  const std::string path = store.export_log();
  Bytes file = read_file(path);
  ExportHeader shape;
  shape.segments.resize(load<std::uint32_t>(file, 12));
  const std::size_t hashed = shape.header_bytes() - 8;
  tablog::store(file, 8, kFormatVersion + 1);
  tablog::store(file, hashed, hash64(ByteView(file).first(hashed)));
  write_file(path, file);
  const Ran ran = tablog({"verify", path});
  EXPECT_EQ(ran.code, 6);
  EXPECT_THAT(ran.notes, HasSubstr("format version 2"));
  EXPECT_THAT(ran.data, IsEmpty());
}

ExportHeader read_table(ByteView file) {
  MemorySource source(file);
  const auto header = read_export_header(source, file.size());
  EXPECT_TRUE(header);
  return header.value_or(ExportHeader{});
}

// The first place of `wanted` in the file.
std::uint64_t find_bytes(const std::string& path, ByteView wanted) {
  const Bytes file = read_file(path);
  const auto found = std::ranges::search(file, wanted);
  EXPECT_FALSE(found.empty());
  return static_cast<std::uint64_t>(found.begin() - file.begin());
}

TEST(VerifyTest, BaseHasToBeOfThisLog) {
  SampleStore store;
  store.fill(60);
  const Index base = store.compact(Index{40});
  const std::string whole = store.export_log();
  const Ran sound = tablog({"verify", whole, "-o", "json"});
  EXPECT_EQ(sound.code, 0) << sound.notes;
  const std::uint64_t at = sound.json()["base"]["index"];
  EXPECT_GE(at + 1, base.value);
  const Bytes file = read_file(whole);
  const std::string image("SQLite format 3");
  const std::uint64_t begin = find_bytes(whole, std::as_bytes(std::span(image)));
  const Bytes store_id(16, std::byte{0x5A});
  const auto in_base = std::ranges::search(std::span(file).subspan(begin), store_id);
  ASSERT_FALSE(in_base.empty());
  const std::string wrong = store.at("wrong.tablog");
  std::filesystem::copy_file(whole, wrong);
  flip_byte(wrong, static_cast<std::uint64_t>(&*in_base.begin() - file.data()));
  for (const std::vector<std::string>& words : {std::vector<std::string>{"verify", wrong},
                                                {"verify", "--deep", wrong},
                                                {"replay", wrong},
                                                {"query", wrong, "SELECT 1"},
                                                {"audit", wrong}}) {
    EXPECT_EQ(tablog(words).code, 4) << words.front();
  }
}

TEST(VerifyTest, DamagedBaseIsSeenWithoutAReplay) {
  SampleStore store;
  store.fill(60);
  static_cast<void>(store.compact(Index{40}));
  const std::string path = store.export_log();
  const std::string row = "todo 17";
  flip_byte(path, find_bytes(path, std::as_bytes(std::span(row))));
  const Ran ran = tablog({"verify", path});
  EXPECT_EQ(ran.code, 4);
  EXPECT_THAT(ran.data, HasSubstr("BAD"));
}

TEST(VerifyTest, ExportThatEndsWithinABatchIsDamage) {
  SampleStore store;
  store.fill(3);
  const std::string path = store.export_log();
  Bytes file = read_file(path);
  const auto header = read_table(file);
  // Without its last commit frame; what names lengths is made to fit.
  ExportHeader cut = header;
  cut.segments.back().bytes -= kCommitFrameBytes;
  Bytes forged = encode_export_header(cut);
  const auto segments = ByteView(file).subspan(header.header_bytes());
  const auto kept = segments.first(segments.size() - kExportFooterBytes - kCommitFrameBytes);
  forged.insert(forged.end(), kept.begin(), kept.end());
  const Bytes footer = encode_export_footer(cut);
  forged.insert(forged.end(), footer.begin(), footer.end());
  write_file(path, forged);
  for (const char* verb : {"verify", "dump", "replay", "export", "stats"}) {
    EXPECT_EQ(tablog({verb, path}).code, 4) << verb;
  }
}

TEST(VerifyTest, DigestThatIsNotTheReplaysDiffers) {
  SampleStore store;
  store.fill(2);
  const std::vector<BatchItem> items{samples::added(3, "three")};
  const auto done = store.store().state().execute(
      {.term = Term{1}, .time_ms = 1'800'000'000'000, .wall_ms = 0, .seed = 1}, items);
  ASSERT_TRUE(done);
  Digest wrong = done->digest;
  wrong.bytes[0] ^= std::byte{1};
  ASSERT_TRUE(store.store().log().append(samples::entries(*done), wrong));
  ASSERT_TRUE(store.store().log().flush());
  const std::string path = store.export_log();
  EXPECT_EQ(tablog({"verify", path}).code, 0);
  const Ran ran = tablog({"verify", "--deep", path, "-o", "json"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.json()["status"], "differs");
  EXPECT_EQ(ran.json()["divergence"]["index"], 5);
  EXPECT_EQ(ran.json()["divergence"]["actual"], to_hex(done->digest.bytes));
  EXPECT_EQ(tablog({"replay", path}).code, 1);
}

TEST(VerifyTest, UnreadableStateDatabaseIsToldAndTheLogStillRead) {
  SampleStore store;
  store.fill(3);
  store.close();
  for (const auto& slot : std::filesystem::directory_iterator(store.directory() + "/db/.opaque")) {
    if (slot.file_size() > 8192) {
      flip_byte(slot.path().string(), 0);  // the header: a path that no digest covers
    }
  }
  const Ran ran = tablog({"verify", store.directory(), "-o", "json"});
  EXPECT_EQ(ran.code, 4);
  EXPECT_EQ(ran.json()["state"]["verdict"], "unreadable");
  EXPECT_EQ(ran.json()["damage"], nullptr);
  const Ran dump = tablog({"dump", store.directory(), "-o", "ndjson"});
  EXPECT_EQ(dump.code, 0);
  EXPECT_THAT(dump.lines(), SizeIs(5));
  EXPECT_THAT(dump.notes, HasSubstr("state database cannot be read"));
}

// ---- not a log at all

TEST(SourceTest, WhatIsNoLogIsUsage) {
  const ScratchDirectory scratch;
  std::filesystem::create_directory(scratch.at("empty"));
  write_file(scratch.at("text"), Bytes(5000, std::byte{'x'}));
  write_file(scratch.at("nothing"), {});
  for (const char* name : {"empty", "text", "nothing", ""}) {
    for (const std::string& verb : kReadingVerbs) {
      const Ran ran = tablog({verb, scratch.at(name)});
      EXPECT_EQ(ran.code, 2) << verb << " " << name;
      EXPECT_THAT(ran.data, IsEmpty());
      EXPECT_THAT(ran.notes, HasSubstr("tablog: error: "));
    }
  }
}

TEST(SourceTest, DirectoryOfStoresAsksForOne) {
  SampleStore store;
  std::filesystem::create_directories(store.at("stores/notes"));
  std::filesystem::rename(store.directory(), store.at("stores/notes/g0"));
  const Ran ran = tablog({"info", store.at("stores")});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.notes, HasSubstr("notes"));
}

// A generation without its record is a copy that was not finished.
TEST(SourceTest, OfAStoresGenerationsTheNewestWholeOneIsRead) {
  SampleStore store;
  store.fill(3);
  const Bytes record{std::byte{'1'}, std::byte{'\n'}};
  std::filesystem::create_directories(store.at("notes/g1/log"));
  std::filesystem::rename(store.directory(), store.at("notes/g0"));
  EXPECT_EQ(tablog({"verify", store.at("notes")}).code, 0);
  write_file(store.at("notes/g1/ready"), record);
  EXPECT_THAT(tablog({"info", store.at("notes")}).data, testing::Not(HasSubstr("(1 to 5)")));
  std::filesystem::remove_all(store.at("notes/g1"));
  std::filesystem::rename(store.at("notes/g0"), store.at("notes/g1"));
  write_file(store.at("notes/g1/ready"), record);
  const Ran ran = tablog({"info", store.at("notes")});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.data, HasSubstr("(1 to 5)"));
}

TEST(SourceTest, SlotOfALogAsksForItsDirectory) {
  SampleStore store;
  store.fill(1);
  const Ran ran = tablog({"info", store.slot(1)});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.notes, HasSubstr("name its directory"));
}

TEST(SourceTest, MissingFileIsAnIoError) {
  const ScratchDirectory scratch;
  for (const std::string& verb : kReadingVerbs) {
    const Ran ran = tablog({verb, scratch.at("absent")});
    EXPECT_EQ(ran.code, 5) << verb;
    EXPECT_THAT(ran.notes, HasSubstr("No such file"));
  }
}

// Another user for as long as this lives, where the test runs as root, whom no mode keeps out.
class WithoutPrivileges {
 public:
  WithoutPrivileges() { EXPECT_EQ(geteuid() == 0 ? seteuid(65534) : 0, 0); }
  ~WithoutPrivileges() { EXPECT_EQ(getuid() == 0 ? seteuid(0) : 0, 0); }
  WithoutPrivileges(const WithoutPrivileges&) = delete;
  WithoutPrivileges& operator=(const WithoutPrivileges&) = delete;
};

void set_modes(const std::string& path, std::filesystem::perms directories,
               std::filesystem::perms files) {
  for (const auto& item : std::filesystem::recursive_directory_iterator(path)) {
    std::filesystem::permissions(item.path(), item.is_directory() ? directories : files);
  }
  std::filesystem::permissions(path, directories);
}

constexpr auto kRead = std::filesystem::perms{0444};
constexpr auto kReadAndEnter = std::filesystem::perms{0555};
constexpr auto kAll = std::filesystem::perms{0755};

TEST(SourceTest, FileWithoutPermissionIsAnIoError) {
  SampleStore store;
  store.fill(1);
  const std::string path = store.export_log();
  std::filesystem::permissions(path, std::filesystem::perms::none);
  std::filesystem::permissions(store.at(""), kReadAndEnter);
  {
    const WithoutPrivileges another_user;
    EXPECT_EQ(tablog({"verify", path}).code, 5);
  }
  std::filesystem::permissions(store.at(""), kAll);
}

TEST(SourceTest, NothingIsChangedAndNothingNeedsToBeWritable) {
  SampleStore store;
  store.fill(30);
  store.tear_tail();
  const auto content = [&] {
    std::map<std::string, Bytes> files;
    for (const auto& item : std::filesystem::recursive_directory_iterator(store.directory())) {
      if (item.is_regular_file()) {
        files.emplace(item.path().string(), read_file(item.path().string()));
      }
    }
    return files;
  };
  const auto before = content();
  set_modes(store.at(""), kReadAndEnter, kRead);
  {
    const WithoutPrivileges another_user;
    for (const std::string& verb : kReadingVerbs) {
      EXPECT_EQ(tablog({verb, store.directory()}).code, 3) << verb;
    }
    EXPECT_EQ(tablog({"verify", "--deep", store.directory()}).code, 3);
    EXPECT_EQ(tablog({"replay", store.directory()}).code, 3);
    EXPECT_EQ(tablog({"replay", store.directory(), "-o", store.at("denied")}).code, 5);
  }
  set_modes(store.at(""), kAll, kAll);
  EXPECT_EQ(content(), before);
}

}  // namespace
}  // namespace tablog::tools
