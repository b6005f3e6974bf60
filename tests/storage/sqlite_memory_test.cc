// Every allocation of SQLite's fails: once, and from then on. What SQLite could not get memory for
// is a failure of the machinery (kStorageUnavailable), never the fate of a request, and never
// damage; afterwards the store is what its log says.
//
// An allocation of C++'s own is another matter: there the product ends its worker (wasm is built
// without exceptions), and the next leader recovers: tests/web/crash_test.cc.
//
// `./dev test` takes a sample of the allocations, TABLOG_FULL=1 all.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>
#include <functional>

#include "tests/storage/store_kit.h"

namespace tablog::storage {
namespace {

using namespace samples;

// SQLite's allocator, of which a call can be made to fail.
struct Allocator {
  sqlite3_mem_methods real{};
  std::uint64_t calls{};
  std::uint64_t fail_at = UINT64_MAX;
  bool lasts{};

  bool refuses() {
    const std::uint64_t here = calls++;
    return here == fail_at || (lasts && here > fail_at);
  }
};
Allocator allocator;

void* refusing_malloc(int bytes) {
  return allocator.refuses() ? nullptr : allocator.real.xMalloc(bytes);
}
void* refusing_realloc(void* old, int bytes) {
  return allocator.refuses() ? nullptr : allocator.real.xRealloc(old, bytes);
}

class SqliteMemoryTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_EQ(sqlite3_shutdown(), SQLITE_OK);
    ASSERT_EQ(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &allocator.real), SQLITE_OK);
    sqlite3_mem_methods methods = allocator.real;
    methods.xMalloc = refusing_malloc;
    methods.xRealloc = refusing_realloc;
    ASSERT_EQ(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
    ASSERT_EQ(sqlite3_initialize(), SQLITE_OK);
  }

  // Does `work` with every allocation failing, on a store of its own each time; then judges.
  using Work = std::function<Result<void>(StoreKit& kit, std::unique_ptr<Store>& store)>;
  void fail_each(const Work& work) {
    const std::uint64_t stride = std::getenv("TABLOG_FULL") != nullptr ? 1 : 19;
    for (const bool lasts : {false, true}) {
      bool reached = true;
      for (std::uint64_t at = 0; reached; at += stride) {
        SCOPED_TRACE("allocation " + std::to_string(at) + (lasts ? " and all after it" : ""));
        StoreKit kit;
        auto store = begin(kit);
        allocator.calls = 0;
        allocator.fail_at = at;
        allocator.lasts = lasts;
        const auto done = work(kit, store);
        reached = allocator.calls > at;
        allocator.fail_at = UINT64_MAX;
        allocator.lasts = false;
        ++faults;
        if (!done) {
          ASSERT_EQ(done.error().code, ErrorCode::kStorageUnavailable) << done.error().message;
        }
        ASSERT_NO_FATAL_FAILURE(judge(kit, std::move(store)));
      }
    }
    RecordProperty("faults", std::to_string(faults));
  }

  static std::unique_ptr<Store> begin(StoreKit& kit) {
    auto store = kit.open();
    StoreKit::append(*store, {control(TermStart{client(1)}), control(schema()), added(1, "a")});
    StoreKit::append(*store, {exec("CREATE VIRTUAL TABLE f USING fts5(x)"), added(2, "b")});
    return store;
  }

  // Reopened, the state is a replay of the log, and goes on.
  static void judge(StoreKit& kit, std::unique_ptr<Store> store) {
    store.reset();
    store = kit.open();
    ASSERT_TRUE(store);
    ASSERT_FALSE(store->recovery().rebuilt) << *store->recovery().rebuilt;
    auto expected = StateDatabase::in_memory();
    ASSERT_TRUE(expected);
    (*expected)->set_store(store->log().head().store);
    ASSERT_TRUE(tablog::storage::replay(store->log(), **expected, store->log().head().index));
    ASSERT_EQ(store->state().digest(), (*expected)->digest());
    ASSERT_EQ(store->state().sessions(), (*expected)->sessions());
    expect_sound_digest(store->state());
    ASSERT_FALSE(StoreKit::append(*store, {added(77, "after it all")}).empty());
  }

