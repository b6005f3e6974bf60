// An image in chunks over a channel that loses, doubles and reorders.
#include "tests/replica/replica_fixture.h"

namespace tablog::replica {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class SnapshotTest : public ReplicaFixture {
 protected:
  SnapshotTest() {
    options_.snapshot_gap_entries = 10;
    replica_.emplace(kSelf, samples::schema(), options_);
    log(std::nullopt, TermStart{});
    for (int i = 0; i < 50; ++i) log();
    image_index_ = Index{50};
    run(Started{});
    announce();
    welcome();  // far behind: a snapshot is quicker
  }
  void chunk(std::uint64_t transfer, std::uint64_t offset, std::uint64_t bytes = 100,
             std::uint64_t total = 300) {
    hear(TransferChunk{.transfer = transfer,
                       .offset = offset,
                       .total_bytes = total,
                       .index = image_index_,
                       .chain = chain(image_index_),
                       .result = Bytes(bytes)});
  }
  TransferRequest last_request() {
    const auto requests = take_sent<TransferRequest>();
    return requests.empty() ? TransferRequest{.offset = 99999} : requests.back();
  }
};

TEST_F(SnapshotTest, PullsChunkByChunkInstallsAndGoesOnFromThere) {
  EXPECT_EQ(last_request().offset, 0U);
  chunk(5, 0);
  EXPECT_EQ(last_request().offset, 100U);
  chunk(5, 100);
  EXPECT_EQ(last_request().offset, 200U);
  chunk(5, 200);
  EXPECT_TRUE(last_request().done);
  EXPECT_EQ(installs_, 1);
  EXPECT_EQ(replica_->applied(), Index{50});
  EXPECT_THAT(take_sent<Join>(), SizeIs(2));
  welcome();
  hear(committed(Index{51}, Index{51}));
  EXPECT_EQ(ready_, 1);
}

TEST_F(SnapshotTest, ALostChunkIsAskedForAgain) {
  chunk(5, 0);
  (void)last_request();
  advance(2 * options_.resend_interval);
  EXPECT_EQ(last_request().offset, 100U);
  EXPECT_EQ(installs_, 0);
}

TEST_F(SnapshotTest, DoubledAndLateChunksChangeNothing) {
  chunk(5, 0);
  chunk(5, 0);
  chunk(5, 200);
  chunk(5, 100);
  chunk(5, 100);
  chunk(4, 200);  // of an earlier attempt
  EXPECT_EQ(installs_, 0);
  chunk(5, 200);
  EXPECT_EQ(installs_, 1);
}

TEST_F(SnapshotTest, ATransferThatTheLeaderLetGoOfBeginsAgain) {
  chunk(5, 0);
  (void)last_request();
  hear(TransferChunk{.transfer = 5,
                     .offset = 100,
                     .result = Error{.code = ErrorCode::kLeaderUnresponsive, .message = "no"}});
  const TransferRequest again = last_request();
  EXPECT_EQ(again.transfer, 0U);
  EXPECT_EQ(again.offset, 0U);
}

TEST_F(SnapshotTest, AnImageThatDoesNotInstallIsNotAskedForInAStorm) {
  (void)last_request();
  run(SnapshotFailed{Error{.code = ErrorCode::kCorrupt, .message = "no"}});
  EXPECT_THAT(take_sent<TransferRequest>(), IsEmpty());
  advance(2 * options_.resend_interval);
  EXPECT_EQ(last_request().offset, 0U);
}

TEST_F(SnapshotTest, ADatabaseTooLargeForMemoryIsAskedOfTheLeader) {
  chunk(5, 0, 100, options_.replica_bytes_max + 1);
  EXPECT_EQ(installs_, 0);
  const auto joins = take_sent<Join>();
  ASSERT_FALSE(joins.empty());
  EXPECT_FALSE(joins.back().wants_entries);
}

TEST_F(SnapshotTest, WhatTheImageHoldsOfThisTabIsAskedForAgainAtOnce) {
  append({request(1)});
  EXPECT_THAT(take_sent_numbers(), SizeIs(1));
  chunk(5, 0, 300);
  welcome();
  EXPECT_THAT(take_sent_numbers(), SizeIs(1)) << "its entry may be in the image; the answer tells";
}

// ---- what cannot be applied to the state that is here

class AnewTest : public ReplicaFixture {};

TEST_F(AnewTest, AnEntryThatStartsTheStateAnewIsASnapshotsMatter) {
  log(std::nullopt, TermStart{});
  follow();
  Schema schema = samples::schema();
  schema.flags = kSchemaRebuilds;
  log(std::nullopt, schema);
  publish();
  EXPECT_EQ(replica_->applied(), Index{1});
  EXPECT_THAT(noted_, IsEmpty());
  EXPECT_THAT(take_sent<TransferRequest>(), SizeIs(1));
}

TEST_F(AnewTest, WhatIsCompactedAwayIsASnapshotsMatterToo) {
  log(std::nullopt, TermStart{});
  follow();
  log();
  log();
  hear(Committed{
      .previous = head(), .previous_chain = chain(head()), .entries = {}, .head = head()});
  (void)take_sent<RangeRequest>();
  hear(Range{.call = 0,
             .result = Error{.code = ErrorCode::kCompacted, .message = "gone", .index = Index{3}},
             .head = head()});
  EXPECT_THAT(failed_, IsEmpty());
  EXPECT_THAT(take_sent<TransferRequest>(), SizeIs(1));
}

TEST_F(AnewTest, ALeaderThatIsAtItIsWaitedFor) {
  run(Started{});
  announce();
  for (int i = 0; i < 20; ++i) {
    advance(options_.open_timeout / 2);
    hear(Working{.done = 1, .total = 20});
  }
  EXPECT_THAT(failed_, IsEmpty());
  advance(2 * options_.open_timeout);
  EXPECT_THAT(failed_, SizeIs(1));
}

TEST_F(AnewTest, WhatNeedsNoReplicaGoesOnInATabThatIsTooOldAlsoWithAnotherLeader) {
  log(std::nullopt, TermStart{});
  follow();
  const SchemaRefused refused{{.code = ErrorCode::kSchemaTooOld, .message = "reload"}};
  hear(refused);
  term_ = Term{term_.value + 1};
  announce();
  run(ReadLog{.call = 3, .from = Index{1}, .to = {}, .limit = 0});
  (void)take_sent<RangeRequest>();
  hear(refused);
  EXPECT_THAT(take_sent<RangeRequest>(), SizeIs(1));
}

TEST_F(AnewTest, ANewerSchemaIsToldOnceAndAppendsGoOn) {
  log(std::nullopt, TermStart{});
  follow();
  const SchemaRefused refused{{.code = ErrorCode::kSchemaTooOld, .message = "reload"}};
  hear(refused);
  hear(refused);
  EXPECT_THAT(failed_, SizeIs(1));
  (void)take_sent_numbers();
  append({request(1)});
  EXPECT_THAT(take_sent_numbers(), testing::ElementsAre(1U));
  hear(Answers{
      .client = kSelf,
      .answers = {{.number = RequestNumber{1}, .result = Accepted{.first_index = Index{5}}}}});
  EXPECT_THAT(take_settled(), testing::ElementsAre(1U));
}

}  // namespace
}  // namespace tablog::replica
