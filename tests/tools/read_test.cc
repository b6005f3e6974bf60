// info, segments, dump and get on whole logs.
#include <gmock/gmock.h>

#include <limits>
#include <ranges>

#include "log/codec.h"
#include "log/frame.h"
#include "log/little_endian.h"
#include "log/segment.h"
#include "tests/tools/sample_store.h"

namespace tablog::tools {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

std::vector<std::uint64_t> indexes(const Ran& ran) {
  std::vector<std::uint64_t> found;
  for (const auto& line : ran.lines()) {
    found.push_back(line.at("index").get<std::uint64_t>());
  }
  return found;
}

TEST(InfoTest, ExportIsToldInNumbers) {
  SampleStore store;
  store.fill(40);
  const auto head = store.store().log().head();
  const Ran ran = tablog({"info", store.export_log(), "-o", "json"});
  EXPECT_EQ(ran.code, 0) << ran.notes;
  EXPECT_THAT(ran.notes, IsEmpty());
  const auto info = ran.json();
  EXPECT_EQ(info["kind"], "export");
  EXPECT_EQ(info["status"], "clean");
  EXPECT_EQ(info["store"], to_hex(head.store.bytes));
  EXPECT_EQ(info["first"], 1);
  EXPECT_EQ(info["last"], 42);
  EXPECT_EQ(info["entries"], 42);
  EXPECT_EQ(info["termsFrom"], 1);
  EXPECT_EQ(info["head"]["digest"], to_hex(head.digest->bytes));
  EXPECT_EQ(info["head"]["chain"], to_hex(head.chain.bytes));
  EXPECT_EQ(info["head"]["time"], head.time_ms);
  EXPECT_EQ(info["schemas"][0]["version"], 1);
  EXPECT_EQ(info["schemas"][0]["engine"], "3.54.1");
  EXPECT_EQ(info["tornTail"], nullptr);
  EXPECT_EQ(info["state"], nullptr);
}

TEST(InfoTest, TermsHaveTheirRangeAndLeader) {
  SampleStore store;
  store.fill(3);
  store.append_in_term(Term{2}, {samples::control(TermStart{samples::client(8)}, 1)});
  store.append({samples::added(4, "four")});
  const auto terms = tablog({"info", store.directory(), "-o", "json"}).json()["terms"];
  ASSERT_THAT(terms, SizeIs(2));
  EXPECT_EQ(terms[0]["first"], 1);
  EXPECT_EQ(terms[0]["last"], 5);
  EXPECT_EQ(terms[1]["first"], 6);
  EXPECT_EQ(terms[1]["last"], 7);
  EXPECT_EQ(terms[1]["leader"], to_hex(samples::client(8).bytes));
}

TEST(InfoTest, DirectoryOfALiveStoreHasItsStateDatabase) {
  SampleStore store;  // open, and holding its files
  store.fill(5);
  const Ran ran = tablog({"info", store.directory(), "-o", "json"});
  EXPECT_EQ(ran.code, 0) << ran.notes;
  const auto info = ran.json();
  EXPECT_EQ(info["kind"], "directory");
  EXPECT_EQ(info["state"]["applied"], 7);
  EXPECT_EQ(info["state"]["digest"], info["head"]["digest"]);
  EXPECT_EQ(info["state"]["chain"], info["head"]["chain"]);
}

TEST(InfoTest, StoreDirectoryLeadsToItsNewestGeneration) {
  SampleStore store;
  store.fill(1);
  const Ran ran = tablog({"info", store.at(""), "-o", "json"});
  EXPECT_EQ(ran.code, 0) << ran.notes;
  EXPECT_EQ(ran.json()["last"], 3);
}

TEST(InfoTest, EmptyStoreIsAnEmptyLog) {
  const SampleStore store;
  const Ran ran = tablog({"info", store.directory()});
  EXPECT_EQ(ran.code, 0) << ran.notes;
  EXPECT_THAT(ran.data, HasSubstr("none"));
}

TEST(InfoTest, TableHasTheWordsAPersonLooksFor) {
  SampleStore store;
  store.fill(12);
  const Ran ran = tablog({"info", store.export_log()});
  EXPECT_THAT(ran.data, AllOf(HasSubstr("clean"), HasSubstr("14 (1 to 14)"),
                              HasSubstr("SQLite 3.54.1"), HasSubstr("2023-11-14T22:13:")));
}

TEST(SegmentsTest, AreLinkedAndCoverTheLog) {
  SampleStore store;
  store.fill(200);
  const Ran ran = tablog({"segments", store.directory(), "-o", "ndjson"});
  EXPECT_EQ(ran.code, 0) << ran.notes;
  const auto rows = ran.lines();
  ASSERT_GT(rows.size(), 3U);
  std::uint64_t base = 1;
  for (const auto& row : rows) {
    EXPECT_EQ(row["base"], base);
    EXPECT_EQ(row["term"], 1);
    EXPECT_EQ(row["sealed"], row["sequence"] != rows.size());
    base = row["last"].get<std::uint64_t>() + 1;
  }
  EXPECT_EQ(base, 203U);
}

TEST(SegmentsTest, OffsetsOfAnExportLeadToItsFrames) {
  SampleStore store;
  store.fill(200);
  const std::string path = store.export_log();
  const Bytes file = read_file(path);
  for (const auto& row : tablog({"segments", path, "-o", "json"}).json()) {
    const auto at = row["fileOffset"].get<std::size_t>();
    const auto header = decode_segment_header(ByteView(file).subspan(at));
    ASSERT_TRUE(header);
    EXPECT_EQ(header->sequence, row["sequence"]);
  }
}

TEST(DumpTest, NdjsonIsOneEntryPerLineWithTheFieldsOfTheApi) {
  SampleStore store;
  store.append_in_term(Term{1}, {samples::control(TermStart{samples::client(9)})});
  store.append({samples::control(samples::schema())});
  BatchItem item = samples::added(1, "Milk");
  item.request->number = RequestNumber{12};
  store.append({item});
  const Ran ran = tablog({"dump", store.directory(), "-o", "ndjson"});
  EXPECT_EQ(ran.code, 0) << ran.notes;
  EXPECT_EQ(
      ran.data,
      R"({"index":1,"term":1,"time":1700000001000,"client":null,"request":0,"position":0,"count":1,"schemaVersion":0,"kind":"term","leader":"09090909090909090909090909090909"}
{"index":2,"term":1,"time":1700000002000,"client":null,"request":0,"position":0,"count":1,"schemaVersion":0,"kind":"schema","version":1}
{"index":3,"term":1,"time":1700000003000,"client":"07070707070707070707070707070707","request":12,"position":0,"count":1,"schemaVersion":1,"kind":"event","type":"todo.added","args":{"id":1,"title":"Milk"}}
)");
}

TEST(DumpTest, JsonIsAnArrayAlsoWhereItIsEmpty) {
  SampleStore store;
  store.fill(3);
  EXPECT_THAT(tablog({"dump", store.directory(), "-o", "json"}).json(), SizeIs(5));
  const Ran none = tablog({"dump", store.directory(), "-o", "json", "--type", "no.such"});
  EXPECT_EQ(none.code, 0);
  EXPECT_EQ(none.json(), nlohmann::json::array());
}

TEST(DumpTest, RangeIsInclusiveAndCrossesSegments) {
  SampleStore store;
  store.fill(200);
  const Ran ran =
      tablog({"dump", store.export_log(), "--from", "50", "--to", "150", "-o", "ndjson"});
  const auto found = indexes(ran);
  ASSERT_THAT(found, SizeIs(101));
  EXPECT_EQ(found.front(), 50U);
  EXPECT_EQ(found.back(), 150U);
}

TEST(DumpTest, ReverseIsForwardFromTheEnd) {
  SampleStore store;
  store.fill(200);
  auto forward = indexes(tablog({"dump", store.directory(), "-o", "ndjson"}));
  const auto reverse = indexes(tablog({"dump", store.directory(), "-o", "ndjson", "--reverse"}));
  std::ranges::reverse(forward);
  EXPECT_EQ(reverse, forward);
  const auto last = indexes(tablog(
      {"dump", store.directory(), "-o", "ndjson", "--reverse", "--limit", "3", "--to", "199"}));
  EXPECT_THAT(last, ElementsAre(199, 198, 197));
}

TEST(DumpTest, FiltersAreConjoined) {
  SampleStore store;
  store.fill(5);
  store.append_in_term(Term{2}, {samples::control(TermStart{samples::client(8)}, 1)});
  store.append({samples::exec("UPDATE todo SET done = 1", {})});
  store.append({samples::added(6, "six")});
  const auto dump = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"dump", store.directory(), "-o", "ndjson"};
    words.insert(words.end(), more.begin(), more.end());
    return indexes(tablog(words));
  };
  EXPECT_THAT(dump({"--kind", "term"}), ElementsAre(1, 8));
  EXPECT_THAT(dump({"--kind", "term", "--kind", "exec"}), ElementsAre(1, 8, 9));
  EXPECT_THAT(dump({"--term", "2", "--type", "todo.added"}), ElementsAre(10));
  EXPECT_THAT(dump({"--client", "0707", "--limit", "2"}), ElementsAre(3, 4));
  EXPECT_THAT(dump({"--client", "99"}), IsEmpty());
  EXPECT_THAT(dump({"--from", "1000"}), IsEmpty());
}

