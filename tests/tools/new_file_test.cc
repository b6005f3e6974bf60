// What the tool writes never takes the place of what it reads, nor of what nobody has named.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/tools/sample_store.h"

namespace tablog::tools {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class NewFileTest : public testing::Test {
 protected:
  NewFileTest() { store_.fill(3); }
  SampleStore store_;
};

TEST_F(NewFileTest, LogsOwnFilesAreRefusedAlsoByForce) {
  const std::string slot = store_.slot(1);
  const Bytes before = read_file(slot);
  for (const char* verb : {"replay", "export"}) {
    const Ran ran = tablog({verb, store_.directory(), "-o", slot, "--force"});
    EXPECT_EQ(ran.code, 2) << verb;
    EXPECT_THAT(ran.notes, HasSubstr("among the files of the log"));
  }
  EXPECT_EQ(read_file(slot), before);
}

TEST_F(NewFileTest, WhatLiesBesideTheNewFileStays) {
  const std::string log = store_.export_log("notes.partial");
  const std::string wal = store_.at("db-wal");
  fs::copy_file(log, wal);
  const Bytes before = read_file(log);
  EXPECT_EQ(tablog({"replay", log, "-o", store_.at("notes")}).code, 0);
  EXPECT_EQ(read_file(log), before);
  EXPECT_EQ(tablog({"replay", log, "-o", store_.at("db")}).code, 2);
  EXPECT_EQ(tablog({"replay", wal, "-o", store_.at("db"), "--force"}).code, 2);
  EXPECT_EQ(read_file(wal), before);
  EXPECT_EQ(tablog({"replay", log, "-o", store_.at("db"), "--force"}).code, 0);
  EXPECT_FALSE(fs::exists(wal)) << "SQLite would take it for the new database's";
}

TEST_F(NewFileTest, NothingButAFileIsReplaced) {
  const std::string log = store_.export_log();
  const std::string pipe = store_.at("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(tablog({"replay", log, "-o", pipe, "--force"}).code, 2);
  EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST_F(NewFileTest, PipeIsNoLogAndIsNotWaitedFor) {
  const std::string pipe = store_.at("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(tablog({"verify", pipe}).code, 5);
  EXPECT_EQ(tablog({"salvage", pipe, "-o", store_.at("saved")}).code, 5);
}

}  // namespace
}  // namespace tablog::tools
