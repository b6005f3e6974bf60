#include "storage/log_slots.h"

#include <algorithm>
#include <array>
#include <optional>

#include "log/byte_source.h"
#include "log/frame.h"
#include "storage/file_source.h"

namespace tablog::storage {

Result<SegmentHeader> read_segment_header(File& file) {
  FileSource source(file);
  return tablog::read_segment_header(source);
}

Result<void> make_blank(File& file) {
  if (const auto cut = file.truncate(0); !cut) {
    return cut;
  }
  return file.flush();
}

Result<bool> is_blank(File& file, std::uint64_t begin) {
  const auto size = file.size();
  if (!size) {
    return fail(size.error());
  }
  FileSource source(file);
  Window window(source, *size);
  for (std::uint64_t offset = begin; offset < *size;) {
    const auto piece = window.view(offset, Window::kChunkBytes);
    if (!piece) {
      return fail(piece.error());
    }
    if (piece->empty()) {
      break;
    }
    if (!std::ranges::all_of(*piece, [](std::byte byte) { return byte == std::byte{0}; })) {
      return false;
    }
    offset += piece->size();
  }
  return true;
}

namespace {

// Of a segment whose header is lost: its first entry, as its first frame tells with its own salt.
std::optional<Index> first_entry(File& file) {
  std::array<std::byte, kFrameHeaderBytes> bytes{};
  const auto got = file.read(kSegmentHeaderBytes, bytes);
  if (!got || *got < bytes.size()) {
    return std::nullopt;
  }
  const auto frame = decode_frame_header(bytes, frame_salt(bytes), kSegmentHeaderBytes);
  return frame ? std::optional(frame->index) : std::nullopt;
}

}  // namespace

Result<SortedSlots> sort_slots(std::span<Slot> slots, Index base) {
  SortedSlots sorted;
  std::vector<FoundSegment> found;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    File& file = *slots[i].file;
    const auto size = file.size();
    if (!size) {
      return fail(size.error());
    }
    const auto header = read_segment_header(file);
    if (header) {
      found.push_back({*header, i, *size});
      continue;
    }
    if (!is_no_segment(header.error())) {
      return fail(header.error());
    }
    const auto blank = is_blank(file, kSegmentHeaderBytes);
    if (!blank) {
      return fail(blank.error());
    }
    if (!*blank) {
      return fail({.code = ErrorCode::kCorrupt,
                   .message = "slot " + slots[i].name +
                              " holds entries, and its segment header does not verify. Nothing was "
                              "changed.",
                   .index = first_entry(file),
                   .offset = 0});
    }
    sorted.spares.push_back(i);
  }
  auto linked = link_segments(found, base);
  if (!linked) {
    return fail(linked.error());
  }
  sorted.segments = *std::move(linked);
  for (const FoundSegment& each : found) {
    if (std::ranges::find(sorted.segments, each.slot, &FoundSegment::slot) ==
        sorted.segments.end()) {
      sorted.freed.push_back(each.slot);
    }
  }
  return sorted;
}

}  // namespace tablog::storage
