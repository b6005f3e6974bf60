// A log as lines and back: the same entries, the same chain hash; and lines of somebody else's.
#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>

#include "log/codec.h"
#include "tests/tools/sample_store.h"
#include "tools/describe.h"
#include "tools/json_fields.h"
#include "tools/json_line.h"
#include "tools/log_lines.h"
#include "tools/log_writer.h"

namespace tablog::tools {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

std::string text_of(const std::string& path) {
  const Bytes bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write_text(const std::string& path, const std::string& text) {
  write_file(path, std::as_bytes(std::span(text)));
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::istringstream stream(text_of(path));
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

void write_lines(const std::string& path, const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  write_text(path, text);
}

nlohmann::json verified(const std::string& path) {
  const Ran ran = tablog({"verify", "--deep", path, "-o", "json"});
  EXPECT_EQ(ran.code, 0) << ran.data << ran.notes;
  return ran.json();
}

// Exported, imported, exported again; the log that was imported.
std::string round_trip(const SampleStore& store, const std::string& log) {
  const std::string lines = store.at("lines.ndjson");
  const std::string made = store.at("made.tablog");
  const Ran exported = tablog({"export", log, "-o", lines, "--force", "--output", "json"});
  EXPECT_EQ(exported.code, 0) << exported.notes;
  EXPECT_EQ(exported.json()["whole"], true);
  const Ran imported = tablog({"import", lines, "-o", made, "--force", "--output", "json"});
  EXPECT_EQ(imported.code, 0) << imported.notes;
  EXPECT_EQ(imported.json()["chain"], exported.json()["chain"]);
  EXPECT_EQ(imported.json()["entries"], exported.json()["entries"]);
  EXPECT_EQ(tablog({"export", made}).data, text_of(lines));
  return made;
}

TEST(ExportImportTest, GoldenLogComesBackWithItsChainAndItsState) {
  SampleStore scratch;
  const std::string golden = TABLOG_SOURCE_DIR "/tests/golden/log_v1.tablog";
  const std::string made = round_trip(scratch, golden);
  const auto before = verified(golden);
  const auto after = verified(made);
  for (const char* field : {"store", "first", "last", "chain", "digest", "entries", "batches"}) {
    EXPECT_EQ(after[field], before[field]) << field;
  }
  EXPECT_EQ(after["digestsCompared"], before["digestsCompared"]);
  EXPECT_EQ(tablog({"dump", made, "-o", "ndjson"}).data,
            tablog({"dump", golden, "-o", "ndjson"}).data);
}

TEST(ExportImportTest, DirectoryAndExportGiveTheSameLines) {
  SampleStore store;
  store.fill(30);
  EXPECT_EQ(tablog({"export", store.directory()}).data,
            tablog({"export", store.export_log()}).data);
  const Ran ran = tablog({"export", store.directory()});
  EXPECT_EQ(ran.code, 0);
  const auto lines = ran.lines();
  ASSERT_THAT(lines, SizeIs(1 + 32 + 32 + 1));
  EXPECT_EQ(lines.front()["format"], "tablog-log");
  EXPECT_EQ(lines.back()["end"]["entries"], 32);
}

TEST(ExportImportTest, LogWithoutEntriesComesBack) {
  SampleStore store;
  round_trip(store, store.export_log());
}

TEST(ExportImportTest, CompactedLogComesBackWithItsBase) {
  SampleStore store;
  store.fill(120);
  ASSERT_TRUE(store.store().begin_compaction(Index{60}));
  const auto yes = [] { return true; };
  while (*store.store().advance_compaction(yes) == storage::NextBase::Stage::kWorking) {
  }
  ASSERT_TRUE(store.store().finish_compaction());
  const std::string made = round_trip(store, store.directory());
  const auto after = verified(made);
  EXPECT_EQ(after["chain"], verified(store.directory())["chain"]);
  EXPECT_GT(after["first"], 1);
  EXPECT_LE(after["first"], 61);

  // Of another history: the chain hash of the log at the base is not the base's.
  auto lines = lines_of(store.at("lines.ndjson"));
  for (std::string& line : lines) {
    if (const auto at = line.find("\"baseBytes\":"); at != std::string::npos) {
      line.replace(at, std::string::npos, "\"baseBytes\":4096}");
    }
  }
  write_lines(store.at("bad.ndjson"), lines);
  const Ran refused = tablog({"import", store.at("bad.ndjson"), "-o", store.at("bad.tablog")});
  EXPECT_EQ(refused.code, 4);
  EXPECT_THAT(refused.notes, HasSubstr("line 2: more of the base"));
  EXPECT_FALSE(std::filesystem::exists(store.at("bad.tablog")));
}

TEST(ExportImportTest, LargeLogIsCutIntoSegments) {
  SampleStore store;
  store.fill(0);
  for (std::int64_t i = 1; i <= 10; ++i) {
    store.append({samples::added(i, std::string(1U << 20U, static_cast<char>('a' + i)))});
  }
  const auto after = verified(round_trip(store, store.directory()));
  EXPECT_EQ(after["segments"], 3);
}

// ---- damage, torn tails

TEST(ExportTest, TornTailIsLeftOut) {
  SampleStore store;
  store.fill(20);
  store.tear_tail();
  const Ran ran = tablog({"export", store.directory(), "-o", store.at("lines")});
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.notes, HasSubstr("torn tail"));
  EXPECT_EQ(tablog({"import", store.at("lines"), "-o", store.at("made")}).code, 0);
  EXPECT_EQ(verified(store.at("made"))["last"], 22);
}

TEST(ExportTest, DamageEndsItWithoutTheLineThatEndsAnExport) {
  SampleStore store;
  store.fill(200);
  const auto frame = tablog({"get", store.directory(), "100", "-o", "json"}).json()["frame"];
  store.close();
  const auto sequence = frame["sequence"].get<std::uint64_t>();
  flip_byte(store.slot(sequence), frame["offset"].get<std::uint64_t>() + 50);
  const Ran ran =
      tablog({"export", store.directory(), "-o", store.at("lines"), "--output", "json"});
  EXPECT_EQ(ran.code, 4);
  EXPECT_EQ(ran.json()["last"], 99);
  EXPECT_EQ(ran.json()["whole"], false);
  const Ran refused = tablog({"import", store.at("lines"), "-o", store.at("made")});
  EXPECT_EQ(refused.code, 4);
  EXPECT_THAT(refused.notes, HasSubstr("is cut"));
  EXPECT_FALSE(std::filesystem::exists(store.at("made")));
  EXPECT_FALSE(std::filesystem::exists(store.at("made.partial")));
}

TEST(ExportTest, ExistingFileStaysUnlessForced) {
  SampleStore store;
  store.fill(1);
  const std::string log = store.export_log();
  write_text(store.at("there"), "x");
  EXPECT_EQ(tablog({"export", log, "-o", store.at("there")}).code, 2);
  EXPECT_EQ(text_of(store.at("there")), "x");
  EXPECT_EQ(tablog({"export", log, "-o", log, "--force"}).code, 2);
  EXPECT_EQ(tablog({"export", log, "-o", store.at("there"), "--force"}).code, 0);
  EXPECT_EQ(tablog({"import", store.at("there"), "-o", store.at("there"), "--force"}).code, 2);
  EXPECT_EQ(tablog({"export", log, "-o", store.at("no/such/file")}).code, 5);
}

// ---- entries, bit by bit

Entry sample_entry(EntryBody body) {
  return {.index = {7},
          .term = Term::of({5}, 3),
          .time_ms = 1'700'000'000'000,
          .wall_ms = -5,
          .seed = 0xFFFFFFFFFFFFFFFF,
          .schema_version = 4'000'000'000,
          .request = RequestStamp{.client = samples::client(3),
                                  .number = {UINT64_MAX},
                                  .position = 1,
                                  .count = 3,
                                  .settled_through = {9'007'199'254'740'993},
                                  .request_hash = 0x0123456789ABCDEF},
          .body = std::move(body)};
}

void expect_exact(const Entry& entry) {
  const auto encoded = encode_entry(entry);
  ASSERT_TRUE(encoded);
  const std::string text = line_text(json_of_line(entry, *encoded));
  const auto line = read_line(text);
  ASSERT_TRUE(line) << line.error().message << text;
  EXPECT_EQ(std::get<EntryLine>(*line).encoded, *encoded) << text;
  EXPECT_EQ(text.find("encoded"), std::string::npos) << text;
}

TEST(LogLinesTest, EveryKindOfEntryAndOfValueIsExact) {
  const auto nan = [](std::uint64_t bits) { return std::bit_cast<double>(bits); };
  const std::vector<Value> values{
      std::monostate{},
      std::int64_t{0},
      std::numeric_limits<std::int64_t>::min(),
      std::numeric_limits<std::int64_t>::max(),
      std::int64_t{9'007'199'254'740'991},
      std::int64_t{-9'007'199'254'740'992},
      0.0,
      -0.0,
      0.1,
      1e300,
      5e-324,
      1.0,
      -9'007'199'254'740'993.0,
      std::numeric_limits<double>::max(),
      std::numeric_limits<double>::infinity(),
      -std::numeric_limits<double>::infinity(),
      nan(0x7FF8000000000000),
      nan(0xFFF8000000000001),
      nan(0x7FF0000000000001),
      std::string(),
      std::string("\0\x01\"\\\n\u2028é", 10),
      std::string("\xC3\x28 not UTF-8"),
      Bytes{},
      Bytes{std::byte{0}, std::byte{0xFF}, std::byte{1}, std::byte{2}},
  };
  std::vector<Argument> args;
  for (std::size_t i = 0; i < values.size(); ++i) {
    args.push_back({std::to_string(values.size() - i), values[i]});
  }
  expect_exact(sample_entry(Event{"todo.added", args}));
  args.push_back(args.front());               // a name twice
  args.push_back({"\xFF", std::int64_t{1}});  // and one that is not UTF-8
  args.push_back({"", std::string("without a name")});
  expect_exact(sample_entry(Event{"\xC0type", args}));
  expect_exact(sample_entry(Exec{"SELECT 1", args, std::numeric_limits<std::int64_t>::min()}));
  expect_exact(sample_entry(Exec{"\xFE", {}, 3}));
  expect_exact(sample_entry(Void{}));
  expect_exact(sample_entry(TermStart{samples::client(1)}));
  expect_exact(sample_entry(CheckpointMark{{UINT64_MAX}}));
  expect_exact(sample_entry(SessionClose{samples::client(255)}));
  Schema schema = samples::schema(2);
  schema.materializers.push_back(schema.materializers.front());
  schema.materializers.push_back({"\xFF", "SELECT"});
  schema.upcasters = {{"todo.added", 1, "json_object()"}, {"a", UINT32_MAX, "\xFE"}};
  schema.flags = UINT32_MAX;
  schema.profile_hash = UINT64_MAX;
  expect_exact(sample_entry(schema));
  Entry control = sample_entry(Void{});
  control.request.reset();
  expect_exact(control);
}

// As a log of a later format would have them, which encodes more fields.
TEST(LogLinesTest, BytesThatTheEntryDoesNotGiveAgainAreKept) {
  const Entry entry = sample_entry(Void{});
  Bytes odd = *encode_entry(entry);
  const Json plain = json_of_line(entry, odd);
  EXPECT_FALSE(plain.contains("encoded"));
  odd.push_back(std::byte{0});
  const Json line = json_of_line(entry, odd);
  EXPECT_TRUE(line.contains("encoded"));
  EXPECT_FALSE(read_line(line_text(line)));  // these are no entry

  Json other = plain;
  Entry another = entry;
  another.seed = 1;
  other["encoded"] = base64(*encode_entry(another));
  const auto refused = read_line(line_text(other));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("another entry"));
}

TEST(LogLinesTest, Base64IsStrict) {
  for (const char* text : {"A", "AA", "AA=", "A===", "====", "AB==", "AAB=", "AA==AA==", "A A=",
                           "AA=A", "\xFF\xFF\xFF\xFF"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
  for (std::size_t size = 0; size < 10; ++size) {
    const Bytes bytes(size, std::byte{0xA7});
    EXPECT_EQ(from_base64(base64(bytes)), bytes);
  }
}

// ---- lines of somebody else's

class HostileTest : public testing::Test {
 protected:
  HostileTest() {
    store_.fill(3);
    EXPECT_EQ(tablog({"export", store_.directory(), "-o", store_.at("lines")}).code, 0);
    lines_ = lines_of(store_.at("lines"));
  }

  Ran import(const std::vector<std::string>& lines) {
    write_lines(store_.at("hostile"), lines);
    const Ran ran = tablog({"import", store_.at("hostile"), "-o", store_.at("made")});
    EXPECT_EQ(std::filesystem::exists(store_.at("made")), ran.code == 0);
    EXPECT_FALSE(std::filesystem::exists(store_.at("made.partial")));
    EXPECT_FALSE(std::filesystem::exists(store_.at("made.segments.partial")));
    std::filesystem::remove(store_.at("made"));
    return ran;
  }

  void expect(const std::vector<std::string>& lines, int code, const std::string& words) {
    const Ran ran = import(lines);
    EXPECT_EQ(ran.code, code) << words;
    EXPECT_THAT(ran.notes, HasSubstr(words));
  }

  // The entry of index 3, the first to-do, is line 6.
  void expect_field(const std::string& name, const nlohmann::json& value,
                    const std::string& words) {
    auto lines = lines_;
    auto line = nlohmann::ordered_json::parse(lines[5]);
    line[name] = value;
    lines[5] = line.dump();
    expect(lines, 4, "line 6: \"" + name + words);
  }

  SampleStore store_;
  std::vector<std::string> lines_;
};

TEST_F(HostileTest, WhatWasExportedIsImported) {
  EXPECT_EQ(import(lines_).code, 0);
  auto crlf = lines_;
  for (std::string& line : crlf) line += "\r";
  EXPECT_EQ(import(crlf).code, 0);
}

TEST_F(HostileTest, LinesThatAreMissingDoubledOrSwappedAreTold) {
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    auto without = lines_;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(import(without).code, i == 0 ? 2 : 4) << i;
    auto twice = lines_;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), lines_[i]);
    EXPECT_EQ(import(twice).code, 4) << i;
    auto cut = lines_;
    cut.resize(i);
    EXPECT_EQ(import(cut).code, i == 0 ? 2 : 4) << i;
  }
  auto swapped = lines_;
  std::swap(swapped[5], swapped[7]);
  expect(swapped, 4, "line 6: \"index\" is 4, and entry 3 has to come");
}

TEST_F(HostileTest, FieldsOfAnotherTypeAreToldWithLineAndField) {
  expect_field("index", "three", "\" is not an integer from 0");
  expect_field("index", -1, "\" is not an integer");
  expect_field("index", 3.0, "\" is not an integer");
  expect_field("time", nlohmann::json{{"$int", "12x"}}, "\" is not an integer of 64 bits");
  expect_field("time", UINT64_MAX, "\" is not an integer of 64 bits");
  expect_field("seed", 12, "\" is not 16 hexadecimal digits");
  expect_field("seed", "ABCDEF0123456789", "\" is not 16 hexadecimal digits");
  expect_field("client", "07", "\" is not 32 hexadecimal digits");
  expect_field("schemaVersion", 4'294'967'296, "\" is not an integer");
  expect_field("kind", "evnt", "\" is none that a log has");
  expect_field("type", nullptr, "\" is not a text");
  expect_field("args", 3, "\" is not an object, or an array of pairs");
  expect_field("args", nlohmann::json::array({1}), "\" has something in it that is not a pair");
  expect_field("args", nlohmann::json{{"id", {{"$blob", "?"}}}}, ".id\" is no value");
  expect_field("args", nlohmann::json{{"id", true}}, ".id\" is no value");
  expect_field("args",
               nlohmann::json::object({{"id", nlohmann::json::object({{"a", 1}, {"b", 2}})}}),
               ".id\" is no value");
  expect_field("encoded", "///", "\" is not base64");
}

TEST_F(HostileTest, ContentThatWasChangedIsNotWhatTheChainSays) {
  auto lines = lines_;
  lines[5].replace(lines[5].find("todo 1"), 6, "todo 9");
  expect(lines, 4, "line 7: \"commit.chain\" is not what the entries before it give");
  lines = lines_;
  const auto at = lines.back().find("\"chain\":\"") + 9;
  lines.back()[at] = lines.back()[at] == '0' ? '1' : '0';
  expect(lines, 4, "\"end.chain\" is not");
}

TEST_F(HostileTest, UnknownAndDoubledFieldsAreRefused) {
  auto lines = lines_;
  lines[5].insert(1, "\"extra\":1,");
  expect(lines, 4, "line 6: a field is unknown, or there twice");
  lines = lines_;
  lines[5].insert(1, "\"term\":1,");
  expect(lines, 4, "line 6: a field is unknown, or there twice");
  lines = lines_;
  lines[5].replace(lines[5].find("\"args\":{"), 8, "\"args\":{\"id\":1,");
  expect(lines, 4, "line 6: \"args\" has a name twice");
}

TEST_F(HostileTest, RequestsOfNoOrTooManyEntriesAreRefused) {
  for (const char* count : {"0", "9999999"}) {
    auto lines = lines_;
    lines[5].replace(lines[5].find("\"count\":1") + 8, 1, count);
    expect(lines, 4, "line 6: no log can hold this entry");
  }
}

TEST_F(HostileTest, WhatIsNoExportIsUsageAndANewerOneUnknown) {
  expect({"hello"}, 2, "not an exported log");
  expect({"[]"}, 2, "not an exported log");
  expect({"{}"}, 2, "not an exported log");
  expect({lines_[1]}, 2, "not an exported log");
  expect({}, 2, "it is empty");
  auto lines = lines_;
  lines[0].replace(lines[0].find("\"version\":1"), 11, "\"version\":2");
  expect(lines, 6, "version 2");
  EXPECT_EQ(tablog({"import", store_.at("absent"), "-o", store_.at("made")}).code, 5);
  const ScratchDirectory elsewhere;
  EXPECT_EQ(tablog({"import", store_.at(""), "-o", elsewhere.at("made")}).code, 5);
  EXPECT_EQ(tablog({"import", store_.at("lines")}).code, 2);
}

TEST_F(HostileTest, SizesAreBoundedBeforeAnythingIsKept) {
  auto lines = lines_;
  lines[5] = std::string(100'000, '[');
  expect(lines, 4, "line 6: nested more than 8 deep");
  lines[5] = "{\"index\":[" + std::string(3'000'000, ' ');
  for (int i = 0; i < 1'200'000; ++i) lines[5] += "0,";
  expect(lines, 4, "line 6: more than 1048576 values");
  lines = lines_;
  lines[0].replace(lines[0].find("\"baseBytes\":0"), 13, "\"baseBytes\":9007199254740991");
  EXPECT_EQ(import(lines).code, 4);
  lines[0].replace(lines[0].find("9007199254740991"), 16, "4503599627370496");
  lines.insert(lines.begin() + 1, "{\"base\":\"" + base64(Bytes(4096)) + "\"}");
  EXPECT_EQ(import(lines).code, 4);
}

TEST(LineReaderTest, LongLinesAreRefusedAndTheLastNeedsNoEnd) {
  std::istringstream two("one\n\ntwo");
  LineReader reader(two);
  EXPECT_EQ(**reader.next(), "one");
  EXPECT_EQ(**reader.next(), "");
  EXPECT_EQ(**reader.next(), "two");
  EXPECT_FALSE(*reader.next());
  std::istringstream endless(std::string(kLineBytesMax + 1, 'x'));
  EXPECT_EQ(LineReader(endless).next().error().code, ErrorCode::kMalformed);
}

// Cut anywhere, or with a byte that is another: told, or the same log.
TEST_F(HostileTest, NoCutAndNoFlipGoesUnnoticed) {
  const std::string whole = text_of(store_.at("lines"));
  const std::string chain = nlohmann::json::parse(lines_.back())["end"]["chain"];
  std::mt19937 random(8123);
  for (int round = 0; round < 600; ++round) {
    std::string text = whole;
    const std::size_t at = random() % text.size();
    if (round % 3 == 0) {
      text.resize(at);
    } else if (round % 3 == 1) {
      text[at] = static_cast<char>(text[at] ^ (1 << random() % 8));
    } else {
      text[at] = static_cast<char>(random());
    }
    write_text(store_.at("hostile"), text);
    const Ran ran = tablog(
        {"import", store_.at("hostile"), "-o", store_.at("made"), "--force", "--output", "json"});
    EXPECT_THAT(ran.code, testing::AnyOf(0, 2, 4, 6)) << at << ran.notes;
    if (ran.code == 0) {
      EXPECT_EQ(ran.json()["chain"], chain);
      EXPECT_EQ(tablog({"verify", store_.at("made")}).code, 0) << at;
    }
  }
}

}  // namespace
}  // namespace tablog::tools
