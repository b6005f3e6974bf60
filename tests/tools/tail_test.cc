// tail: the last entries, and those that come while it looks.
#include <gmock/gmock.h>

#include <csignal>
#include <numeric>

#include "tests/tools/running_program.h"
#include "tests/tools/sample_store.h"
#include "tools/file_watch.h"
#include "tools/log_follower.h"

namespace tablog::tools {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<std::uint64_t> from_to(std::uint64_t from, std::uint64_t to) {
  std::vector<std::uint64_t> all(to + 1 - from);
  std::iota(all.begin(), all.end(), from);
  return all;
}

std::string name(int id) {
  return "todo " + std::to_string(id);
}

TEST(TailTest, LastEntriesAsDumpShowsThem) {
  SampleStore store;
  store.fill(30);
  for (const std::string& log : {store.directory(), store.export_log()}) {
    for (const char* format : {"table", "ndjson", "json", "sql"}) {
      const Ran ran = tablog({"tail", log, "-n", "4", "-o", format});
      EXPECT_EQ(ran.code, 0) << ran.notes;
      EXPECT_EQ(ran.data, tablog({"dump", log, "--from", "29", "-o", format}).data);
    }
  }
}

TEST(TailTest, TenOfThemWhereNobodySaysHowMany) {
  SampleStore store;
  store.fill(3);
  EXPECT_EQ(tablog({"tail", store.directory(), "-o", "ndjson"}).lines().size(), 5U);
  for (int i = 4; i < 20; ++i) store.append({samples::added(i, name(i))});
  EXPECT_EQ(tablog({"tail", store.directory(), "-o", "ndjson"}).lines().size(), 10U);
  EXPECT_THAT(tablog({"tail", store.directory(), "-n", "0", "-o", "ndjson"}).data, IsEmpty());
}

TEST(TailTest, TornTailIsToldBehindTheEntries) {
  SampleStore store;
  store.fill(3);
  store.tear_tail();
  const Ran ran = tablog({"tail", store.directory(), "-o", "ndjson"});
  EXPECT_EQ(ran.code, 3);
  EXPECT_EQ(ran.lines().size(), 5U);
  EXPECT_THAT(ran.notes, HasSubstr("torn tail"));
}

TEST(TailTest, ExportedLogDoesNotGrow) {
  SampleStore store;
  store.fill(3);
  const Ran ran = tablog({"tail", store.export_log(), "--follow", "-n", "1", "-o", "ndjson"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.lines().size(), 1U);
  EXPECT_THAT(ran.notes, HasSubstr("does not grow"));
}

// ---- what follows, step by step

class FollowTest : public testing::Test {
 protected:
  void follow(const std::string& path, std::uint64_t from) {
    auto source = open_source(Target{.path = path});
    ASSERT_TRUE(source) << source.error().message;
    follower_.emplace(*std::move(source), Index{from});
  }

  // What there is now, without waiting.
  std::vector<std::uint64_t> now() {
    std::vector<std::uint64_t> indexes;
    watch_.set(follower_->directory());
    while (true) {
      const auto news = follower_->next();
      EXPECT_TRUE(news) << news.error().message;
      if (!news || !*news) {
        return indexes;
      }
      if (!(*news)->note.empty()) notes_.push_back((*news)->note);
      for (const Entry& entry : (*news)->entries) indexes.push_back(entry.index.value);
    }
  }

  // Until entry `last` has come.
  std::vector<std::uint64_t> until(std::uint64_t last) {
    std::vector<std::uint64_t> indexes;
    for (int looks = 0; looks < 200; ++looks) {
      const auto more = now();
      indexes.insert(indexes.end(), more.begin(), more.end());
      if (!indexes.empty() && indexes.back() == last) {
        return indexes;
      }
      watch_.wait(std::chrono::milliseconds(100), -1, -1);
    }
    ADD_FAILURE() << "entry " << last << " does not come";
    return indexes;
  }

  // What ends it; nothing is told meanwhile.
  Error error_that_ends_it() {
    for (int looks = 0; looks < 100; ++looks) {
      watch_.set(follower_->directory());
      const auto news = follower_->next();
      if (!news) {
        return news.error();
      }
      EXPECT_FALSE(*news) << (*news)->note;
      watch_.wait(std::chrono::milliseconds(100), -1, -1);
    }
    ADD_FAILURE() << "it goes on";
    return {};
  }

  // Until it says something.
  std::vector<std::uint64_t> until_a_note() {
    std::vector<std::uint64_t> indexes;
    for (int looks = 0; looks < 100 && notes_.empty(); ++looks) {
      const auto more = now();
      indexes.insert(indexes.end(), more.begin(), more.end());
      watch_.wait(std::chrono::milliseconds(100), -1, -1);
    }
    return indexes;
  }

  std::vector<std::string> notes_;
  std::optional<LogFollower> follower_;
  FileWatch watch_;
};

TEST_F(FollowTest, GoesOnOverSegmentsWithoutALoss) {
  SampleStore store;
  store.fill(3);
  follow(store.directory(), 4);
  EXPECT_THAT(until(5), ElementsAre(4, 5));
  for (int i = 4; i <= 300; ++i) store.append({samples::added(i, name(i))});
  ASSERT_GT(store.store().log().segments().size(), 5U);
  EXPECT_EQ(until(302), from_to(6, 302));
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(FollowTest, EmptyStoreIsFollowedFromItsFirstEntry) {
  SampleStore store;
  follow(store.directory(), 1);
  EXPECT_THAT(now(), IsEmpty());
  store.fill(2);
  EXPECT_THAT(until(4), ElementsAre(1, 2, 3, 4));
}

TEST_F(FollowTest, BatchComesWhenItsLastByteDoes) {
  SampleStore store;
  store.fill(3);
  const std::string path = store.slot(1);
  const std::uint64_t end = store.store().log().segments().back().bytes;
  follow(store.directory(), 6);
  EXPECT_THAT(now(), IsEmpty());
  const Bytes before = read_file(path);
  store.append({samples::added(4, "four"), samples::added(5, "five")});
  const Bytes after = read_file(path);
  const std::uint64_t bytes = store.store().log().segments().back().bytes - end;
  for (const std::uint64_t there : {std::uint64_t{1}, bytes / 2, bytes - 1}) {
    Bytes half = before;
    std::copy_n(after.begin(), end + there, half.begin());
    write_file(path, half);
    EXPECT_THAT(now(), IsEmpty()) << there;
  }
  write_file(path, after);
  EXPECT_THAT(until(7), ElementsAre(6, 7));
}

TEST_F(FollowTest, RecoveryThatCutsATornTailIsPassedOver) {
  SampleStore store;
  store.fill(3);
  store.tear_tail();
  follow(store.directory(), 6);
  EXPECT_THAT(now(), IsEmpty());
  store.open();
  store.append({samples::added(4, "four")});
  EXPECT_THAT(until(6), ElementsAre(6));
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(FollowTest, EntriesThatWereNeverDurableAreTakenBackInWords) {
  SampleStore store;
  store.fill(3);
  follow(store.directory(), 6);
  const auto segment = store.store().log().segments().back();
  store.append_unflushed({samples::added(4, "lost"), samples::added(5, "lost too")});
  EXPECT_THAT(until(7), ElementsAre(6, 7));
  store.close();
  flip_byte(store.directory() + "/log/" + segment.slot, segment.bytes + 60);
  store.open();
  store.append({samples::added(4, "four")});
  EXPECT_THAT(until(6), ElementsAre(6));
  EXPECT_THAT(notes_, ElementsAre(StartsWith("entries 6 to 7 had not been durable")));
}

TEST_F(FollowTest, CompactionOfWhatWasReadChangesNothing) {
  SampleStore store;
  store.fill(200);
  follow(store.directory(), 200);
  EXPECT_EQ(until(202), from_to(200, 202));
  EXPECT_EQ(store.compact(Index{150}), Index{150});
  for (int i = 201; i <= 400; ++i) store.append({samples::added(i, name(i))});  // in freed files
  EXPECT_EQ(until(402), from_to(203, 402));
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(FollowTest, WhatWasCompactedAwayUnreadIsNamed) {
  SampleStore store;
  store.fill(20);
  follow(store.directory(), 20);
  EXPECT_EQ(until(22), from_to(20, 22));
  for (int i = 21; i <= 300; ++i) store.append({samples::added(i, name(i))});
  EXPECT_EQ(store.compact(Index{250}), Index{250});
  store.append({samples::added(301, name(301))});
  const auto segments = store.store().log().segments();
  // A segment keeps what stands in it, also before the first entry that a store reads.
  const std::uint64_t first = segments.front().base.value;
  EXPECT_EQ(until(303), from_to(first, 303));
  EXPECT_THAT(notes_, ElementsAre("entries 23 to " + std::to_string(first - 1) +
                                  " went with a compaction before anybody read here"));
}

TEST_F(FollowTest, NewGenerationIsFollowed) {
  SampleStore store;
  store.fill(3);
  follow(store.at(""), 5);
  EXPECT_THAT(until(5), ElementsAre(5));
  store.fork();
  store.append_in_term(Term::of(Generation{1}, 1),
                       {samples::control(TermStart{samples::client(8)}, 1)});
  store.append({samples::added(4, "four")});
  EXPECT_THAT(until(7), ElementsAre(6, 7));
  EXPECT_THAT(notes_, IsEmpty());
  EXPECT_THAT(follower_->directory(), HasSubstr("g1"));
}

TEST_F(FollowTest, NewGenerationWithoutTheLastBatchTakesItBackInWords) {
  SampleStore store;
  store.fill(3);
  follow(store.at(""), 5);
  EXPECT_THAT(until(5), ElementsAre(5));
  const std::string path = store.slot(1);
  const Bytes before = read_file(path);
  store.append_unflushed({samples::added(4, "never acknowledged")});
  EXPECT_THAT(until(6), ElementsAre(6));
  store.close();
  write_file(path, before);  // what the copy is made of
  store.fork();
  store.append({samples::added(4, "four, and of another length")});
  store.append({samples::added(5, "five")});
  EXPECT_THAT(until(7), ElementsAre(6, 7));
  EXPECT_THAT(notes_, ElementsAre(StartsWith("entry 6 had not been durable")));
}

TEST_F(FollowTest, StoreThatIsDeletedAndBegunAnewIsFollowed) {
  SampleStore store;
  store.fill(3);
  follow(store.at(""), 5);
  EXPECT_THAT(until(5), ElementsAre(5));
  store.remove();
  for (int looks = 0; looks < 100 && notes_.empty(); ++looks) {
    EXPECT_THAT(now(), IsEmpty());
    watch_.wait(std::chrono::milliseconds(100), -1, -1);
  }
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("files are gone")));
  store.begin_anew();
  store.fill(1);
  EXPECT_THAT(until(3), ElementsAre(1, 2, 3));
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("gone"), HasSubstr("begun anew")));
}

TEST_F(FollowTest, DamageEndsItWhenItStaysSo) {
  SampleStore store;
  store.fill(3);
  const std::string path = store.slot(1);
  const std::uint64_t end = store.store().log().segments().back().bytes;
  follow(store.directory(), 6);
  EXPECT_THAT(now(), IsEmpty());
  for (int i = 4; i <= 100; ++i) store.append({samples::added(i, name(i))});
  flip_byte(path, end + 60);
  const Error error = error_that_ends_it();
  EXPECT_EQ(error.code, ErrorCode::kCorrupt);
  EXPECT_EQ(error.index, Index{6});
  EXPECT_EQ(error.offset, end);
}

TEST_F(FollowTest, DamageInTheActiveSegmentThatLaterBatchesProveEndsIt) {
  SampleStore store;
  store.fill(3);
  const std::uint64_t end = store.store().log().segments().back().bytes;
  const std::string path = store.slot(1);
  const std::string log = store.at("alone");  // without the state database's proof
  std::filesystem::create_directory(log);
  write_file(log + "/slot", read_file(path));
  follow(log, 6);
  EXPECT_THAT(now(), IsEmpty());
  for (int i = 4; i <= 8; ++i) store.append({samples::added(i, name(i))});
  ASSERT_EQ(store.store().log().segments().size(), 1U);
  Bytes bytes = read_file(path);
  bytes[end + 60] ^= std::byte{1};
  write_file(log + "/slot", bytes);
  const Error error = error_that_ends_it();
  EXPECT_EQ(error.code, ErrorCode::kCorrupt);
  EXPECT_EQ(error.index, Index{6});
  EXPECT_EQ(error.offset, end);
}

TEST_F(FollowTest, ToldEntriesThatTheStateProvesAndTheFileLacksEndIt) {
  SampleStore store;
  store.fill(8);
  const auto segment = store.store().log().segments().back();
  ASSERT_EQ(store.store().log().segments().size(), 1U);
  const std::string path = store.slot(1);
  follow(store.directory(), 9);
  EXPECT_THAT(until(10), ElementsAre(9, 10));
  EXPECT_THAT(now(), IsEmpty());  // it has looked around
  Bytes bytes = read_file(path);
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(segment.bytes) - 400, 400, std::byte{});
  write_file(path, bytes);
  EXPECT_EQ(error_that_ends_it().code, ErrorCode::kCorrupt);
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(FollowTest, TornTailIsNoDamageHoweverLongItStays) {
  SampleStore store;
  store.fill(3);
  store.tear_tail();
  follow(store.directory(), 6);
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < std::chrono::seconds(4)) {
    EXPECT_THAT(now(), IsEmpty());
    watch_.wait(std::chrono::milliseconds(100), -1, -1);
  }
  EXPECT_THAT(notes_, IsEmpty());
  store.open();
  store.append({samples::added(4, "four")});
  EXPECT_THAT(until(6), ElementsAre(6));
}

