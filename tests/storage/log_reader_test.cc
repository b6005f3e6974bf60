#include "storage/log_reader.h"

#include <gmock/gmock.h>

#include "tests/storage/log_kit.h"

namespace tablog::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// A log of several segments, a torn one among them.
struct Fixture {
  LogKit kit{};
  std::vector<std::string> expected{};
  LogHead head{};
  Bytes exported{};

  Fixture() {
    auto log = kit.open();
    fill(*log, 20, 'a');
    EXPECT_TRUE(append(*log, make_entries(log->head().index, 3, "torn away")));
    const std::string slot = log->segments().back().slot;
    const std::uint64_t end = log->segments().back().bytes;
    log.reset();
    Bytes content = kit.disk.written(slot);
    content[end - 1] ^= std::byte{1};  // the commit frame
    kit.disk.overwrite(slot, content);

    log = kit.open();
    EXPECT_TRUE(log->torn_tail());
    fill(*log, 20, 'A');
    head = log->head();
    const auto source = log->begin_export().value();
    exported = source->read(0, source->size_bytes()).value();
    EXPECT_EQ(exported.size(), source->size_bytes());
    // In pieces, at any place, it is the same.
    for (std::uint64_t at = 0; at < exported.size(); at += 1777) {
      EXPECT_TRUE(std::ranges::equal(
          *source->read(at, 1777),
          std::span(exported).subspan(at, std::min<std::size_t>(1777, exported.size() - at))));
    }
    EXPECT_EQ(source->read(exported.size(), 10), Bytes());
  }

  void fill(LogFiles& log, int batches, char letter) {
    for (int i = 0; i < batches; ++i) {
      const std::string text(700, static_cast<char>(letter + i));
      expected.insert(expected.end(), 2, text);
      EXPECT_TRUE(append_flushed(log, 2, text));
      if (log.slots_wanted() > 0) {
        const std::string name = "log-more" + std::to_string(expected.size());
        log.add_slot({name, std::move(*kit.disk.open(name))});
      }
    }
  }

  Result<std::unique_ptr<LogReader>> read_export(Bytes content) {
    kit.disk.overwrite("export", std::move(content));
    return LogReader::from_export(*kit.disk.open("export"));
  }
};

// All entries' texts from where the reader stands, and the error that ended them.
struct Reading {
  std::vector<std::string> texts{};
  std::size_t commits{};
  ChainHash chain{};
  std::optional<Error> error{};
};

Reading read_all(LogReader& reader) {
  Reading reading;
  while (true) {
    const auto frame = reader.next();
    if (!frame) {
      reading.error = frame.error();
      return reading;
    }
    if (!*frame) {
      return reading;
    }
    reading.chain = (*frame)->chain;
    if ((*frame)->commit) {
      ++reading.commits;
    } else {
      const Entry entry = decode_entry((*frame)->body).value();
      reading.texts.push_back(std::get<std::string>(std::get<Event>(entry.body).args[1].value));
    }
  }
}

TEST(LogReaderTest, ReadsADirectoryOfSlots) {
  Fixture log;
  const auto reader = LogReader::from_slots(log.kit.disk.open_slots("log-").value()).value();
  EXPECT_EQ(reader->store(), log.head.store);
  EXPECT_EQ(reader->first(), Index{1});
  EXPECT_EQ(reader->last(), log.head.index);
  EXPECT_EQ(reader->end().chain, log.head.chain);
  EXPECT_EQ(reader->end().digest, log.head.digest);
  EXPECT_FALSE(reader->torn_tail());
  EXPECT_GT(reader->segments().size(), 3U);
  const Reading reading = read_all(*reader);
  EXPECT_FALSE(reading.error);
  EXPECT_EQ(reading.texts, log.expected);
  EXPECT_EQ(reading.commits, log.expected.size() / 2);
  EXPECT_EQ(reading.chain, log.head.chain);
}

TEST(LogReaderTest, ReadsAnExport) {
  Fixture log;
  const auto reader = log.read_export(log.exported).value();
  EXPECT_EQ(reader->store(), log.head.store);
  EXPECT_EQ(reader->last(), log.head.index);
  const Reading reading = read_all(*reader);
  EXPECT_FALSE(reading.error) << reading.error->message;
  EXPECT_EQ(reading.texts, log.expected);
  EXPECT_EQ(reading.chain, log.head.chain);
}

TEST(LogReaderTest, EmptyLogReadsAsNothing) {
  LogKit kit;
  const auto reader = LogReader::from_slots(kit.slots()).value();
  EXPECT_EQ(reader->last(), Index{0});
  EXPECT_FALSE(reader->next().value());
  EXPECT_TRUE(reader->seek(Index{1}));

  const auto log = kit.open();
  const auto source = log->begin_export().value();
  kit.disk.overwrite("export", source->read(0, source->size_bytes()).value());
  const auto exported = LogReader::from_export(*kit.disk.open("export")).value();
  EXPECT_EQ(exported->last(), Index{0});
  EXPECT_FALSE(exported->next().value());
}

