#include "log/export.h"

#include <numeric>

#include "log/hash.h"
#include "log/little_endian.h"
#include "log/size.h"

namespace tablog {

namespace {

constexpr std::uint64_t kMagic = 0x7078456F6C424154;        // "TABloExp"
constexpr std::uint64_t kFooterMagic = 0x646E456F6C424154;  // "TABloEnd"
constexpr std::size_t kFixedBytes = 104;                    // before the table
constexpr std::size_t kLengthOffset = 88;                   // of the whole file
constexpr std::size_t kTableRowBytes = 16;
constexpr std::size_t kChecksumBytes = 8;

constexpr std::uint64_t header_bytes_of(std::uint64_t segments) {
  return kFixedBytes + segments * kTableRowBytes + kChecksumBytes;
}

std::unexpected<Error> corrupt(std::string message, std::uint64_t offset) {
  return fail(
      {.code = ErrorCode::kCorrupt, .message = std::move(message), .index = {}, .offset = offset});
}

Result<Bytes> read_exactly(ByteSource& source, std::uint64_t offset, std::size_t size) {
  Bytes bytes(size);
  const auto got = source.read(offset, bytes);
  if (!got) {
    return fail(got.error());
  }
  if (*got != size) {
    return corrupt("the export is cut", offset + *got);
  }
  return bytes;
}

ExportHeader decode(ByteView bytes, std::size_t segments) {
  ExportHeader header{.store = load_id<StoreId>(bytes, 16),
                      .generation = {load<std::uint64_t>(bytes, 32)},
                      .first = {load<std::uint64_t>(bytes, 40)},
                      .last = {load<std::uint64_t>(bytes, 48)},
                      .before = load_id<ChainHash>(bytes, 56),
                      .chain = load_id<ChainHash>(bytes, 72),
                      .base_bytes = load<std::uint64_t>(bytes, 96),
                      .segments = {}};
  header.segments.reserve(segments);
  for (std::size_t i = 0; i < segments; ++i) {
    const std::size_t at = kFixedBytes + i * kTableRowBytes;
    header.segments.push_back(
        {.sequence = load<std::uint64_t>(bytes, at), .bytes = load<std::uint64_t>(bytes, at + 8)});
  }
  return header;
}

// Of lengths that fit into `size` together, or nothing else is looked at.
bool is_consistent(const ExportHeader& header, std::uint64_t size) {
  std::uint64_t room = size;
  if (header.base_bytes > room) {
    return false;
  }
  room -= header.base_bytes;
  for (const ExportedSegment& segment : header.segments) {
    if (segment.bytes < kSegmentHeaderBytes || segment.bytes % 8 != 0 || segment.bytes > room) {
      return false;
    }
    room -= segment.bytes;
  }
  return header.last.value + 1 >= header.first.value && header.first.value >= 1;
}

}  // namespace

std::uint64_t ExportHeader::header_bytes() const {
  return header_bytes_of(segments.size());
}

std::uint64_t ExportHeader::total_bytes() const {
  return std::accumulate(
      segments.begin(), segments.end(), header_bytes() + base_bytes + kExportFooterBytes,
      [](std::uint64_t sum, const ExportedSegment& segment) { return sum + segment.bytes; });
}

Bytes encode_export_header(const ExportHeader& header) {
  Bytes bytes(to_size(header.header_bytes()));
  store(bytes, 0, kMagic);
  store(bytes, 8, kFormatVersion);
  store(bytes, 12, static_cast<std::uint32_t>(header.segments.size()));
  store(bytes, 16, header.store);
  store(bytes, 32, header.generation.value);
  store(bytes, 40, header.first.value);
  store(bytes, 48, header.last.value);
  store(bytes, 56, header.before);
  store(bytes, 72, header.chain);
  store(bytes, 88, header.total_bytes());
  store(bytes, 96, header.base_bytes);
  std::size_t at = kFixedBytes;
  for (const ExportedSegment& segment : header.segments) {
    store(bytes, at, segment.sequence);
    store(bytes, at + 8, segment.bytes);
    at += kTableRowBytes;
  }
  store(bytes, at, hash64(ByteView(bytes).first(at)));
  return bytes;
}

Bytes encode_export_footer(const ExportHeader& header) {
  Bytes bytes(kExportFooterBytes);
  store(bytes, 0, kFooterMagic);
  store(bytes, 8, header.total_bytes());
  store(bytes, 16, header.chain);
  store(bytes, 32, hash64(ByteView(bytes).first(32)));
  return bytes;
}

bool is_export(ByteView beginning) {
  return beginning.size() >= 8 && load<std::uint64_t>(beginning, 0) == kMagic;
}

bool is_export_footer(ByteView end) {
  return end.size() == kExportFooterBytes && load<std::uint64_t>(end, 0) == kFooterMagic;
}

Result<ExportHeader> read_export_table(ByteSource& source, std::uint64_t size) {
  const auto fixed = read_exactly(source, 0, kFixedBytes);
  if (!fixed) {
    return fail(fixed.error());
  }
  if (!is_export(*fixed)) {
    return fail(ErrorCode::kMalformed, "not an exported log");
  }
  const std::size_t segments = load<std::uint32_t>(*fixed, 12);
  if (segments > kExportSegmentsMax) {
    return corrupt("the export's header does not verify", 12);
  }
  if (header_bytes_of(segments) > size) {  // before room is made for so many
    return corrupt("the export is cut", size);
  }
  const auto whole = read_exactly(source, 0, to_size(header_bytes_of(segments)));
  if (!whole) {
    return fail(whole.error());
  }
  const ByteView hashed = ByteView(*whole).first(whole->size() - kChecksumBytes);
  if (load<std::uint64_t>(*whole, hashed.size()) != hash64(hashed)) {
    return corrupt("the export's header does not verify", 0);
  }
  if (const auto version = load<std::uint32_t>(*whole, 8); version > kFormatVersion) {
    return fail(ErrorCode::kNewerFormat, "the export is in format version " +
                                             std::to_string(version) + "; this build reads up to " +
                                             std::to_string(kFormatVersion));
  }
  ExportHeader header = decode(*whole, segments);
  const auto promised = load<std::uint64_t>(*whole, kLengthOffset);
  if (size < promised) {
    return corrupt("the export is cut: it has " + std::to_string(size) + " of " +
                       std::to_string(promised) + " bytes",
                   size);
  }
  if (!is_consistent(header, size) || promised != header.total_bytes() || size != promised) {
    return corrupt("the export is not as long as its parts", promised);
  }
  return header;
}

Result<ExportHeader> read_export_table(ByteSource& source) {
  const auto fixed = read_exactly(source, 0, kFixedBytes);
  return fixed ? read_export_table(source, load<std::uint64_t>(*fixed, kLengthOffset))
               : fail(fixed.error());
}

Result<ExportHeader> read_export_header(ByteSource& source, std::uint64_t size) {
  auto header = read_export_table(source, size);
  if (!header) {
    return header;
  }
  const auto footer = read_exactly(source, size - kExportFooterBytes, kExportFooterBytes);
  if (!footer) {
    return fail(footer.error());
  }
  if (*footer != encode_export_footer(*header)) {
    return corrupt("the export's footer does not verify", size - kExportFooterBytes);
  }
  return header;
}

}  // namespace tablog
