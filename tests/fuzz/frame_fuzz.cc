// Frames. Asserts: what decodes is encoded to the same bytes; what is encoded decodes to what it
// was, and does so at its own place and with its own salt only; errors are kTruncated, for too few
// bytes, or kMalformed.
#include "log/frame.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mend.h"

namespace tablog::fuzz {
namespace {

Bytes encoded(const FrameHeader& header, ByteView body, std::uint64_t offset) {
  const FrameContext context{
      .salt = header.salt, .offset = offset, .flushed_through = header.flushed_through};
  Bytes out;
  if (header.kind == FrameKind::kEntry) append_entry_frame(out, context, header.index, body);
  if (header.kind == FrameKind::kCommit) {
    if (const auto commit = decode_commit(header, body)) append_commit_frame(out, context, *commit);
  }
  if (header.kind == FrameKind::kSeal) {
    if (const auto seal = decode_seal(header, body))
      append_seal_frame(out, context, header.index, *seal);
  }
  return out;
}

void decode(ByteView bytes, std::uint64_t salt, std::uint64_t offset) {
  const auto header = decode_frame_header(bytes, salt, offset);
  if (!header) {
    check_code(header.error(), {ErrorCode::kTruncated, ErrorCode::kMalformed});
    check((header.error().code == ErrorCode::kTruncated) == (bytes.size() < kFrameHeaderBytes),
          "kTruncated says that bytes are missing");
    return;
  }
  check(header->body_bytes <= kEntryBytesMax, "a body is bounded before it is read");
  if (bytes.size() < kFrameHeaderBytes + header->body_bytes) return;
  const ByteView whole = bytes.first(kFrameHeaderBytes + header->body_bytes);
  const ByteView body = whole.subspan(kFrameHeaderBytes);
  if (!verify_body(*header, body)) return;
  const Bytes again = encoded(*header, body, offset);
  // A commit frame that contradicts itself is not encoded.
  check(again.empty() ? header->kind == FrameKind::kCommit
                      : std::ranges::equal(ByteView(again).first(whole.size()), whole),
        "a frame that decodes is encoded to the same bytes");
}

void encode(ByteView body, std::uint64_t salt, std::uint64_t offset) {
  Bytes out;
  append_entry_frame(out, {.salt = salt, .offset = offset, .flushed_through = {salt}},
                     Index{offset}, body);
  check(out.size() == frame_bytes(body.size()), "a frame takes as much as frame_bytes() says");
  const auto header = decode_frame_header(out, salt, offset);
  check(header && header->index == Index{offset} && header->flushed_through == Index{salt} &&
            header->body_bytes == body.size(),
        "a frame decodes to what was encoded");
  check(verify_body(*header, ByteView(out).subspan(kFrameHeaderBytes, body.size())).has_value(),
        "its body verifies");
  check(!decode_frame_header(out, salt, offset + kFrameAlignment),
        "a frame that stands elsewhere is none");
  check(!decode_frame_header(out, salt + 1, offset), "a frame of another segment is none");
}

}  // namespace
}  // namespace tablog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tablog::fuzz;
  Input input(view_of(data, size));
  const auto salt = input.u64();
  const auto offset = input.u64();
  encode(input.rest(), salt, offset);
  decode(input.rest(), salt, offset);
  tablog::Bytes mended(input.rest().begin(), input.rest().end());
  mend_frame(mended, salt, offset);
  decode(mended, salt, offset);
  return 0;
}