TEST(LogReaderTest, ExportIsAsOfTheDurableHead) {
  LogKit kit;
  const auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 1, "flushed"));
  ASSERT_TRUE(append(*log, make_entries(Index{1}, 1, "relaxed")));
  const auto source = log->begin_export().value();
  ASSERT_TRUE(append_flushed(*log, 1, "later"));
  kit.disk.overwrite("export", source->read(0, source->size_bytes()).value());
  const auto reader = LogReader::from_export(*kit.disk.open("export")).value();
  EXPECT_THAT(read_all(*reader).texts, ElementsAre("flushed"));
}

TEST(LogReaderTest, SeekGoesToAnyEntry) {
  Fixture log;
  const auto reader = log.read_export(log.exported).value();
  for (std::uint64_t i = 1; i <= log.head.index.value; i += 3) {
    ASSERT_TRUE(reader->seek(Index{i}));
    const auto frame = reader->next().value();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->header.kind, FrameKind::kEntry);
    EXPECT_EQ(frame->header.index, Index{i});
  }
  ASSERT_TRUE(reader->seek(next(log.head.index)));
  EXPECT_FALSE(reader->next().value());
}

TEST(LogReaderTest, TornTailIsToldAndNotRead) {
  LogKit kit;
  auto log = kit.open();
  ASSERT_TRUE(append_flushed(*log, 1, "kept"));
  ASSERT_TRUE(append(*log, make_entries(Index{1}, 2, "torn")));
  const SegmentInfo segment = log->segments()[0];
  log.reset();
  Bytes content = kit.disk.written(segment.slot);
  content[segment.bytes - 1] ^= std::byte{1};
  kit.disk.overwrite(segment.slot, content);
  const auto reader = LogReader::from_slots(kit.disk.open_slots("log-").value()).value();
  ASSERT_TRUE(reader->torn_tail());
  EXPECT_EQ(reader->torn_tail()->after, Index{1});
  EXPECT_THAT(std::string(reader->torn_why()), HasSubstr("checksum"));
  EXPECT_THAT(read_all(*reader).texts, ElementsAre("kept"));
  EXPECT_EQ(kit.disk.written(segment.slot), content) << "a reader has written";
}

TEST(LogReaderTest, DamageEndsTheLogWithItsPlaceAndProof) {
  LogKit kit;
  auto log = kit.open();
  std::vector<std::uint64_t> ends;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(append_flushed(*log, 1, "entry"));
    ends.push_back(log->segments()[0].bytes);
  }
  const std::string slot = log->segments()[0].slot;
  log.reset();
  Bytes content = kit.disk.written(slot);
  content[ends[1] + 60] ^= std::byte{1};
  kit.disk.overwrite(slot, content);
  const auto reader = LogReader::from_slots(kit.disk.open_slots("log-").value()).value();
  EXPECT_FALSE(reader->torn_tail());
  EXPECT_EQ(reader->last(), Index{2});
  const Reading reading = read_all(*reader);
  EXPECT_THAT(reading.texts, SizeIs(2));
  ASSERT_TRUE(reading.error);
  EXPECT_EQ(reading.error->code, ErrorCode::kCorrupt);
  EXPECT_EQ(reading.error->index, Index{3});
  EXPECT_EQ(reading.error->offset, ends[1]);
  EXPECT_THAT(reading.error->message, HasSubstr("a later frame says"));
  EXPECT_EQ(reader->next().error(), *reading.error) << "it stays so";
}

TEST(LogReaderTest, EveryCutOfAnExportIsNoticed) {
  Fixture log;
  for (std::size_t size = 0; size < log.exported.size(); size += size < 400 ? 1 : 191) {
    Bytes cut = log.exported;
    cut.resize(size);
    const auto reader = log.read_export(cut);
    ASSERT_FALSE(reader) << size;
    EXPECT_EQ(reader.error().code, ErrorCode::kCorrupt) << size;
  }
  Bytes longer = log.exported;
  longer.push_back(std::byte{0});
  EXPECT_EQ(log.read_export(longer).error().code, ErrorCode::kCorrupt);
}

TEST(LogReaderTest, EveryFlippedByteOfAnExportIsToldOrWithoutMeaning) {
  Fixture log;
  for (std::size_t at = 0; at < log.exported.size(); at += at < 600 ? 1 : 37) {
    Bytes flipped = log.exported;
    flipped[at] ^= std::byte{0x08};
    const auto reader = log.read_export(flipped);
    if (!reader) {
      EXPECT_TRUE(reader.error().code == ErrorCode::kCorrupt ||
                  reader.error().code == ErrorCode::kMalformed);
      continue;
    }
    const Reading reading = read_all(**reader);
    if (reading.error) {
      EXPECT_EQ(reading.error->code, ErrorCode::kCorrupt) << reading.error->message;
    } else {
      EXPECT_EQ(reading.texts, log.expected) << at;
    }
  }
}

TEST(LogReaderTest, SomeOtherFileIsNotAnExport) {
  LogKit kit;
  kit.disk.overwrite("export", Bytes(10'000, std::byte{7}));
  EXPECT_EQ(LogReader::from_export(*kit.disk.open("export")).error().code, ErrorCode::kMalformed);
}

}  // namespace
}  // namespace tablog::storage
