// A divergence is found at the next commit, told once and by the table's name, and repaired;
// nothing wrong is served meanwhile, and what is wrong in the leader goes to nobody.
#include <gtest/gtest.h>

#include "tests/storage/samples.h"
#include "tests/web/log_audit.h"
#include "tests/web/two_tabs.h"

namespace tablog::host {
namespace {

using replica::Consistency;
using storage::samples::ask;

constexpr const char* kTitles =
    "SELECT group_concat(title, ' ') AS all_of FROM (SELECT title FROM todo ORDER BY id)";

class DivergenceTest : public testing::Test {
 protected:
  DivergenceTest() : tab_(tabs_.open()), other_(tabs_.open()) {
    tabs_.append(one(1, "milk"));
    tabs_.append(one(2, "bread"));
  }

  // Both tabs and the leader have what the log gives, and the tabs have told of nothing else.
  void expect_repaired(std::size_t events) {
    EXPECT_TRUE(audit(tabs_.disk, *tabs_.leader, tabs_.model));
    EXPECT_EQ(tab_.noted.size() + other_.noted.size(), events);
    for (const auto& tab : tabs_.tabs) {
      ASSERT_NE(tab->host.database(), nullptr);
      const auto running = tab->host.database()->digest();
      EXPECT_EQ(running, tabs_.leader->store()->state().digest());
      EXPECT_EQ(running, tab->host.database()->recompute_digest());
    }
  }
  void expect_divergence(const Tab& tab, const std::string& words) {
    ASSERT_EQ(tab.noted.size(), 1U);
    EXPECT_EQ(tab.noted[0].kind, replica::Noted::Kind::kDivergence);
    EXPECT_EQ(tab.noted[0].detail, words);
  }

