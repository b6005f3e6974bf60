// tests/golden/: a log of every format version that was released, and what is read from it. They
// are never made anew; how version 1's was made: fill().
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "log/codec.h"
#include "log/export.h"
#include "log/segment_walk.h"
#include "tests/tools/sample_store.h"

namespace tablog::tools {
namespace {

std::string golden(const std::string& name) {
  return TABLOG_SOURCE_DIR "/tests/golden/" + name;
}

std::string text_of(const std::string& path) {
  const Bytes bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Every kind of entry and of argument, two terms, two versions of a schema, a batch of several requests, a request of
// several entries, three segments.
void fill(SampleStore& store) {
  store.append_in_term(Term{1}, {samples::control(TermStart{samples::client(9)})});
  store.append({samples::control(samples::schema(1))});
  for (std::int64_t id = 1; id <= 60; ++id) {
    store.append({samples::added(id, "todo " + std::to_string(id))});
  }
  store.append({samples::added(61, "one"), samples::added(62, "two")});
  store.append({samples::together({samples::added(63, "a"), samples::added(64, "b")})});
  store.append({samples::exec("CREATE TABLE odd(a, b, c, d, e)")});
  store.append({samples::exec("INSERT INTO odd VALUES (?1, ?2, ?3, ?4, random())",
                              {{.name = "1", .value = std::int64_t{-9'007'199'254'740'993}},
                               {.name = "2", .value = -0.1},
                               {.name = "3", .value = Bytes{std::byte{0}, std::byte{0xFF}}},
                               {.name = "4", .value = std::monostate{}}})});
  BatchItem withdrawn = samples::exec("");
  withdrawn.bodies = {Void{}};
  store.append({withdrawn});
  store.append({samples::control(CheckpointMark{.index = Index{60}})});
  store.append_in_term(Term{2}, {samples::control(TermStart{samples::client(10)})});
  store.append({samples::control(samples::schema(2))});
  store.append({samples::control(SessionClose{.client = samples::client(7)})});
}

// The segment's bytes, made anew of what they decode to.
Bytes encoded_again(ByteView segment) {
  const auto header = decode_segment_header(segment);
  EXPECT_TRUE(header);
  Bytes again = encode_segment_header(*header);
  MemorySource source(segment);
  SegmentWalk walk(source, header->salt, begin_of(*header), SegmentWalk::Start::kBetweenBatches,
                   segment.size());
  while (again.size() < segment.size()) {
    const auto frame = walk.next();
    EXPECT_TRUE(frame) << frame.error().message;
    if (!frame) break;
    const FrameContext context{.salt = header->salt,
                               .offset = again.size(),
                               .flushed_through = frame->header.flushed_through};
    if (frame->commit) {
      append_commit_frame(again, context, *frame->commit);
    } else if (frame->seal) {
      append_seal_frame(again, context, frame->header.index, *frame->seal);
    } else {
      const auto entry = decode_entry(frame->body);
      EXPECT_TRUE(entry);
      append_entry_frame(again, context, frame->header.index, *encode_entry(*entry));
    }
  }
  return again;
}

TEST(GoldenTest, Version1IsWrittenAsItWas) {
  const Bytes whole = read_file(golden("log_v1.tablog"));
  MemorySource source(whole);
  const auto header = read_export_header(source, whole.size());
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_GE(header->segments.size(), 3U);
  Bytes again = encode_export_header(*header);
  for (const ExportedSegment& segment : header->segments) {
    const Bytes made = encoded_again(ByteView(whole).subspan(again.size(), segment.bytes));
    again.insert(again.end(), made.begin(), made.end());
  }
  const Bytes footer = encode_export_footer(*header);
  again.insert(again.end(), footer.begin(), footer.end());
  EXPECT_EQ(again, whole);
}

TEST(GoldenTest, Version1IsReplayedToItsDigests) {
  const Ran ran = tablog({"replay", golden("log_v1.tablog"), "--output", "json"});
  EXPECT_EQ(ran.code, 0) << ran.notes;
  EXPECT_GT(ran.json()["digestsCompared"], 60);
  EXPECT_EQ(ran.json()["digest"], "c5f888b426dc38e2be7c5066a7d64eba");
}

TEST(GoldenTest, Version1IsReadAsItWasWritten) {
  if (const std::string path = golden("log_v1.tablog");
      !std::filesystem::exists(path) && std::getenv("TABLOG_REWRITE") != nullptr) {
    SampleStore store;
    fill(store);
    std::filesystem::copy_file(store.export_log(), path);
    const std::string dump = tablog({"dump", path, "--output", "ndjson"}).data;
    write_file(golden("log_v1.ndjson"), std::as_bytes(std::span(dump)));
  }
  const Ran verified = tablog({"verify", golden("log_v1.tablog")});
  EXPECT_EQ(verified.code, 0) << verified.notes;
  EXPECT_EQ(tablog({"dump", golden("log_v1.tablog"), "--output", "ndjson"}).data,
            text_of(golden("log_v1.ndjson")));
}

}  // namespace
}  // namespace tablog::tools
