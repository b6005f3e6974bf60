#include "tools/salvage_export.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "log/size.h"

namespace tablog::tools {

namespace {

constexpr std::string_view kDatabaseMagic{"SQLite format 3\0", 16};
constexpr std::size_t kDatabaseHeaderBytes = 32;  // up to the number of pages
constexpr std::uint64_t kBaseBytesMax = 1U << 31U;

bool begins_with(ByteView bytes, std::string_view magic) {
  const auto wanted = std::as_bytes(std::span(magic));
  return bytes.size() >= wanted.size() && std::ranges::equal(bytes.first(wanted.size()), wanted);
}

// Of a file that may have been cut: its header says how long it was, and has a checksum.
Result<std::optional<ExportHeader>> read_table(ByteSource& source) {
  const auto header = read_export_table(source);
  if (header) return *header;
  if (header.error().code == ErrorCode::kCorrupt || header.error().code == ErrorCode::kMalformed) {
    return std::nullopt;
  }
  return fail(header.error());
}

Result<Bytes> read_base(ByteSource& source, std::uint64_t offset, std::uint64_t bytes,
                        ExportParts& found) {
  Bytes base(to_size(bytes));
  const auto got = source.read(offset, base);
  if (!got) return fail(got.error());
  if (*got == base.size()) return base;
  found.problems.emplace_back("the log's base is cut");
  return Bytes{};
}

Result<SalvagePart> part_of(const std::shared_ptr<ByteSource>& source, std::uint64_t offset,
                            std::uint64_t bytes, std::string name) {
  SalvagePart part{.name = std::move(name),
                   .source = std::make_shared<SubSource>(source, offset, bytes),
                   .bytes = bytes,
                   .file_offset = offset};
  const auto header = read_segment_header(*part.source);
  if (!header && !is_no_segment(header.error())) return fail(header.error());
  if (header) part.header = *header;
  return part;
}

// ---- by the table

Result<void> take_table(const std::shared_ptr<ByteSource>& source, std::uint64_t size,
                        ExportParts& found) {
  const ExportHeader& table = *found.table;
  if (size < table.total_bytes()) {
    found.problems.push_back("the export is cut: it has " + std::to_string(size) + " of " +
                             std::to_string(table.total_bytes()) + " bytes");
  }
  std::uint64_t offset = table.header_bytes();
  if (table.base_bytes > 0 && table.base_bytes <= size) {
    auto base = read_base(*source, offset, table.base_bytes, found);
    if (!base) return fail(base.error());
    found.base = *std::move(base);
  } else if (table.base_bytes > 0) {
    found.problems.emplace_back("the log's base is cut");
  }
  offset += table.base_bytes;
  for (const ExportedSegment& segment : table.segments) {
    const std::string name = "segment " + std::to_string(segment.sequence);
    if (offset >= size) {
      found.problems.push_back(name + " is behind the cut");
      continue;
    }
    auto part = part_of(source, offset, std::min(segment.bytes, size - offset), name);
    if (!part) return fail(part.error());
    found.parts.push_back(*std::move(part));
    offset += segment.bytes;
  }
  return {};
}

// ---- by what begins like a segment

class Search {
 public:
  Search(std::shared_ptr<ByteSource> source, std::uint64_t size, ExportParts& found)
      : source_(std::move(source)), size_(size), found_(found), window_(*source_, size) {}

  Result<void> run() {
    if (auto looked = leave_out_footer(); !looked) return looked;
    for (std::uint64_t offset = 0; offset + kFrameHeaderBytes <= size_;) {
      const auto next = look_at(offset);
      if (!next) return fail(next.error());
      offset = *next;
    }
    for (std::size_t i = 0; i < begins_.size(); ++i) {
      const std::uint64_t end = i + 1 < begins_.size() ? begins_[i + 1] : size_;
      auto part = part_of(source_, begins_[i], end - begins_[i],
                          "segment at " + std::to_string(begins_[i]));
      if (!part) return fail(part.error());
      found_.parts.push_back(*std::move(part));
    }
    return {};
  }

