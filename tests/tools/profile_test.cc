// Stores in browsers' profiles, whole and damaged ones, made up from a real store's files.
#include "tools/profile/profile.h"

#include <gmock/gmock.h>

#include <chrono>
#include <ranges>

#include "tests/tools/profile_kit.h"
#include "tools/reading.h"

namespace tablog::tools {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A store of 9 entries: a term start, a schema, 7 to-dos.
class ProfileTest : public testing::Test {
 protected:
  ProfileTest() {
    store_.fill(7);
    store_.close();
  }

  [[nodiscard]] fs::path user_data() const { return scratch_.path() / "user data"; }
  [[nodiscard]] fs::path profile() const { return user_data() / "Default"; }
  [[nodiscard]] PageFiles store_at(const std::string& path) const {
    return files_of(store_.directory(), path);
  }
  // One origin, one store, "notes".
  void write_notes() const {
    write_origins(profile(), {{"https_app.example_0", "000"}});
    write_origin(profile(), "000", store_at("tablog/notes/g0"));
  }
  [[nodiscard]] fs::path paths() const { return profile() / "File System/000/t/Paths"; }

  SampleStore store_;
  ScratchDirectory scratch_;
};

ProfileStores found_in(const fs::path& directory) {
  auto found = find_profile_stores(directory);
  EXPECT_TRUE(found) << found.error().message;
  return found ? *std::move(found) : ProfileStores{};
}

std::vector<std::string> names_of(const ProfileStores& found) {
  std::vector<std::string> names;
  for (const ProfileStore& store : found.stores) {
    names.push_back(store.origin + store.partition + " " + store.name);
  }
  return names;
}

Ran run_profiles(const fs::path& directory, const std::string& format) {
  return tablog({"profiles", directory.string(), "-o", format});
}

std::uint64_t entries_of(const ProfileStore& store) {
  const auto source = open_files(store.current().files);
  if (!source) {
    ADD_FAILURE() << source.error().message;
    return 0;
  }
  EXPECT_FALSE(source->state_error);
  EXPECT_TRUE(source->state) << "the state database was not found";
  std::uint64_t entries = 0;
  for (auto step = next_step(*source->log); step && *step; step = next_step(*source->log)) {
    if ((*step)->entry) ++entries;
  }
  return entries;
}

TEST_F(ProfileTest, ChromiumStoresAreFoundByOriginAndName) {
  PageFiles files = store_at("tablog/notes/g0");
  files.merge(store_at("tablog/%C3%9Cn%C3%AFcode%2F%20notes/g0"));
  files["other/app.bin"] = Bytes(100, std::byte{1});
  PageFiles others = store_at("tablog/aaaa~0123/g0");
  others["tablog/aaaa~0123/name"] = Bytes(4, std::byte{'a'});
  write_origins(profile(), {{"http_127.0.0.1_8080", "000"}, {"http_[__1]_9000", "001"}});
  write_origin(profile(), "000", files);
  write_origin(profile(), "001", others);
  for (const fs::path& directory : {user_data(), profile()}) {
    const ProfileStores found = found_in(directory);
    EXPECT_THAT(found.troubles, IsEmpty());
    EXPECT_EQ(found.profiles, 1U);
    EXPECT_THAT(names_of(found),
                ElementsAre("http://127.0.0.1:8080 notes", "http://127.0.0.1:8080 Ünïcode/ notes",
                            "http://[::1]:9000 aaaa"));
    for (const ProfileStore& store : found.stores) {
      EXPECT_EQ(store.browser, Browser::kChromium);
      EXPECT_EQ(store.id.bytes, samples::client(0x5A).bytes);
      EXPECT_EQ(entries_of(store), 9U);
    }
  }
}

TEST_F(ProfileTest, BucketsHaveTheirOriginFromTheQuotaDatabase) {
  const fs::path web = profile() / "WebStorage";
  for (const char* number : {"3", "7"}) {
    const fs::path tree = web / number / "FileSystem/t";
    write_log(tree / "Paths", write_tree(tree, store_at("tablog/notes/g0")));
  }
  write_database(
      web / "QuotaManager",
      "CREATE TABLE buckets(id INTEGER PRIMARY KEY, storage_key TEXT, name TEXT);"
      "INSERT INTO buckets VALUES(3, 'https://a.example/', 'inbox');"
      "INSERT INTO buckets VALUES(7, 'https://b.example/^0https://c.example', '_default')");
  EXPECT_THAT(
      names_of(found_in(profile())),
      ElementsAre("https://a.exampleinbox notes", "https://b.example^0https://c.example notes"));
  // Without it the stores are there all the same.
  write_file((web / "QuotaManager").string(), Bytes(5000, std::byte{7}));
  const ProfileStores found = found_in(profile());
  EXPECT_THAT(names_of(found), ElementsAre(" notes", " notes"));
  EXPECT_THAT(found.troubles, SizeIs(2));
}

TEST_F(ProfileTest, FirefoxStoresAreFoundByOriginAndName) {
  write_firefox_origin(user_data() / "x.default", "https+++app.example+8443^userContextId=1",
                       store_at("tablog/a%20b/g0"));
  for (const fs::path& directory : {user_data(), user_data() / "x.default"}) {
    const ProfileStores found = found_in(directory);
    EXPECT_THAT(found.troubles, IsEmpty());
    ASSERT_THAT(names_of(found), ElementsAre("https://app.example:8443^userContextId=1 a b"));
    EXPECT_EQ(found.stores.front().browser, Browser::kFirefox);
    EXPECT_EQ(entries_of(found.stores.front()), 9U);
  }
}

TEST_F(ProfileTest, NewestWholeGenerationIsTheStore) {
  PageFiles files = store_at("tablog/notes/g0");
  files.merge(store_at("tablog/notes/g2"));
  files.merge(store_at("tablog/notes/g3"));
  files["tablog/notes/g2/ready"] = {std::byte{'2'}, std::byte{'\n'}};
  write_origins(profile(), {{"https_app.example_0", "000"}});
  write_origin(profile(), "000", files);
  const ProfileStores found = found_in(profile());
  ASSERT_THAT(found.stores, SizeIs(1));
  EXPECT_THAT(found.stores.front().generations, SizeIs(3));
  EXPECT_EQ(found.stores.front().current().number, 2U);
}

// ---- what cannot be read as it should be

TEST_F(ProfileTest, StoreIsFoundByItsHeadersWhereNoNameCanBeRead) {
  write_notes();
  write_file((paths() / "000003.log").string(), Bytes(40'000, std::byte{0x21}));
  const ProfileStores damaged = found_in(profile());
  EXPECT_THAT(damaged.troubles, SizeIs(1));
  ASSERT_THAT(names_of(damaged), ElementsAre("https://app.example "));
  EXPECT_EQ(entries_of(damaged.stores.front()), 9U);
  fs::remove_all(paths());
  const ProfileStores missing = found_in(profile());
  EXPECT_THAT(missing.troubles, SizeIs(1));
  ASSERT_THAT(names_of(missing), ElementsAre("https://app.example "));
  EXPECT_EQ(entries_of(missing.stores.front()), 9U);
  const auto chosen = select_store(
      missing, {.profile = profile(), .store = to_hex(samples::client(0x5A).bytes).substr(0, 6)});
  EXPECT_TRUE(chosen) << chosen.error().message;
}

TEST_F(ProfileTest, OriginIsUnknownWhereItsTableIsGone) {
  write_notes();
  fs::remove_all(profile() / "File System/Origins");
  const ProfileStores found = found_in(profile());
  EXPECT_THAT(names_of(found), ElementsAre(" notes"));
  EXPECT_THAT(found.troubles, SizeIs(1));
}

TEST_F(ProfileTest, FirefoxStoreIsFoundByItsHeadersToo) {
  write_firefox_origin(user_data(), "https+++app.example", store_at("tablog/notes/g0"));
  write_file((user_data() / "storage/default/https+++app.example/fs/metadata.sqlite").string(),
             Bytes(8192, std::byte{3}));
  const ProfileStores found = found_in(user_data());
  EXPECT_THAT(found.troubles, SizeIs(1));
  ASSERT_THAT(names_of(found), ElementsAre("https://app.example "));
  EXPECT_EQ(entries_of(found.stores.front()), 9U);
}

TEST_F(ProfileTest, TreeThatGoesInCirclesOrOutsideIsLeftOut) {
  write_notes();
  const fs::path tree = profile() / "File System/000/t";
  write_file(scratch_.at("secret"), Bytes(9, std::byte{1}));
  fs::create_symlink(scratch_.path() / "secret", tree / "00/00000099");
  fs::create_directory_symlink(scratch_.path(), tree / "01");
  std::vector<TestChange> changes{{"900", pickle(901, "", "a")},
                                  {"901", pickle(900, "", "tablog")}};
  std::uint64_t id = 1000;
  const auto add = [&](std::uint64_t parent, const std::string& bytes) {
    changes.push_back({std::to_string(++id), pickle(parent, bytes, "f" + std::to_string(id))});
  };
  add(900, "00/00000000");
  add(123456, "00/00000000");
  for (const char* bytes : {"../../../../../secret", "/etc/passwd", "00/00000099", "01/secret",
                            "00/../00/00000000", "00", "00/missing", "./00/00000000"}) {
    add(0, bytes);
  }
  changes.push_back({"2000", "short"});
  changes.push_back({"2001", fixed(4, 4) + fixed(0, 8) + fixed(0xFFFFFFFF, 4)});
  write_text((paths() / "000005.log").string(), leveldb_log({batch_of(1000, changes)}));
  const auto origins = read_chromium_profile(profile());
  ASSERT_TRUE(origins) << origins.error().message;
  ASSERT_THAT(*origins, SizeIs(1));
  for (const auto& [path, file] : origins->front().files) {
    EXPECT_THAT(path, testing::StartsWith("tablog/notes/g0/")) << file;
  }
  EXPECT_THAT(origins->front().files, SizeIs(store_at("x").size()));
}

// A depth that no page makes; deeper would cost time for each file.
TEST_F(ProfileTest, DeepTreeEndsSomewhere) {
  std::vector<TestChange> changes;
  for (std::uint64_t id = 1; id < 20'000; ++id) {
    changes.push_back({std::to_string(id), pickle(id - 1, "", "d")});
  }
  write_notes();
  for (std::uint64_t id = 30'000; id < 31'000; ++id) {
    changes.push_back({std::to_string(id), pickle(19'999, "00/00000000", "f")});
  }
  write_text((paths() / "000005.log").string(), leveldb_log({batch_of(1000, changes)}));
  const auto begin = std::chrono::steady_clock::now();
  const ProfileStores found = found_in(profile());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  EXPECT_LE(found.stores.size(), 1U);
}

TEST_F(ProfileTest, QuotaDatabaseWithEndlessSqlIsNotRun) {
  const fs::path web = profile() / "WebStorage";
  const fs::path tree = web / "3/FileSystem/t";
  write_log(tree / "Paths", write_tree(tree, store_at("tablog/notes/g0")));
  write_database(web / "QuotaManager",
                 "CREATE VIEW buckets AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                 "FROM n) SELECT i AS id, 'https://a.example/' AS storage_key, '' AS name FROM n");
  const ProfileStores found = found_in(profile());
  EXPECT_THAT(names_of(found), ElementsAre(" notes"));
  ASSERT_THAT(found.troubles, SizeIs(1));
  EXPECT_EQ(found.troubles.front().code, ErrorCode::kNewerFormat);
}

// ---- which store

TEST_F(ProfileTest, SelectionSaysWhatThereIs) {
  PageFiles files = store_at("tablog/notes/g0");
  files.merge(store_at("tablog/drafts/g0"));
  write_origins(profile(), {{"https_a.example_0", "000"}, {"https_b.example_0", "001"}});
  write_origin(profile(), "000", files);
  write_origin(profile(), "001", store_at("tablog/notes/g0"));
  const ProfileStores found = found_in(profile());
  const auto select = [&](const std::string& origin, const std::string& name) {
    return select_store(found, {.profile = profile(), .origin = origin, .store = name});
  };
  const auto drafts = select("", "drafts");
  ASSERT_TRUE(drafts) << drafts.error().message;
  EXPECT_EQ(drafts->origin, "https://a.example");
  const auto notes = select("https://b.example/", "");
  ASSERT_TRUE(notes) << notes.error().message;
  EXPECT_EQ(notes->name, "notes");
  for (const auto& [origin, name, says] :
       {std::tuple("", "notes", "--origin"), std::tuple("https://a.example", "", "drafts"),
        std::tuple("https://c.example", "", "no such store"), std::tuple("", "todo", "notes")}) {
    const auto store = select(origin, name);
    ASSERT_FALSE(store) << origin << name;
    EXPECT_EQ(store.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(store.error().message, HasSubstr(says));
    EXPECT_THAT(store.error().message, HasSubstr("https://a.example"));
  }
}

TEST_F(ProfileTest, ChosenStoreIsOpenedWithItsState) {
  write_notes();
  const auto source = open_profile_store({.profile = user_data(), .store = "notes"});
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(source->log->last(), Index{9});
  ASSERT_TRUE(source->state);
  EXPECT_EQ(source->state->applied, Index{9});
  EXPECT_THAT(source->path, HasSubstr("https://app.example · notes"));
}

// ---- the verb

TEST_F(ProfileTest, VerbTellsEveryStore) {
  write_notes();
  const Ran json = run_profiles(user_data(), "json");
  EXPECT_EQ(json.code, 0) << json.notes;
  const auto rows = json.json();
  ASSERT_THAT(rows, SizeIs(1));
  const auto& row = rows.front();
  EXPECT_EQ(row["browser"], "Chromium");
  EXPECT_EQ(row["profile"], profile().string());
  EXPECT_EQ(row["origin"], "https://app.example");
  EXPECT_EQ(row["partition"], nullptr);
  EXPECT_EQ(row["name"], "notes");
  EXPECT_EQ(row["store"], to_hex(samples::client(0x5A).bytes));
  EXPECT_EQ(row["generation"], 0);
  EXPECT_EQ(row["first"], 1);
  EXPECT_EQ(row["last"], 9);
  EXPECT_GT(row["bytes"], 4096);
  EXPECT_GT(row["changed"], 1'700'000'000'000);
  EXPECT_THAT(row["files"]["log"], SizeIs(6));
  EXPECT_EQ(row["error"], nullptr);
  const Ran table = run_profiles(user_data(), "table");
  EXPECT_THAT(table.data, HasSubstr("ORIGIN"));
  EXPECT_THAT(table.data, HasSubstr("1 to 9"));
}

TEST_F(ProfileTest, VerbTellsWhatIsNoProfileOrHasNoStore) {
  fs::create_directories(user_data() / "Default");
  const Ran other = run_profiles(user_data(), "table");
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.notes, HasSubstr("\"File System\""));
  EXPECT_THAT(other.notes, HasSubstr("\"storage/default\""));
  EXPECT_EQ(run_profiles(scratch_.path() / "missing", "table").code, 5);
  write_file((profile() / "Preferences").string(), {});
  const Ran none = run_profiles(user_data(), "json");
  EXPECT_EQ(none.code, 0);
  EXPECT_THAT(none.notes, HasSubstr("no tablog store in 1 profile"));
  EXPECT_THAT(none.json(), IsEmpty());
}

TEST_F(ProfileTest, VerbTellsADamagedLogAndGoesOn) {
  PageFiles files = store_at("tablog/notes/g0");
  PageFiles damaged = store_at("tablog/broken/g0");
  for (auto& [path, content] : damaged) {
    if (path.contains("/log/") && content.size() > 4096) content[20] ^= std::byte{1};
  }
  files.merge(damaged);
  write_origins(profile(), {{"https_app.example_0", "000"}});
  write_origin(profile(), "000", files);
  const Ran told = run_profiles(user_data(), "ndjson");
  EXPECT_THAT(told.data, HasSubstr("\"name\":\"notes\""));
  EXPECT_THAT(told.data, HasSubstr("\"name\":\"broken\""));
  EXPECT_THAT(told.notes, HasSubstr("broken: "));
}

TEST_F(ProfileTest, VerbTellsWhatCannotBeRead) {
  write_notes();
  fs::create_directories(user_data() / "Profile 1");
  write_text((user_data() / "Profile 1/File System").string(), "no directory");
  const Ran told = run_profiles(user_data(), "ndjson");
  EXPECT_EQ(told.code, 5);
  EXPECT_THAT(told.notes, HasSubstr("Profile 1/File System"));
  EXPECT_THAT(told.lines(), SizeIs(1));
}

// ---- other verbs

TEST_F(ProfileTest, EveryVerbTakesAProfileInPlaceOfALog) {
  write_notes();
  const std::string place = user_data().string();
  const Ran info = tablog({"info", "--profile", place, "--origin", "https://app.example", "--store",
                           "notes", "-o", "json"});
  EXPECT_EQ(info.code, 0) << info.notes;
  EXPECT_EQ(info.json()["last"], 9);
  EXPECT_EQ(info.json()["state"]["applied"], 9);
  const Ran get = tablog({"get", "5", "--profile=" + place, "-o", "json"});
  EXPECT_EQ(get.code, 0) << get.notes;
  EXPECT_EQ(get.json()["index"], 5);
  const Ran verify = tablog({"verify", "--deep", "--profile", place});
  EXPECT_EQ(verify.code, 0) << verify.notes;
}

TEST_F(ProfileTest, ProfileThatSaysNoStoreIsUsage) {
  write_notes();
  const std::string place = user_data().string();
  for (const auto& [arguments, says] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"info", "--profile", place, "--store", "other"}, "app.example · notes"},
           {{"info", "--profile", scratch_.path().string() + "/user data/Default/File System"},
            "no browser profile"},
           {{"info", store_.directory(), "--profile", place}, "not expected"},
           {{"info", store_.directory(), "--store", "notes"}, "--profile"},
           {{"info"}, "LOG is required"}}) {
    const Ran told = tablog(arguments);
    EXPECT_EQ(told.code, 2) << testing::PrintToString(arguments);
    EXPECT_THAT(told.notes, HasSubstr(says));
  }
}

}  // namespace
}  // namespace tablog::tools