// Slots alone, in a directory without a state database: nothing proves their last entries.
class FollowSlotsTest : public FollowTest {
 protected:
  // Of `count` to-dos. The last segment but one has lost its seal, which would prove the last.
  void fill(std::size_t count) {
    store_.fill(count);
    segments_ = store_.store().log().segments();
    ASSERT_GT(segments_.size(), 2U);
    std::filesystem::create_directory(log());
    for (const auto& segment : segments_) {
      const std::string path = store_.directory() + "/log/" + segment.slot;
      std::filesystem::copy_file(path, log() + "/" + segment.slot);
    }
    const auto header = decode_segment_header(read_file(path_of(segments_.back())));
    ASSERT_TRUE(header && header->predecessor);
    const std::string before = path_of(segments_.at(segments_.size() - 2));
    Bytes bytes = read_file(before);
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(header->predecessor->end), bytes.end(),
              std::byte{});
    write_file(before, bytes);
  }

  [[nodiscard]] std::string log() const { return store_.at("alone"); }
  [[nodiscard]] std::string path_of(const storage::SegmentInfo& segment) const {
    return log() + "/" + segment.slot;
  }
  [[nodiscard]] std::uint64_t last() const { return segments_.back().last.value; }

  SampleStore store_;
  std::vector<storage::SegmentInfo> segments_;
};

