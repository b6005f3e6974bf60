// What becomes of events when the schema changes: upcasters, and the state made anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/codec.h"
#include "tests/storage/crashes.h"
#include "tests/storage/store_kit.h"

namespace tablog::storage {
namespace {

using namespace samples;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kFirst = "CREATE TABLE todo(id INTEGER PRIMARY KEY, title TEXT, photo BLOB);";
constexpr const char* kSecond = "ALTER TABLE todo ADD COLUMN words INTEGER NOT NULL DEFAULT 0;";

Schema first_version() {
  return schema_of({kFirst},
                   {{"added", "INSERT INTO todo(id, title, photo) VALUES (:id, :title, :photo)"},
                    {"gone", "DELETE FROM todo WHERE id = :id"}});
}

// `added` has other arguments, `gone` the same ones.
Schema second_version(std::uint32_t flags = 0) {
  Schema made = schema_of({kFirst, kSecond}, {{"added",
                                               "INSERT INTO todo(id, title, photo, words) "
                                               "VALUES (:id, :text, :photo, :words)"},
                                              {"gone", "DELETE FROM todo WHERE id = :id"}});
  made.upcasters = {{.type = "added",
                     .from = 1,
                     .args_sql =
                         "json_object('id', :id, 'text', upper(:title), "
                         "'words', 1 + length(:title) - length(replace(:title, ' ', '')))"}};
  made.flags = flags;
  return made;
}

BatchItem added(std::int64_t id, std::string title, std::uint32_t version = 1) {
  return event("added",
               {{"id", id}, {"title", std::move(title)}, {"photo", Bytes(500, std::byte{7})}},
               version);
}

BatchItem gone(std::int64_t id, std::uint32_t version = 1) {
  return event("gone", {{"id", id}}, version);
}

TEST(UpcastersTest, AnEventOfAnOlderVersionIsTranslatedAsItIsSequencedAndAsItIsReplayed) {
  auto leader = database(first_version());
  auto made = entries(run(*leader, {control(second_version()), added(1, "two words"), gone(2)}));
  EXPECT_EQ(ask(*leader, "SELECT id, title, length(photo) AS photo, words FROM todo"),
            "id=1 title='TWO WORDS' photo=500 words=2");
  auto replica = database(first_version());
  replay(*replica, made);
  EXPECT_EQ(replica->digest(), leader->digest());
}

TEST(UpcastersTest, OneOfEveryVersionOnTheWayIsRun) {
  Schema third = second_version();
  third.version = 3;
  third.migrations.emplace_back("SELECT 1");
  third.upcasters.insert(
      third.upcasters.begin(),
      {.type = "added",
       .from = 2,
       .args_sql = "json_object('id', :id + 100, 'text', :text, 'words', :words)"});
  auto leader = database(first_version());
  (void)run(*leader, {control(third), added(1, "a b")});
  (void)run(*leader, {event("added",
                            {{"id", std::int64_t{2}},
                             {"text", std::string("c")},
                             {"photo", Bytes{}},
                             {"words", std::int64_t{5}}},
                            2)});
  EXPECT_EQ(ask(*leader, "SELECT id, title, words FROM todo"),
            "id=101 title='A B' words=2|id=102 title='c' words=5");
}

TEST(UpcastersTest, JsonsTypesAreTheValues) {
  Schema made = schema_of({"CREATE TABLE t(a, b, c, d, e, f)", "SELECT 1"},
                          {{"e", "INSERT INTO t VALUES (:a, :b, :c, :d, :e, :f)"}});
  made.upcasters = {
      {"e", 1,
       "json('{\"a\":1,\"b\":1.5,\"c\":\"x\",\"d\":null,\"e\":true,\"f\":[1,{\"g\":2}]}')"}};
  auto db = database(made);
  EXPECT_THAT(codes(run(*db, {event("e", {}, 1)})), ElementsAre(kNone));
  EXPECT_EQ(ask(*db, "SELECT * FROM t"), "a=1 b=1.5f c='x' d=NULL e=1 f='[1,{\"g\":2}]'");
}

TEST(UpcastersTest, WhatCannotBeTranslatedAsksForAReloadAndLeavesNoTrace) {
  Schema without = second_version();
  without.upcasters.clear();
  auto db = database(first_version());
  const auto result = run(*db, {control(without), added(1, "a"), gone(1), event("never", {}, 1),
                                exec("DELETE FROM todo", {}, 1)});
  EXPECT_THAT(codes(result), ElementsAre(kNone, ErrorCode::kSchemaTooOld, kNone,
                                         ErrorCode::kSchemaTooOld, ErrorCode::kSchemaTooOld));
  EXPECT_THAT(error_of(result, 1).message, HasSubstr("reload"));
  EXPECT_EQ(ask(*db, "SELECT count(*) AS n FROM todo"), "n=0");
}

TEST(UpcastersTest, OneThatDoesNotGiveAnObjectOrFailsRejects) {
  for (const char* sql : {"'[1]'", "'nonsense'", "NULL", "17", "json_object('id', :nobody)"}) {
    Schema made = second_version();
    made.upcasters[0].args_sql = sql;
    auto db = database(first_version());
    const auto result = run(*db, {control(made), added(1, "a")});
    EXPECT_THAT(codes(result)[1], testing::AnyOf(ErrorCode::kRejected, ErrorCode::kSchemaTooOld))
        << sql;
    EXPECT_THAT(error_of(result, 1).message, HasSubstr("upcaster of added from version 1")) << sql;
  }
}

TEST(UpcastersTest, OneThatMakesNoSenseRefusesTheSchema) {
  const auto refused = [](Upcaster upcaster) {
    Schema made = second_version();
    made.upcasters.push_back(std::move(upcaster));
    auto db = database(first_version());
    return codes(run(*db, {control(made)}))[0];
  };
  EXPECT_EQ(refused({"added", 1, "'{}'"}), ErrorCode::kInvalidArgument);    // twice
  EXPECT_EQ(refused({"added", 2, "'{}'"}), ErrorCode::kInvalidArgument);    // not older
  EXPECT_EQ(refused({"nothing", 1, "'{}'"}), ErrorCode::kInvalidArgument);  // no such type
  EXPECT_EQ(refused({"gone", 1, "json_object("}), ErrorCode::kRejected);
  EXPECT_EQ(refused({"gone", 1, "1); DELETE FROM todo; SELECT (1"}), ErrorCode::kRejected);
  EXPECT_EQ(refused({"gone", 1, "sin(1)"}), ErrorCode::kRejected);  // not the same everywhere
}

// ---- the state made anew

// Applies `made` to a database that is made anew by `schema`, up to the entry that brings it.
std::unique_ptr<StateDatabase> anew(const Schema& schema, const std::vector<EncodedEntry>& made) {
  auto db = StateDatabase::in_memory();
  EXPECT_TRUE(db);
  (*db)->begin_rebuild(schema);
  for (const EncodedEntry& each : made) {
    if (auto applied = (*db)->apply(each.entry, *each.bytes); !applied) {
      ADD_FAILURE() << applied.error().message;
      return std::move(*db);
    }
  }
  EXPECT_TRUE((*db)->commit());
  return std::move(*db);
}

class RebuildTest : public testing::Test {
 protected:
  // Entries 1 to 4: the first schema, two events and an exec.
  RebuildTest() : old_(StateDatabase::in_memory().value()) {
    made_ = entries(
        run(*old_, {control(first_version()), added(1, "one"), added(2, "two words"), gone(1)}));
    EXPECT_TRUE(old_->commit());
  }
  std::unique_ptr<StateDatabase> old_;
  std::vector<EncodedEntry> made_;
};

TEST_F(RebuildTest, EveryEventIsAppliedOnceMoreByTheNewSchema) {
  const Schema schema = second_version(kSchemaRebuilds);
  auto db = anew(schema, made_);
  EXPECT_TRUE(db->rebuilds());
  EXPECT_EQ(db->applied(), old_->applied());
  EXPECT_EQ(db->chain(), old_->chain());
  EXPECT_EQ(db->sessions(), old_->sessions());
  const auto brought = entries(run(*db, {control(schema)}));
  ASSERT_EQ(brought.size(), 1U);
  EXPECT_FALSE(db->rebuilds());
  EXPECT_EQ(ask(*db, "SELECT id, title, words FROM todo"), "id=2 title='TWO WORDS' words=2");
  EXPECT_EQ(db->rebuild_counts(), (RebuildCounts{.events = 3}));
  EXPECT_THAT(codes(run(*db, {added(3, "older")})), ElementsAre(kNone));

  // The same from the log alone, with the entry itself applied.
  auto all = made_;
  all.push_back(brought[0]);
  auto replayed = anew(std::get<Schema>(brought[0].entry.body), all);
  EXPECT_FALSE(replayed->rebuilds());
  EXPECT_EQ(ask(*replayed, "SELECT id, title, words FROM todo"), "id=2 title='TWO WORDS' words=2");
}

TEST_F(RebuildTest, AStateThatIsThereDoesNotTakeSuchAnEntry) {
  const Entry entry{.index = Index{5}, .term = Term{1}, .body = second_version(kSchemaRebuilds)};
  const auto encoded = encode(entry);
  EXPECT_FALSE(old_->apply(entry, *encoded->bytes));
  EXPECT_EQ(old_->applied(), Index{4});
}

TEST_F(RebuildTest, MigrationsRunAsOfTheFirstEntry) {
  Schema schema = second_version(kSchemaRebuilds);
  schema.migrations[0] += "CREATE TABLE born(at); INSERT INTO born VALUES (unixepoch('now'));";
  auto db = anew(schema, made_);
  EXPECT_EQ(ask(*db, "SELECT at FROM born"), "at=1700000000");
}

TEST_F(RebuildTest, WhatStandsInTheWayIsNamedOrLeftOutAndCounted) {
  struct Case {
    const char* what;
    Schema schema;
    std::uint32_t skip;
    ErrorCode code;
    RebuildCounts counts;
  };
  Schema unknown = second_version();
  std::erase_if(unknown.materializers, [](const Materializer& m) { return m.type == "gone"; });
  Schema failing = second_version();
  failing.migrations[0] = "CREATE TABLE todo(id INTEGER PRIMARY KEY CHECK (id > 1), title, photo);";
  const Case cases[] = {
      {"an unknown event",
       unknown,
       kSchemaSkipsUnknown,
       ErrorCode::kUnknownEvent,
       {.events = 2, .unknown = 1}},
      {"a failing event",
       failing,
       kSchemaSkipsFailed,
       ErrorCode::kRejected,
       {.events = 2, .failed = 1}},
      {"an exec",
       second_version(),
       kSchemaSkipsExec,
       ErrorCode::kRejected,
       {.events = 3, .exec = 1}},
  };
  auto made = made_;
  for (const EncodedEntry& each : entries(run(*old_, {exec("DELETE FROM todo")})))
    made.push_back(each);
  for (const Case& each : cases) {
    const bool has_exec = each.skip == kSchemaSkipsExec;
    const std::vector<EncodedEntry>& log = has_exec ? made : made_;
    Schema schema = each.schema;
    schema.flags = kSchemaRebuilds;
    auto db = StateDatabase::in_memory().value();
    db->begin_rebuild(schema);
    std::optional<Error> error;
    for (const EncodedEntry& entry : log) {
      if (auto applied = db->apply(entry.entry, *entry.bytes); !applied) {
        error = applied.error();
        break;
      }
    }
    ASSERT_TRUE(error) << each.what;
    EXPECT_EQ(error->code, each.code) << error->message;
    EXPECT_TRUE(error->index) << each.what;
    EXPECT_THAT(error->message, HasSubstr("cannot be made anew"));

    schema.flags |= each.skip;
    EXPECT_EQ(anew(schema, log)->rebuild_counts(), each.counts) << each.what;
  }
}

TEST_F(RebuildTest, ADeferredKeyMayBeSatisfiedByTheRestOfItsBatch) {
  Schema keyed =
      schema_of({"CREATE TABLE a(id INTEGER PRIMARY KEY);"
                 "CREATE TABLE b(a REFERENCES a(id) DEFERRABLE INITIALLY DEFERRED)"},
                {{"b", "INSERT INTO b VALUES (:a)"}, {"a", "INSERT INTO a VALUES (:a)"}});
  auto db = database(keyed);
  std::vector<EncodedEntry> made;
  {
    auto fresh = StateDatabase::in_memory().value();
    made = entries(run(*fresh, {control(keyed), together({event("b", {{"a", std::int64_t{1}}}),
                                                          event("a", {{"a", std::int64_t{1}}})})}));
  }
  ASSERT_EQ(made.size(), 3U);
  keyed.version = 2;
  keyed.migrations.emplace_back("SELECT 1");
  keyed.flags = kSchemaRebuilds;
  EXPECT_EQ(anew(keyed, made)->rebuild_counts().events, 2U);
}

// ---- in a store, with crashes

class StoreRebuildTest : public testing::Test {
 protected:
  StoreRebuildTest() : store_(kit_.open()) {
    kit_.append(*store_, {control(first_version())});
    for (int id = 1; id <= 200; ++id) kit_.append(*store_, {added(id, "two words")});
    kit_.append(*store_, {gone(7)});
  }

