#include "web/host/watches.h"

#include <gtest/gtest.h>

#include <array>

namespace tablog::host {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

ByteView bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

Error error(ErrorCode code) {
  return {.code = code, .message = "for the test"};
}

storage::Changes changes_of(const std::string& table) {
  return {.everything = false, .tables = {table}};
}

void add_to(Watches& watches, replica::CallId call, RowsHash known) {
  replica::Query query;
  query.call = call;
  watches.add(std::move(query), known);
}

class WatchesTest : public testing::Test {
 protected:
  void add(replica::CallId call) { add_to(watches_, call, {}); }
  // The calls that are due now.
  std::vector<replica::CallId> due() {
    std::vector<replica::CallId> calls;
    while (const auto query = watches_.take_due(now_)) calls.push_back(query->call);
    return calls;
  }
  std::optional<RowsHash> ran(replica::CallId call, std::string_view rows) {
    return watches_.ran(call, now_, bytes(rows), {.anything = false, .names = {"a"}});
  }
  // Has run, and the page has taken what it told.
  void settle(replica::CallId call, std::string_view rows) {
    ASSERT_EQ(due(), std::vector{call});
    ASSERT_TRUE(ran(call, rows));
    watches_.heard(call);
  }

  Watches watches_;
  microseconds now_ = 1s;
};

using Calls = std::vector<replica::CallId>;

TEST_F(WatchesTest, RunsAtOnceAndThenWhenWhatItReadHasChanged) {
  add(7);
  settle(7, "one");
  EXPECT_FALSE(watches_.due_at());
  now_ += 1s;
  watches_.changed(changes_of("b"));
  EXPECT_EQ(due(), Calls{});
  watches_.changed(changes_of("a"));
  EXPECT_EQ(due(), Calls{7});
}

TEST_F(WatchesTest, FirstChangeAtOnceAndThenSixteenMillisecondsApart) {
  add(7);
  settle(7, "one");
  now_ += 1s;
  watches_.changed(changes_of("a"));
  settle(7, "two");
  now_ += 15ms;
  watches_.changed(changes_of("a"));
  EXPECT_EQ(due(), Calls{});
  EXPECT_EQ(watches_.due_at(), now_ + 1ms);
  now_ += 1ms;
  EXPECT_EQ(due(), Calls{7});
}

TEST_F(WatchesTest, TellsOnlyOfRowsThatDiffer) {
  add(7);
  settle(7, "one");
  now_ += 1s;
  watches_.changed(changes_of("a"));
  ASSERT_EQ(due(), Calls{7});
  EXPECT_FALSE(ran(7, "one"));
  now_ += 1s;
  watches_.changed(changes_of("a"));
  EXPECT_EQ(due(), Calls{7}) << "nothing was told, so there is nothing that the page has to take";
}

TEST_F(WatchesTest, NothingMoreIsToldUntilThePageHasTakenTheLast) {
  add(7);
  ASSERT_EQ(due(), Calls{7});
  ASSERT_TRUE(ran(7, "one"));
  now_ += 1s;
  watches_.changed(changes_of("a"));
  EXPECT_EQ(due(), Calls{});
  EXPECT_FALSE(watches_.due_at());
  watches_.heard(7);
  EXPECT_EQ(due(), Calls{7});
}

TEST_F(WatchesTest, AChangeWhileItRunsMakesItRunAgain) {
  add(7);
  settle(7, "one");
  now_ += 1s;
  watches_.changed(changes_of("a"));
  ASSERT_EQ(due(), Calls{7});
  watches_.changed(changes_of("a"));
  EXPECT_FALSE(ran(7, "one"));
  now_ += 16ms;
  EXPECT_EQ(due(), Calls{7});
}

TEST_F(WatchesTest, ChangedDefinitionsConcernEveryWatchAndAnyEntryOneOfAVirtualTable) {
  add(7);
  settle(7, "one");
  now_ += 1s;
  watches_.changed({.everything = true, .tables = {}});
  EXPECT_EQ(due(), Calls{7});
  std::ignore = watches_.ran(7, now_, bytes("one"), {.anything = true, .names = {}});
  now_ += 1s;
  watches_.changed({});
  EXPECT_EQ(due(), Calls{7});
}

TEST_F(WatchesTest, WhatThePageHasAlreadyOfAnEarlierWorkerIsNotToldAgain) {
  add(7);
  ASSERT_EQ(due(), Calls{7});
  const auto hash = ran(7, "one");
  ASSERT_TRUE(hash);
  Watches next;
  add_to(next, 7, *hash);
  ASSERT_TRUE(next.take_due(now_));
  EXPECT_FALSE(next.ran(7, now_, bytes("one"), {}));
}

TEST_F(WatchesTest, EachComesInItsTurn) {
  for (const replica::CallId call : {1U, 2U, 3U}) add(call);
  EXPECT_EQ(watches_.take_due(now_)->call, 1U);
  std::ignore = ran(1, "one");
  watches_.heard(1);
  now_ += 1s;
  watches_.changed(changes_of("a"));
  EXPECT_EQ(due(), (Calls{2, 3, 1}));
}

TEST_F(WatchesTest, AnErrorThatPassesIsTriedAgainAndAnyOtherEndsIt) {
  add(7);
  ASSERT_EQ(due(), Calls{7});
  EXPECT_TRUE(watches_.failed(7, now_, error(ErrorCode::kLeaderUnresponsive)));
  EXPECT_EQ(due(), Calls{});
  now_ += Watches::kRetryAfter;
  ASSERT_EQ(due(), Calls{7});
  EXPECT_FALSE(watches_.failed(7, now_, error(ErrorCode::kQueryFailed)));
  EXPECT_FALSE(watches_.has(7));
}

}  // namespace
}  // namespace tablog::host