TEST_F(FollowSlotsTest, EntriesOfARemovedLastSlotAreTakenBackAndNoneIsToldTwice) {
  fill(120);
  const std::string path = path_of(segments_.back());
  const Bytes bytes = read_file(path);
  const std::uint64_t base = segments_.back().base.value;
  for (const std::uint64_t from : {std::uint64_t{1}, last()}) {
    notes_.clear();
    follow(log(), from);
    EXPECT_EQ(until(last()), from_to(from, last()));
    EXPECT_THAT(now(), IsEmpty());
    std::filesystem::remove(path);
    EXPECT_THAT(until_a_note(), IsEmpty());
    const std::uint64_t first = std::max(base, from);
    EXPECT_THAT(notes_,
                ElementsAre(StartsWith(
                    (first == last() ? "entry " : "entries " + std::to_string(first) + " to ") +
                    std::to_string(last()) + " had not been durable")));
    write_file(path, bytes);
    EXPECT_EQ(until(last()), from_to(base, last()));
    EXPECT_EQ(notes_.size(), 1U);
  }
}

TEST_F(FollowSlotsTest, LastSlotCutOverToldEntriesTakesThemBack) {
  fill(120);
  follow(log(), 1);
  EXPECT_EQ(until(last()), from_to(1, last()));
  EXPECT_THAT(now(), IsEmpty());
  resize(path_of(segments_.back()), segments_.back().bytes - 1);
  EXPECT_THAT(until_a_note(), IsEmpty());
  EXPECT_THAT(notes_,
              ElementsAre(StartsWith("entry " + std::to_string(last()) + " had not been durable")));
}

