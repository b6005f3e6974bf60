// checkpoints: where the state is kept, and what a power loss would cost.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/tools/sample_store.h"

namespace tablog::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<nlohmann::json> checkpoints(const std::string& log) {
  const Ran ran = tablog({"checkpoints", log, "-o", "ndjson"});
  EXPECT_EQ(ran.code, 0) << ran.notes;
  return ran.lines();
}

nlohmann::json row_of(const std::vector<nlohmann::json>& rows, const std::string& kind) {
  for (const auto& row : rows) {
    if (row.at("kind") == kind) return row;
  }
  ADD_FAILURE() << "no " << kind;
  return nlohmann::json::object();
}

// With the mark that a leader leaves.
Index checkpoint(SampleStore& store) {
  const auto at = store.store().checkpoint();
  EXPECT_TRUE(at);
  store.append({samples::control(CheckpointMark{*at}, 1)});
  return *at;
}

std::string todo(int id) {
  return "todo " + std::to_string(id);
}

TEST(CheckpointsTest, WhatIsBehindTheFlushedStateIsReplayed) {
  SampleStore store;
  store.fill(10);
  const Index at = checkpoint(store);
  for (int i = 11; i <= 15; ++i) store.append({samples::added(i, todo(i))});
  const auto rows = checkpoints(store.directory());
  const auto mark = row_of(rows, "checkpoint");
  EXPECT_EQ(mark["index"], at.value);
  EXPECT_EQ(mark["entry"], at.value + 1);
  EXPECT_EQ(mark["entries"], 12);
  EXPECT_GT(mark["time"], 1'700'000'000'000);
  EXPECT_EQ(row_of(rows, "flushed")["index"], at.value);
  EXPECT_EQ(row_of(rows, "state")["index"], 18);
  EXPECT_EQ(rows.back()["kind"], "replay");
  EXPECT_EQ(rows.back()["index"], 18);
  EXPECT_EQ(rows.back()["entries"], 6);
}

TEST(CheckpointsTest, BytesAreThoseOfTheFramesBetween) {
  SampleStore store;
  store.fill(10);
  const auto bytes = [&] {
    std::uint64_t sum = 0;
    for (const auto& row : tablog({"segments", store.directory(), "-o", "ndjson"}).lines()) {
      sum += row["bytes"].get<std::uint64_t>() - 4096;  // without the header
    }
    return sum;
  };
  const std::uint64_t before = bytes();
  checkpoint(store);
  for (int i = 11; i <= 40; ++i) store.append({samples::added(i, todo(i))});
  const auto rows = checkpoints(store.directory());
  EXPECT_EQ(row_of(rows, "checkpoint")["bytes"], before);
  EXPECT_EQ(rows.back()["bytes"], bytes() - before);
}

TEST(CheckpointsTest, NothingIsReplayedAfterOneAtTheEnd) {
  SampleStore store;
  store.fill(10);
  ASSERT_TRUE(store.store().checkpoint());
  EXPECT_EQ(checkpoints(store.directory()).back()["entries"], 0);
}

TEST(CheckpointsTest, WithoutAStateDatabaseTheLogsWordCounts) {
  SampleStore store;
  store.fill(10);
  const Index at = checkpoint(store);
  store.append({samples::added(11, todo(11))});
  const auto rows = checkpoints(store.directory() + "/log");
  EXPECT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows.back()["kind"], "replay");
  EXPECT_EQ(rows.back()["entries"], 14 - at.value);
}

TEST(CheckpointsTest, SnapshotsBesideTheLogAreFoundByTheirNames) {
  SampleStore store;
  store.fill(10);
  std::filesystem::create_directory(store.directory() + "/snapshots");
  for (const char* name : {"5", "9", "05", "x7", "partial"}) {
    write_file(store.directory() + "/snapshots/" + name, Bytes(1000));
  }
  std::vector<std::uint64_t> found;
  for (const auto& row : checkpoints(store.directory())) {
    if (row["kind"] == "snapshot") found.push_back(row["index"].get<std::uint64_t>());
  }
  EXPECT_THAT(found, ElementsAre(5, 9));
}

TEST(CheckpointsTest, CompactedLogHasItsBase) {
  SampleStore store;
  store.fill(200);
  EXPECT_EQ(store.compact(Index{150}), Index{150});
  for (const std::string& log : {store.directory(), store.export_log()}) {
    EXPECT_EQ(row_of(checkpoints(log), "base")["index"], 149);
  }
}

TEST(CheckpointsTest, ExportHasTheLogsMarksOnly) {
  SampleStore store;
  store.fill(10);
  const Index at = checkpoint(store);
  const auto rows = checkpoints(store.export_log());
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0]["kind"], "checkpoint");
  EXPECT_EQ(rows[0]["index"], at.value);
}

TEST(CheckpointsTest, FilesAreNotChanged) {
  SampleStore store;
  store.fill(10);
  std::map<std::string, Bytes> before;
  const auto read_all = [&] {
    std::map<std::string, Bytes> all;
    for (const auto& each : std::filesystem::recursive_directory_iterator(store.directory())) {
      if (each.is_regular_file()) all[each.path().string()] = read_file(each.path().string());
    }
    return all;
  };
  before = read_all();
  checkpoints(store.directory());
  EXPECT_EQ(read_all(), before);
}

TEST(CheckpointsTest, TableEndsWithThePriceOfAPowerLoss) {
  SampleStore store;
  store.fill(10);
  const Index at = checkpoint(store);
  const Ran ran = tablog({"checkpoints", store.directory()});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.notes, IsEmpty());
  EXPECT_THAT(ran.data, HasSubstr("if the power failed now: what is behind entry " +
                                  std::to_string(at.value)));
}

}  // namespace
}  // namespace tablog::tools