  // What becomes of a batch must not depend on memory.
  static Result<void> append(Store& store, const std::vector<BatchItem>& items) {
    auto result = store.state().execute(context(), items);
    if (!result) return fail(result.error());
    EXPECT_EQ(codes(*result), (std::vector{kNone, ErrorCode::kRejected, kNone, kNone}))
        << error_of(*result, 0).message << error_of(*result, 2).message
        << error_of(*result, 3).message;
    if (auto written = store.log().append(entries(*result), result->digest); !written)
      return written;
    if (auto flushed = store.log().flush(); !flushed) return flushed;
    return store.commit_state();
  }

  std::uint64_t faults{};
};

TEST_F(SqliteMemoryTest, ABatchIsDoneOrNot) {
  fail_each([](StoreKit&, std::unique_ptr<Store>& store) {
    return append(*store, {added(3, "c"), added(3, "twice"), exec("INSERT INTO f VALUES ('x y')"),
                           exec("CREATE TABLE t AS SELECT * FROM todo; DROP TABLE note")});
  });
}

TEST_F(SqliteMemoryTest, ADestroyedTransactionIsDoneAgainOrNot) {
  fail_each([](StoreKit&, std::unique_ptr<Store>& store) {
    return append(*store, {added(3, "c"), added(4, "damn"), added(5, "e"), added(6, "f")});
  });
}

TEST_F(SqliteMemoryTest, AnApplicationOfEntriesIsDoneOrNot) {
  fail_each([](StoreKit&, std::unique_ptr<Store>& store) -> Result<void> {
    auto replica = StateDatabase::in_memory();
    if (!replica) return fail(replica.error());
    const auto replayed =
        tablog::storage::replay(store->log(), **replica, store->log().head().index);
    return replayed ? Result<void>{} : fail(replayed.error());
  });
}

TEST_F(SqliteMemoryTest, AnOpeningSucceedsOrNot) {
  fail_each([](StoreKit& kit, std::unique_ptr<Store>& store) -> Result<void> {
    store.reset();
    auto opened = kit.try_open();
    if (!opened) return fail(opened.error());
    EXPECT_FALSE((*opened)->recovery().rebuilt) << *(*opened)->recovery().rebuilt;
    return {};
  });
}

TEST_F(SqliteMemoryTest, AQueryAnswersOrNot) {
  fail_each([](StoreKit&, std::unique_ptr<Store>& store) -> Result<void> {
    const auto rows = store->state().query("SELECT * FROM todo ORDER BY title DESC", {});
    if (!rows) return fail(rows.error());
    EXPECT_EQ(text(*rows), "id=2 title='b' done=0|id=1 title='a' done=0");
    return {};
  });
}

TEST_F(SqliteMemoryTest, ACheckpointOrASnapshotIsDoneOrNot) {
  fail_each([](StoreKit&, std::unique_ptr<Store>& store) -> Result<void> {
    if (auto done = store->checkpoint(); !done) return fail(done.error());
    const auto image = store->state().snapshot();
    if (!image) return fail(image.error());
    const auto copy = StateDatabase::from_image(*image);
    if (!copy) return fail(copy.error());
    EXPECT_EQ((*copy)->digest(), store->state().digest());
    return {};
  });
}

TEST_F(SqliteMemoryTest, ARecountIsDoneOrNot) {
  fail_each([](StoreKit&, std::unique_ptr<Store>& store) -> Result<void> {
    const auto recounted = store->state().recompute_digest();
    if (!recounted) return fail(recounted.error());
    EXPECT_EQ(*recounted, store->state().digest());
    return {};
  });
}

}  // namespace
}  // namespace tablog::storage