TEST_F(FollowSlotsTest, OlderSlotThatIsRemovedOrCutEndsIt) {
  fill(120);
  const std::string path = path_of(segments_.at(1));
  const Bytes bytes = read_file(path);
  for (const bool cut : {false, true}) {
    follow(log(), last());
    EXPECT_EQ(until(last()), from_to(last(), last()));
    EXPECT_THAT(now(), IsEmpty());
    if (cut) {
      resize(path, 5000);
    } else {
      std::filesystem::remove(path);
    }
    EXPECT_EQ(error_that_ends_it().code, ErrorCode::kCorrupt) << cut;
    write_file(path, bytes);
  }
  EXPECT_THAT(notes_, IsEmpty());
}

// ---- the program

std::uint64_t index_of(const std::optional<std::string>& line) {
  return line ? nlohmann::json::parse(*line).at("index").get<std::uint64_t>() : 0;
}

TEST(TailProgramTest, TellsEachEntryOnceInOrderWhileAWriterWorks) {
  SampleStore store;
  store.fill(3);
  RunningProgram tail({"tail", store.at(""), "-f", "-n", "1", "-o", "ndjson"});
  EXPECT_EQ(index_of(tail.line()), 5U);
  std::uint64_t told = 5;
  for (int i = 4; i <= 250; ++i) {
    store.append({samples::added(i, name(i))});
    if (i % 10 == 0) {
      while (told < static_cast<std::uint64_t>(i) + 2) {
        const std::uint64_t index = index_of(tail.line());
        ASSERT_EQ(index, told + 1);
        told = index;
      }
    }
  }
  tail.signal(SIGTERM);
  EXPECT_EQ(tail.rest(), "");
  EXPECT_EQ(tail.wait(), 0);
}