  TwoTabs tabs_;
  Tab& tab_;
  Tab& other_;
};

TEST_F(DivergenceTest, AValueThatSqlChangesInATabIsFoundAtTheNextCommitAndRepaired) {
  TwoTabs::plant(tab_.connection, "UPDATE todo SET title = 'beer' WHERE id = 1");
  EXPECT_EQ(ask(*tab_.host.database(), kTitles), "all_of='beer bread'");
  EXPECT_TRUE(tab_.noted.empty());
  tabs_.append(one(3, "salt"));
  expect_divergence(tab_, "the state was changed outside of any entry: todo");
  EXPECT_EQ(ask(*tab_.host.database(), kTitles), "all_of='milk bread salt'");
  tabs_.append(one(4, "oil"));
  expect_repaired(1);
}

TEST_F(DivergenceTest, ARowThatWouldKeepTheNextEntryFromApplyingIsNamedAllTheSame) {
  TwoTabs::plant(tab_.connection, "INSERT INTO todo(id, title) VALUES (3, 'beer')");
  TwoTabs::plant(tab_.connection, "INSERT INTO note(id, todo) VALUES (1, 3)");
  tabs_.append(one(3, "salt"));
  expect_divergence(tab_, "the state was changed outside of any entry: note, todo");
  expect_repaired(1);
}

TEST_F(DivergenceTest, AnEntryThatComesOutDifferentlyIsFoundAtItsCommitAndNamed) {
  TwoTabs::plant_function(tab_.connection);
  tabs_.append(exec("UPDATE todo SET title = upper(title) WHERE id = 1"));
  expect_divergence(tab_, "this tab's digest differs from the leader's: todo");
  EXPECT_EQ(ask(*tab_.host.database(), kTitles), "all_of='MILK bread'");
  expect_repaired(1);
}

TEST_F(DivergenceTest, EveryTableThatDiffersIsNamedAlsoWhereMoreWasAppliedMeanwhile) {
  TwoTabs::plant_function(tab_.connection);
  tabs_.hold_to_leader = true;
  tabs_.append(exec("UPDATE todo SET title = upper(title) WHERE id = 1"));
  tabs_.append(exec("INSERT INTO note(todo, body) VALUES (1, upper('a note'))"));
  tabs_.append(one(3, "salt"));
  tabs_.hold_to_leader = false;
  tabs_.settle();
  expect_divergence(tab_, "this tab's digest differs from the leader's: note, todo");
  expect_repaired(1);
}

TEST_F(DivergenceTest, QueriesWaitUntilItIsRepaired) {
  TwoTabs::plant_function(tab_.connection);
  tabs_.hold_to_leader = true;
  tabs_.append(exec("UPDATE todo SET title = upper(title) WHERE id = 1"));
  tabs_.ask(tab_, 1, kTitles);
  tabs_.ask(tab_, 2, kTitles, Consistency::kLocal);
  tabs_.ask(tab_, 3, kTitles, Consistency::kLinearizable);
  EXPECT_TRUE(tab_.replies.empty());
  tabs_.hold_to_leader = false;
  tabs_.settle();
  ASSERT_EQ(tab_.replies.size(), 3U);
  tabs_.ask(other_, 1, kTitles);
  for (const auto& [call, reply] : tab_.replies) {
    const auto* rows = std::get_if<RepliedRows>(&reply.result);
    ASSERT_NE(rows, nullptr) << call;
    EXPECT_EQ(rows->rows, std::get<RepliedRows>(other_.replies.at(1).result).rows) << call;
  }
  expect_repaired(1);
}

TEST_F(DivergenceTest, AValueThatSqlChangesInTheLeaderMakesItStepDownAndGoesToNobody) {
  TwoTabs::plant(TwoTabs::leader_connection(), "UPDATE todo SET title = 'beer' WHERE id = 1");
  tabs_.append(exec("INSERT INTO note(todo, body) SELECT id, title FROM todo WHERE id = 1"));
  ASSERT_EQ(tabs_.model.errors.size(), 1U);
  EXPECT_EQ(tabs_.model.errors[0].code, ErrorCode::kCorrupt);
  EXPECT_EQ(tabs_.model.errors[0].message, "the state was changed outside of any entry: todo");
  ASSERT_TRUE(tabs_.leader->leads()) << "the lock was granted again";
  EXPECT_TRUE(tabs_.leader->recovery().replayed_from == Index{}) << "from the log alone";
  ASSERT_NE(tabs_.model.asked.back().accepted(), nullptr) << "the append was sent again";
  EXPECT_EQ(ask(*tab_.host.database(), "SELECT body FROM note"), "body='milk'");
  expect_repaired(0);
}

TEST_F(DivergenceTest, ATabThatOpensMeanwhileGetsNoWrongState) {
  for (int i = 3; i < 2100; ++i) tabs_.leader->append(Durability::kFull, one(i, std::to_string(i)));
  tabs_.settle();
  TwoTabs::plant(TwoTabs::leader_connection(), "UPDATE todo SET title = 'beer' WHERE id = 1");
  Tab& late = tabs_.open();  // so far behind that it takes a snapshot
  for (int i = 0; i < 10; ++i) tabs_.elapse(std::chrono::milliseconds{600});
  ASSERT_EQ(tabs_.model.errors.size(), 1U);
  EXPECT_EQ(tabs_.model.errors[0].code, ErrorCode::kCorrupt);
  ASSERT_NE(late.host.database(), nullptr);
  EXPECT_EQ(ask(*late.host.database(), "SELECT title FROM todo WHERE id = 1"), "title='milk'");
  EXPECT_TRUE(late.noted.empty());
  expect_repaired(0);
}

// What no hook sees. The leader finds it when a replica disputes what came of it.
TEST_F(DivergenceTest, AnEntryOverARottenRowIsDisputedAndTheReplicasWereRight) {
  tabs_.leader->checkpoint();
  TwoTabs::rot(TwoTabs::leader_connection(), "UPDATE todo SET title = 'beer' WHERE id = 1");
  tabs_.append(exec("UPDATE todo SET done = 1 WHERE id = 1"));
  ASSERT_EQ(tabs_.model.errors.size(), 1U);
  EXPECT_EQ(tabs_.model.errors[0].message,
            "the state database's content does not match its digest (todo); it is rebuilt");
  ASSERT_TRUE(tabs_.leader->leads());
  EXPECT_EQ(ask(*tab_.host.database(), kTitles), "all_of='milk bread'");
  expect_repaired(0);
}

}  // namespace
}  // namespace tablog::host
