// Exactly once: order, gaps, duplicates, rejections that are told again, closed sessions.
#include "leader/sessions.h"

#include "tests/leader/leader_fixture.h"

namespace tablog::leader {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

std::size_t entries_of(const std::vector<Entry>& log, const ClientId& client,
                       std::uint64_t number) {
  return static_cast<std::size_t>(std::ranges::count_if(log, [&](const Entry& entry) {
    return entry.request && entry.request->client == client &&
           entry.request->number.value == number;
  }));
}

class SessionsTest : public testing::Test {
 protected:
  Verdict admit(std::uint64_t number, std::uint64_t settled = 0) {
    AppendRequest next = request(number);
    next.settled_through = {settled};
    return sessions_.admit(1s, kAnna, next, published_);
  }
  void log(std::uint64_t number, std::uint64_t index) {
    sessions_.apply(Entry{.index = {index},
                          .request = RequestStamp{.client = kAnna, .number = {number}},
                          .body = Event{}});
  }
  // Another leader has ended: this one knows what the log says.
  void fail_over() { sessions_ = Sessions(sessions_.table(), 1s); }
  Sessions sessions_{SessionTable{}, 0s};
  Index published_{100};
};

TEST_F(SessionsTest, TakesRequestsStrictlyInOrder) {
  EXPECT_TRUE(std::holds_alternative<Take>(admit(1)));
  const Verdict gap = admit(3);
  ASSERT_TRUE(std::holds_alternative<Gap>(gap));
  EXPECT_EQ(std::get<Gap>(gap).expected, RequestNumber{2});
  EXPECT_TRUE(std::holds_alternative<Take>(admit(2)));
  EXPECT_TRUE(std::holds_alternative<Take>(admit(3)));
}

TEST_F(SessionsTest, ARequestOnItsWayIsNotTakenTwice) {
  EXPECT_TRUE(std::holds_alternative<Take>(admit(1)));
  EXPECT_TRUE(std::holds_alternative<Ignore>(admit(1)));
}

TEST_F(SessionsTest, ALoggedRequestIsAnsweredOncePublished) {
  ASSERT_TRUE(std::holds_alternative<Take>(admit(1)));
  log(1, 7);
  published_ = Index{6};
  EXPECT_TRUE(std::holds_alternative<Ignore>(admit(1)));
  published_ = Index{7};
  const Verdict verdict = admit(1);
  ASSERT_TRUE(std::holds_alternative<Reply>(verdict));
  EXPECT_EQ(std::get<Accepted>(std::get<Reply>(verdict).result).first_index, Index{7});
}

TEST_F(SessionsTest, ARejectionIsToldAgainUntilItIsSettled) {
  ASSERT_TRUE(std::holds_alternative<Take>(admit(1)));
  sessions_.rejected(kAnna, RequestNumber{1},
                     Error{.code = ErrorCode::kRejected, .message = "words"});
  const Verdict verdict = admit(1);
  ASSERT_TRUE(std::holds_alternative<Reply>(verdict));
  EXPECT_EQ(std::get<Error>(std::get<Reply>(verdict).result).message, "words");
  EXPECT_TRUE(std::holds_alternative<Take>(admit(2, 1)));
  EXPECT_TRUE(std::holds_alternative<Ignore>(admit(1)));
}

TEST_F(SessionsTest, OneBehindALoggedNumberWithoutAnEntryWasRejectedByAnEarlierLeader) {
  log(2, 7);  // 1 was rejected
  fail_over();
  const Verdict verdict = admit(1);
  ASSERT_TRUE(std::holds_alternative<Reply>(verdict));
  EXPECT_EQ(std::get<Error>(std::get<Reply>(verdict).result).code, ErrorCode::kRejected);
}

TEST_F(SessionsTest, ALostRejectionIsToldAgainAfterLaterRequestsWereTaken) {
  log(2, 7);  // 1 was rejected
  fail_over();
  ASSERT_TRUE(std::holds_alternative<Take>(admit(3)));
  EXPECT_TRUE(std::holds_alternative<Reply>(admit(1))) << "the first answer was lost on its way";
}

TEST_F(SessionsTest, TheNextAfterAFailoverFollowsTheLastLoggedOrSettled) {
  log(2, 7);
  fail_over();
  EXPECT_TRUE(std::holds_alternative<Take>(admit(3)));
  EXPECT_TRUE(std::holds_alternative<Take>(admit(9, 8))) << "4 to 8 were settled before";
}

TEST_F(SessionsTest, RejectionsPastTheBoundAreToldAsLostNotForgotten) {
  constexpr std::uint64_t kMany = 5000;
  for (std::uint64_t n = 1; n <= kMany; ++n) {
    ASSERT_TRUE(std::holds_alternative<Take>(admit(n)));
    sessions_.rejected(kAnna, RequestNumber{n},
                       Error{.code = ErrorCode::kConflict, .message = "words"});
  }
  const Verdict first = admit(1);
  ASSERT_TRUE(std::holds_alternative<Reply>(first));
  EXPECT_EQ(std::get<Error>(std::get<Reply>(first).result).code, ErrorCode::kRejected);
  const Verdict last = admit(kMany);
  ASSERT_TRUE(std::holds_alternative<Reply>(last));
  EXPECT_EQ(std::get<Error>(std::get<Reply>(last).result).code, ErrorCode::kConflict);
}

TEST_F(SessionsTest, ASettledThroughAtOrAboveItsOwnNumberIsNotBelieved) {
  EXPECT_TRUE(std::holds_alternative<Take>(admit(1, 900)));
  EXPECT_TRUE(std::holds_alternative<Take>(admit(2)));
}

TEST_F(SessionsTest, OnlySessionsKnownBeforeTheQuestionCanBeAbsent) {
  ASSERT_TRUE(std::holds_alternative<Take>(admit(1)));  // first seen at 1 s
  EXPECT_THAT(sessions_.absent({}, 1s), IsEmpty());
  EXPECT_THAT(sessions_.absent({}, 2s), SizeIs(1));
  EXPECT_THAT(sessions_.absent({kAnna}, 2s), IsEmpty());
}

TEST_F(SessionsTest, ASessionThatIsBeingClosedTakesNothing) {
  log(1, 7);
  EXPECT_TRUE(sessions_.begin_close(kAnna));
  EXPECT_FALSE(sessions_.begin_close(kAnna)) << "the log is told once";
  EXPECT_TRUE(std::holds_alternative<Ignore>(admit(2)));
  sessions_.apply(Entry{.index = {8}, .term = {1}, .body = SessionClose{.client = kAnna}});
  EXPECT_TRUE(std::holds_alternative<Closed>(admit(2)));
}

class LeaderSessionsTest : public LeaderFixture {};

TEST_F(LeaderSessionsTest, AGapIsAskedForAgainAndTheRestOfTheMessageWaits) {
  begin();
  append(kAnna, {request(1), request(3), request(4)});
  const auto resend = take_sent_to<ResendFrom>(kAnna);
  ASSERT_THAT(resend, SizeIs(1));
  EXPECT_EQ(resend[0].number, RequestNumber{2});
  append(kAnna, {request(2), request(3), request(4)});
  EXPECT_THAT(log_, SizeIs(5));
}

TEST_F(LeaderSessionsTest, ADuplicateIsAnsweredWithTheIndexItHas) {
  begin();
  append(kAnna, {request(1)});
  (void)take_sent();
  append(kAnna, {request(1)});
  const auto answers = take_sent_to<Answers>(kAnna);
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(std::get<Accepted>(answers[0].answers[0].result).first_index, Index{2});
  EXPECT_EQ(entries_of(log_, kAnna, 1), 1U);
  EXPECT_EQ(leader_->counters().duplicates, 1U);
}

TEST_F(LeaderSessionsTest, ADuplicateWhileThePublicationWaitsForTheLeaseIsNotAnsweredEarly) {
  begin();
  now_.monotonic += 5s;
  lock_ = Lock::kAnswersLate;
  append(kAnna, {request(1)});
  append(kAnna, {request(1)});
  EXPECT_THAT(take_sent(), IsEmpty());
  see_locks();
  EXPECT_THAT(take_sent_to<Answers>(kAnna), SizeIs(1));
  EXPECT_EQ(entries_of(log_, kAnna, 1), 1U);
}

TEST_F(LeaderSessionsTest, TheNextLeaderAnswersWhatTheFirstHadLogged) {
  begin();
  append(kAnna, {request(1)});
  restart(recovered());
  append(kAnna, {request(1)});
  EXPECT_THAT(take_sent_to<Answers>(kAnna), SizeIs(1));
  EXPECT_EQ(entries_of(log_, kAnna, 1), 1U);
}

TEST_F(LeaderSessionsTest, ARejectedRequestKeepsItsWordsInTheTermAndIsLostAfterIt) {
  begin();
  append(kAnna, {request(1, "bad"), request(2)});
  (void)take_sent();
  append(kAnna, {request(1, "bad")});
  EXPECT_EQ(std::get<Error>(take_sent_to<Answers>(kAnna).at(0).answers[0].result).message, "bad");
  restart(recovered());
  append(kAnna, {request(1, "bad")});
  const Error lost = std::get<Error>(take_sent_to<Answers>(kAnna).at(0).answers[0].result);
  EXPECT_EQ(lost.code, ErrorCode::kRejected);
  EXPECT_THAT(lost.message, testing::HasSubstr("lost"));
  EXPECT_EQ(entries_of(log_, kAnna, 1), 0U);
}

TEST_F(LeaderSessionsTest, AWithdrawnNumberIsLoggedAsVoidAndSaysSo) {
  begin();
  AppendRequest withdrawn = request(1);
  withdrawn.payload = Void{};
  append(kAnna, {withdrawn, request(2)});
  EXPECT_TRUE(std::holds_alternative<Void>(log_[1].body));
  const auto answers = take_sent_to<Answers>(kAnna);
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_TRUE(std::get<Accepted>(answers[0].answers[0].result).voided);
  EXPECT_FALSE(std::get<Accepted>(answers[0].answers[1].result).voided);
}

TEST_F(LeaderSessionsTest, ATabWhoseLockIsGoneHasItsSessionClosedByTheLog) {
  begin();
  append(kAnna, {request(1)});
  tabs_.erase(kAnna);
  advance(3s);
  see_locks();
  ASSERT_TRUE(std::holds_alternative<SessionClose>(log_.back().body));
  EXPECT_EQ(std::get<SessionClose>(log_.back().body).client, kAnna);
  (void)take_sent();
  append(kAnna, {request(2)});
  EXPECT_THAT(take_sent_to<SessionClosed>(kAnna), SizeIs(1));
  EXPECT_EQ(entries_of(log_, kAnna, 2), 0U);
}

TEST_F(LeaderSessionsTest, ATombstoneStaysUntilTheNextTermStart) {
  begin();
  append(kAnna, {request(1)});
  receive(kAnna, CloseSession{.client = kAnna});
  ASSERT_NE(table_.find(kAnna), nullptr);
  EXPECT_TRUE(table_.find(kAnna)->closed);
  restart(recovered());
  EXPECT_EQ(table_.find(kAnna), nullptr);
}

TEST_F(LeaderSessionsTest, AbsenceAtANewTermClosesWhatEarlierTermsLeftOpen) {
  begin();
  append(kAnna, {request(1)});
  tabs_.erase(kAnna);
  restart(recovered());
  EXPECT_TRUE(table_.find(kAnna)->closed);
}

TEST_F(LeaderSessionsTest, ATabSeenFirstAfterTheQuestionBeganIsNotAbsent) {
  begin();
  lock_ = Lock::kAnswersLate;
  const auto began = now_.monotonic;
  now_.monotonic += 10ms;
  append(kAnna, {request(1)});
  run(LocksSeen{.began = began, .held = true, .tabs = {kSelf}});
  EXPECT_FALSE(table_.find(kAnna)->closed);
}

// The simulator's seed 255: a leader whose lock was stolen went on until it noticed, and took the
// first request of a tab that opened after its successor had seen the locks.
TEST_F(LeaderSessionsTest, ASessionInTheLogIsNotClosedByLocksSeenBeforeTheTerm) {
  begin();
  const auto began = now_.monotonic;
  append(kAnna, {request(1)});
  now_.monotonic += 10ms;
  leader_.emplace(kSelf, recovered(), 8, options_);
  run(Started{});
  run(LocksSeen{.began = began, .held = true, .tabs = {kSelf}});
  EXPECT_FALSE(table_.find(kAnna)->closed);
  run(LocksSeen{.began = now_.monotonic, .held = true, .tabs = {kSelf}});
  EXPECT_TRUE(table_.find(kAnna)->closed);
}

TEST_F(LeaderSessionsTest, RequestsThatWaitWhenTheirSessionClosesAreDropped) {
  begin();
  hold_batches_ = true;
  append(kAnna, {request(1)});
  append(kAnna, {request(2)});
  receive(kAnna, CloseSession{.client = kAnna});
  append(kAnna, {request(2)});
  hold_batches_ = false;
  run(BatchDue{});
  EXPECT_EQ(entries_of(log_, kAnna, 2), 0U);
  EXPECT_TRUE(std::holds_alternative<SessionClose>(log_.back().body));
}

}  // namespace
}  // namespace tablog::leader