TEST(TailProgramTest, InterruptLeavesWholeOutput) {
  SampleStore store;
  store.fill(3);
  RunningProgram tail({"tail", store.directory(), "-f", "-o", "json"});
  std::string all;
  // The comma behind a row, and its line's end, come with the next one.
  for (int line = 0; line < 5; ++line) all += tail.line().value_or("") + "\n";
  tail.signal(SIGINT);
  all += tail.rest();
  EXPECT_EQ(tail.wait(), 0);
  EXPECT_EQ(nlohmann::json::parse(all).size(), 5U);
}

TEST(TailProgramTest, EndsQuietlyWhenNobodyReadsAnyMore) {
  SampleStore store;
  store.fill(3);
  RunningProgram tail({"tail", store.directory(), "-f", "-n", "1", "-o", "ndjson"});
  EXPECT_EQ(index_of(tail.line()), 5U);
  tail.stop_reading();
  EXPECT_EQ(tail.wait(), 0);
  EXPECT_EQ(tail.note(), std::nullopt);
}

TEST(TailProgramTest, EveryVerbEndsQuietlyWithItsReader) {
  SampleStore store;
  store.fill(30);
  for (const char* verb : {"dump", "info", "gaps"}) {
    RunningProgram program({verb, store.directory()}, RunningProgram::Reader::kGone);
    EXPECT_EQ(program.wait(), -SIGPIPE) << verb;
    EXPECT_EQ(program.note(), std::nullopt) << verb;
  }
}

}  // namespace
}  // namespace tablog::tools
