// docs/log_format.md's worked example, held against the encoder.
#include <gmock/gmock.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>

#include "log/chain.h"
#include "log/frame.h"
#include "log/segment.h"
#include "tests/log/samples.h"

namespace tablog {
namespace {

constexpr std::uint64_t kSalt = 0x1122334455667788;

// One segment: its header, and a batch of one entry.
Bytes example() {
  Bytes bytes = encode_segment_header({.store = samples::id<StoreId>(0xA0),
                                       .generation = {},
                                       .sequence = 1,
                                       .salt = kSalt,
                                       .before = {},
                                       .predecessor = {}});
  const EncodedEntry entry = samples::encoded(Index{1});
  FrameContext context{.salt = kSalt, .offset = bytes.size(), .flushed_through = {}};
  append_entry_frame(bytes, context, Index{1}, *entry.bytes);
  context.offset = bytes.size();
  append_commit_frame(bytes, context,
                      {.first = {1},
                       .last = {1},
                       .term = entry.entry.term,
                       .time_ms = entry.entry.time_ms,
                       .chain = extend_chain({}, *entry.bytes),
                       .digest = samples::id<Digest>(0xD0)});
  return bytes;
}

// "1000: 54 4c …  a comment" in the block that begins with ```hex.
std::map<std::size_t, std::byte> documented() {
  std::ifstream file(TABLOG_SOURCE_DIR "/docs/log_format.md");
  EXPECT_TRUE(file) << "no document";
  std::map<std::size_t, std::byte> bytes;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      inside = line == "```hex";
      continue;
    }
    std::istringstream words(line);
    std::string word;
    if (!inside || !(words >> word) || word.back() != ':') {
      continue;
    }
    std::size_t offset = std::stoul(word, nullptr, 16);
    while (words >> word && word.size() == 2 && std::isxdigit(word[0]) && std::isxdigit(word[1])) {
      bytes[offset++] = static_cast<std::byte>(std::stoul(word, nullptr, 16));
    }
  }
  return bytes;
}

std::string dump(const Bytes& bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    if (std::ranges::all_of(ByteView(bytes).subspan(at, 8),
                            [](std::byte b) { return b == std::byte{}; })) {
      continue;
    }
    char field[24];
    std::snprintf(field, sizeof(field), "%04zx:", at);
    text += field;
    for (std::size_t i = at; i < at + 8; ++i) {
      std::snprintf(field, sizeof(field), " %02x", std::to_integer<unsigned>(bytes[i]));
      text += field;
    }
    text += '\n';
  }
  return text;
}

TEST(FormatDocumentTest, WorkedExampleIsWhatTheEncoderWrites) {
  const Bytes bytes = example();
  auto in_document = documented();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const std::byte told = in_document.contains(at) ? in_document[at] : std::byte{0};
    ASSERT_EQ(told, bytes[at]) << "at " << at << "; the encoder writes:\n" << dump(bytes);
    in_document.erase(at);
  }
  EXPECT_TRUE(in_document.empty()) << "the document goes on behind the end";
}

}  // namespace
}  // namespace tablog