 private:
  Result<void> leave_out_footer() {
    if (size_ < kExportFooterBytes) return {};
    Bytes footer(kExportFooterBytes);
    const auto got = source_->read(size_ - footer.size(), footer);
    if (!got) return fail(got.error());
    if (is_export_footer(footer)) size_ -= footer.size();
    return {};
  }

  // Where to look next.
  Result<std::uint64_t> look_at(std::uint64_t offset) {
    const auto head = window_.view(offset, kFrameHeaderBytes);
    if (!head) return fail(head.error());
    if (is_segment(*head)) {
      const auto page = window_.view(offset, kSegmentHeaderBytes);
      if (!page) return fail(page.error());
      const auto header = decode_segment_header(*page);
      if (!header && !is_no_segment(header.error())) return fail(header.error());
      if (header) return behind_frames(offset, header->salt);
    }
    if (begins_.empty() && begins_with(*head, kDatabaseMagic)) {
      const auto bytes = take_database(offset, *head);
      if (!bytes) return fail(bytes.error());
      if (*bytes > 0) return offset + *bytes;
    }
    // The first frame of a segment whose header is lost: it knows how far it is from its beginning.
    const bool may_be = offset >= kSegmentHeaderBytes &&
                        (begins_.empty() || offset - kSegmentHeaderBytes > begins_.back());
    const auto salt = frame_salt(*head);
    if (may_be && decode_frame_header(*head, salt, kSegmentHeaderBytes)) {
      return behind_frames(offset - kSegmentHeaderBytes, salt);
    }
    return offset + kFrameAlignment;
  }

  // What is in an entry is none of ours: an app may have stored a log as a blob.
  Result<std::uint64_t> behind_frames(std::uint64_t begin, std::uint64_t salt) {
    begins_.push_back(begin);
    std::uint64_t offset = begin + kSegmentHeaderBytes;
    while (true) {
      const auto head = window_.view(offset, kFrameHeaderBytes);
      if (!head) return fail(head.error());
      const auto frame = decode_frame_header(*head, salt, offset - begin);
      if (!frame) return offset;
      offset += frame_bytes(frame->body_bytes);
    }
  }

  // The base of a compacted log. Its bytes; 0: it is none.
  Result<std::uint64_t> take_database(std::uint64_t offset, ByteView head) {
    const auto byte = [&](std::size_t at) { return std::to_integer<std::uint64_t>(head[at]); };
    const std::uint64_t page = byte(16) << 8U | byte(17);
    const std::uint64_t pages = byte(28) << 24U | byte(29) << 16U | byte(30) << 8U | byte(31);
    const std::uint64_t bytes = page * pages;
    static_assert(kDatabaseHeaderBytes <= kFrameHeaderBytes);
    if (bytes == 0 || bytes > size_ - offset || bytes > kBaseBytesMax) return 0;
    auto base = read_base(*source_, offset, bytes, found_);
    if (!base) return fail(base.error());
    found_.base = *std::move(base);
    return bytes;
  }

  std::shared_ptr<ByteSource> source_;
  std::uint64_t size_;
  ExportParts& found_;
  Window window_;
  std::vector<std::uint64_t> begins_;
};

}  // namespace

Result<ExportParts> find_export_parts(const std::shared_ptr<ByteSource>& source,
                                      std::uint64_t size) {
  ExportParts found;
  auto table = read_table(*source);
  if (!table) return fail(table.error());
  found.table = *std::move(table);
  if (found.table) {
    if (auto taken = take_table(source, size, found); !taken) return fail(taken.error());
    return found;
  }
  if (auto searched = Search(source, size, found).run(); !searched) return fail(searched.error());
  if (found.parts.empty()) {
    return fail(ErrorCode::kInvalidArgument, "nothing in it was a log");
  }
  found.problems.emplace_back(
      "the export's header does not verify: its segments were searched for");
  return found;
}

}  // namespace tablog::tools