TEST(DumpTest, BatchMembersShareTheirRequest) {
  SampleStore store;
  store.fill(0);
  store.append({samples::together({samples::added(1, "a"), samples::added(2, "b")})});
  const auto rows = tablog({"dump", store.directory(), "--kind", "event", "-o", "ndjson"}).lines();
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0]["request"], rows[1]["request"]);
  EXPECT_EQ(rows[1]["position"], 1);
  EXPECT_EQ(rows[1]["count"], 2);
}

TEST(DumpTest, ValuesThatJsonLacksAreMarked) {
  SampleStore store;
  store.fill(0);
  const Bytes blob{std::byte{0x00}, std::byte{0xFF}, std::byte{0x10}, std::byte{0x80}};
  // Straight into the log: no leader would accept all of these.
  const auto entry =
      encode(Entry{.index = Index{3},
                   .term = Term{1},
                   .time_ms = 1'700'000'009'000,
                   .body = Exec{.sql = "SELECT 1",
                                .params = {{"1", std::int64_t{9'007'199'254'740'993}},
                                           {"2", 1.0},
                                           {"3", blob},
                                           {"4", std::string("\xFF\xFE")},
                                           {"5", std::monostate{}},
                                           {"6", std::string("ü")},
                                           {"7", -std::numeric_limits<double>::infinity()}}}});
  ASSERT_TRUE(entry);
  ASSERT_TRUE(store.store().log().append(std::span(&*entry, 1), Digest{}));
  const Ran ran = tablog({"dump", store.directory(), "--kind", "exec", "-o", "ndjson"});
  ASSERT_THAT(ran.lines(), SizeIs(1)) << ran.notes;
  EXPECT_EQ(ran.lines()[0]["params"], (nlohmann::json{{"1", {{"$int", "9007199254740993"}}},
                                                      {"2", 1.0},
                                                      {"3", {{"$blob", "AP8QgA=="}}},
                                                      {"4", {{"$text", "//4="}}},
                                                      {"5", nullptr},
                                                      {"6", "ü"},
                                                      {"7", {{"$float", "-inf"}}}}));
  EXPECT_THAT(ran.data, HasSubstr(R"("2":1.0)"));
}

TEST(DumpTest, TableCannotSteerTheTerminal) {
  SampleStore store;
  store.fill(0);
  store.append({samples::added(1, "\x1b]0;owned\x07\n\xC2\x9B")});
  const Ran ran = tablog({"dump", store.directory(), "--kind", "event"});
  EXPECT_THAT(ran.data, HasSubstr(R"(title='\x1b]0;owned\x07\n\x9b')"));
  EXPECT_EQ(std::ranges::count(ran.data, '\x1b'), 0);
}

TEST(GetTest, EntryHasItsFrameChainAndBatch) {
  SampleStore store;
  store.fill(100);
  const std::string path = store.export_log();
  const Ran ran = tablog({"get", path, "77", "-o", "json"});
  EXPECT_EQ(ran.code, 0) << ran.notes;
  const auto entry = ran.json();
  EXPECT_EQ(entry["index"], 77);
  EXPECT_EQ(entry["batch"]["first"], 77);
  EXPECT_EQ(entry["chain"], to_hex(store.store().log().chain_at(Index{77})->bytes));
  EXPECT_EQ(entry["previousChain"], to_hex(store.store().log().chain_at(Index{76})->bytes));
  // The frame stands where it is said to stand.
  const Bytes file = read_file(path);
  const auto at = entry["frame"]["fileOffset"].get<std::size_t>();
  EXPECT_EQ(load<std::uint32_t>(file, at), static_cast<std::uint32_t>(FrameKind::kEntry));
  EXPECT_EQ(load<std::uint64_t>(file, at + 8), 77U);
}

TEST(GetTest, SchemaEntryHasItsSql) {
  SampleStore store;
  store.fill(0);
  const auto entry = tablog({"get", store.directory(), "2", "-o", "json"}).json();
  EXPECT_EQ(entry["schema"]["version"], 1);
  EXPECT_THAT(entry["schema"]["migrations"][0].get<std::string>(), StartsWith("CREATE TABLE todo"));
  EXPECT_EQ(entry["schema"]["events"]["todo.toggled"],
            "UPDATE todo SET done = NOT done WHERE id = :id");
  EXPECT_THAT(tablog({"get", store.directory(), "2"}).data, HasSubstr("UPDATE todo SET done"));
}

TEST(GetTest, NoSuchEntryIsUsage) {
  SampleStore store;
  store.fill(1);
  for (const char* index : {"0", "4", "18446744073709551615"}) {
    const Ran ran = tablog({"get", store.directory(), index});
    EXPECT_EQ(ran.code, 2);
    EXPECT_THAT(ran.notes, HasSubstr("the log holds 1 to 3"));
  }
}

}  // namespace
}  // namespace tablog::tools
