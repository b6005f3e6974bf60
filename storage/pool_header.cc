#include "storage/pool_header.h"

#include <algorithm>
#include <cassert>

namespace tablog::storage {
namespace {

// SQLite's open flags, written down here because they are part of the format, not of an API.
constexpr std::uint32_t kDeleteOnClose = 0x8;
constexpr std::uint32_t kDigestV2 = 0x80;
constexpr std::uint32_t kPersistent =
    0x100 | 0x800 | 0x4000 | 0x80000;  // db, journal, super-journal, WAL

[[nodiscard]] std::uint32_t load_flags(const PoolHeaderFields& fields) {
  std::uint32_t flags = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    flags = flags << 8U | std::to_integer<std::uint32_t>(fields[kPoolFlagsOffset + i]);
  }
  return flags;
}

using DigestBytes = std::array<std::byte, 8>;

// Two multiplicative hashes modulo 2^32; a header without the flag has zeros in their place.
[[nodiscard]] DigestBytes digest_of(const PoolHeaderFields& fields) {
  DigestBytes digest{};
  if ((load_flags(fields) & kDigestV2) == 0) return digest;
  std::uint32_t h1 = 0xdeadbeef;
  std::uint32_t h2 = 0x41c6ce57;
  for (std::size_t i = 0; i < kPoolDigestOffset; ++i) {
    const auto byte = std::to_integer<std::uint32_t>(fields[i]);
    h1 = (h1 ^ byte) * 2654435761U;
    h2 = (h2 ^ byte) * 104729U;
  }
  for (std::size_t i = 0; i < 4; ++i) {
    digest[i] = static_cast<std::byte>(h1 >> (8 * i));
    digest[4 + i] = static_cast<std::byte>(h2 >> (8 * i));
  }
  return digest;
}

}  // namespace

PoolHeader decode_pool_header(const PoolHeaderFields& fields) {
  const DigestBytes digest = digest_of(fields);
  if (!std::equal(digest.begin(), digest.end(), fields.begin() + kPoolDigestOffset)) {
    return {.content = SlotContent::kDamaged};
  }
  const auto path = std::span(fields).first(kPoolPathFieldBytes);
  const auto end = std::ranges::find(path, std::byte{});
  if (end == path.begin()) {
    // Without a digest a flip could have made the first byte zero: the others tell.
    const bool blank = std::ranges::all_of(path, [](std::byte b) { return b == std::byte{}; });
    return {.content = blank ? SlotContent::kFree : SlotContent::kDamaged};
  }
  if (end == path.end()) return {.content = SlotContent::kDamaged};

  PoolHeader header{.content = SlotContent::kFile, .flags = load_flags(fields)};
  header.pathname.assign(reinterpret_cast<const char*>(path.data()),
                         static_cast<std::size_t>(end - path.begin()));
  if ((header.flags & kDeleteOnClose) != 0 || (header.flags & kPersistent) == 0) {
    header.content = SlotContent::kTransient;
  }
  return header;
}

PoolHeaderFields encode_pool_header(const std::string& pathname, std::uint32_t open_flags) {
  [[maybe_unused]] const bool fits =
      !pathname.empty() && pathname.size() <= kPoolPathBytesMax && !pathname.contains('\0');
  assert(fits);
  PoolHeaderFields fields{};
  std::ranges::transform(pathname, fields.begin(),
                         [](char c) { return static_cast<std::byte>(c); });
  const std::uint32_t flags = open_flags | kDigestV2;
  for (std::size_t i = 0; i < 4; ++i) {
    fields[kPoolFlagsOffset + i] = static_cast<std::byte>(flags >> (24 - 8 * i));
  }
  std::ranges::copy(digest_of(fields), fields.begin() + kPoolDigestOffset);
  return fields;
}

}  // namespace tablog::storage
