#include "tests/fuzz/mend.h"

#include "log/chain.h"
#include "log/hash.h"
#include "log/little_endian.h"

namespace tablog::fuzz {
namespace {

constexpr std::size_t kIndexAt = 8;
constexpr std::size_t kSaltAt = 24;
constexpr std::size_t kBodyHashAt = 32;
constexpr std::size_t kHeaderHashAt = 40;
constexpr std::size_t kFieldsBytes = 168;  // of a segment's header
constexpr std::size_t kDamagesMax = 8;

bool is_kind(std::uint32_t value) {
  const auto kind = static_cast<FrameKind>(value);
  return kind == FrameKind::kEntry || kind == FrameKind::kCommit || kind == FrameKind::kSeal;
}

// Body and header, of what stands in them.
void seal_hashes(std::span<std::byte> frame, std::size_t body_bytes, std::uint64_t salt,
                 std::uint64_t offset) {
  store(frame, kSaltAt, salt);
  store(frame, kBodyHashAt, hash64(frame.subspan(kFrameHeaderBytes, body_bytes)));
  store(frame, kHeaderHashAt, hash64(ByteView(frame).first(kHeaderHashAt), salt ^ offset));
}

// The body of the frame at the start of `bytes`; nothing: none stands there.
std::optional<std::size_t> body_of(ByteView bytes) {
  if (bytes.size() < kFrameHeaderBytes || !is_kind(load<std::uint32_t>(bytes, 0)))
    return std::nullopt;
  const auto body = load<std::uint32_t>(bytes, 4);
  if (body > bytes.size() - kFrameHeaderBytes) return std::nullopt;
  return body;
}

// Index and chain, as the frames before it want them.
void link(std::span<std::byte> frame, std::size_t body_bytes, WalkPosition& position,
          Index& batch_first) {
  const auto body = frame.subspan(kFrameHeaderBytes, body_bytes);
  switch (static_cast<FrameKind>(load<std::uint32_t>(frame, 0))) {
    case FrameKind::kEntry:
      position.index = next(position.index);
      position.chain = extend_chain(position.chain, body);
      break;
    case FrameKind::kCommit:
      if (body_bytes != kCommitBodyBytes) break;
      store(body, 0, batch_first.value);
      store(body, 8, position.index.value);
      store(body, 32, position.chain);
      batch_first = next(position.index);
      break;
    case FrameKind::kSeal:
      if (body_bytes == kSealBodyBytes) store(body, 16, position.chain);
      break;
  }
  store(frame, kIndexAt, position.index.value);
}

void mend_frames(std::span<std::byte> file, std::uint64_t salt, WalkPosition& position) {
  Index batch_first = next(position.index);
  while (position.offset < file.size()) {
    const auto frame = file.subspan(position.offset);
    const auto body = body_of(frame);
    if (!body || (load<std::uint8_t>(frame, kHeaderHashAt) & 1U) != 0) return;
    link(frame, *body, position, batch_first);
    seal_hashes(frame, *body, salt, position.offset);
    position.offset += frame_bytes(*body);
  }
}

// Makes every checksum even.
void leave_to_mend(std::span<std::byte> frames) {
  for (auto body = body_of(frames); body; body = body_of(frames)) {
    store(frames, kHeaderHashAt, std::uint64_t{0});
    frames = frames.subspan(std::min<std::size_t>(frames.size(), frame_bytes(*body)));
  }
}

void follow(std::span<std::byte> header, const MadeSegment& before) {
  store(header, 12, load<std::uint32_t>(header, 12) | 1U);
  store(header, 16, before.header.store);
  store(header, 40, before.header.sequence + 1);
  store(header, 56, before.end.index.value);
  store(header, 64, before.end.chain);
  store(header, 112, before.header.sequence);
  store(header, 120, before.header.salt);
  store(header, 128, before.end.offset);
}

}  // namespace

std::size_t mend_frame(std::span<std::byte> bytes, std::uint64_t salt, std::uint64_t offset) {
  const auto body = body_of(bytes);
  if (!body) return 0;
  seal_hashes(bytes, *body, salt, offset);
  return static_cast<std::size_t>(frame_bytes(*body));
}

MadeSegment take_segment(Input& input, const MadeSegment* after) {
  MadeSegment made{.file = Bytes(kSegmentHeaderBytes), .header = {}, .end = {}};
  std::ranges::copy(input.bytes(kFieldsBytes), made.file.begin());
  const ByteView frames = input.bytes(input.u16());
  if (after != nullptr) follow(made.file, *after);
  store(made.file, kFieldsBytes, hash64(ByteView(made.file).first(kFieldsBytes)));
  made.file.insert(made.file.end(), frames.begin(), frames.end());
  made.file.resize((made.file.size() + 7) / 8 * 8);
  if (const auto header = decode_segment_header(made.file)) {
    made.header = *header;
    made.end = begin_of(*header);
    mend_frames(made.file, header->salt, made.end);
  }
  return made;
}

Bytes as_input(ByteView file) {
  Bytes bytes(file.begin(), file.begin() + kFieldsBytes);
  auto frames = file.subspan(kSegmentHeaderBytes);
  while (!frames.empty() && frames.back() == std::byte{0}) frames = frames.first(frames.size() - 1);
  frames = file.subspan(kSegmentHeaderBytes, (frames.size() + 7) / 8 * 8);
  const auto size = static_cast<std::uint16_t>(frames.size());
  bytes.resize(bytes.size() + sizeof size);
  store(bytes, kFieldsBytes, size);
  bytes.insert(bytes.end(), frames.begin(), frames.end());
  leave_to_mend(std::span(bytes).subspan(kFieldsBytes + sizeof size));
  return bytes;
}

void damage(Bytes& file, Input& input) {
  for (std::size_t left = kDamagesMax; left > 0 && !input.empty() && !file.empty(); --left) {
    const std::size_t at = input.u16() % file.size();
    file[at] ^= static_cast<std::byte>(input.u8());
  }
}

}  // namespace tablog::fuzz