  // As a leader does it; the schema entry is in the log afterwards.
  void rebuild(const Schema& schema) {
    ASSERT_TRUE(store_->begin_anew(schema));
    int slices = 0;
    for (;;) {
      const auto done = store_->advance_anew([] { return false; });
      ASSERT_TRUE(done) << done.error().message;
      ++slices;
      if (*done) break;
      // The old state is there meanwhile, and grows.
      if (slices == 1) kit_.append(*store_, {added(1000, "late")});
    }
    store_->swap_state();
    const BatchResult result = run(store_->state(), {control(schema)});
    const auto made = entries(result);
    ASSERT_EQ(made.size(), 1U);
    ASSERT_TRUE(store_->log().append(made, result.digest));
    ASSERT_TRUE(store_->log().flush());
  }
  void expect_new_state() {
    EXPECT_EQ(ask(store_->state(), "SELECT count(*) AS n, sum(words) AS words FROM todo"),
              "n=200 words=399");
    expect_sound_digest(store_->state());
  }

  StoreKit kit_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreRebuildTest, TheNewStateTakesTheOldOnesPlaceWithTheCommit) {
  rebuild(second_version(kSchemaRebuilds));
  ASSERT_TRUE(store_->commit_state());
  expect_new_state();
  EXPECT_EQ(store_->rebuild_counts().events, 202U);
  store_.reset();
  store_ = kit_.open();
  EXPECT_EQ(store_->recovery().replayed_from, store_->log().head().index);
  expect_new_state();
  EXPECT_THAT(codes(run(store_->state(), {added(2000, "older")})), ElementsAre(kNone));
}

TEST_F(StoreRebuildTest, AnEndBeforeTheCommitIsMadeGoodFromTheLog) {
  rebuild(second_version(kSchemaRebuilds));
  const Digest digest = store_->state().digest();
  store_.reset();
  store_ = kit_.open();
  expect_new_state();
  EXPECT_EQ(store_->state().digest(), digest);
}

// Every call that changes a file is one at which the machine may stop, in each of the ways it may.
TEST_F(StoreRebuildTest, ACrashAtAnyCallLeavesTheOldStateOrTheNew) {
  int old_states = 0;
  int new_states = 0;
  const auto look = [&](MemoryDisk& disk, std::uint64_t call) {
    auto opened = StoreKit::open(disk, {.fresh = {}, .generation = {}, .salt_seed = 99});
    ASSERT_TRUE(opened) << call << ": " << opened.error().message;
    StateDatabase& state = (*opened)->state();
    const bool is_new = state.schema()->version == 2;
    ++(is_new ? new_states : old_states);
    EXPECT_EQ(ask(state, is_new ? "SELECT count(words) AS n FROM todo"
                                : "SELECT count(*) AS n FROM todo WHERE title = 'two words'"),
              is_new ? "n=200" : "n=199")
        << call;
    expect_sound_digest(state);
  };
  crash_before_each_change(kit_.disk, look);
  rebuild(second_version(kSchemaRebuilds));
  ASSERT_TRUE(store_->commit_state());
  kit_.disk.set_fault_hook(nullptr);
  expect_new_state();
  EXPECT_GT(old_states, 20);
  EXPECT_GT(new_states, 5);
}

}  // namespace
}  // namespace tablog::storage
