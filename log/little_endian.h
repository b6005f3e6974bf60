// Fields of fixed layouts, little-endian, at given offsets. The callers know their sizes: out of
// bounds is our own mistake and asserts.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <concepts>
#include <cstring>
#include <span>

#include "log/entry.h"
#include "log/ids.h"

namespace tablog {

static_assert(std::endian::native == std::endian::little, "the layouts are copied as they stand");

template <std::integral T>
void store(std::span<std::byte> bytes, std::size_t offset, T value) {
  assert(offset + sizeof(T) <= bytes.size());
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

template <std::integral T>
[[nodiscard]] T load(ByteView bytes, std::size_t offset) {
  assert(offset + sizeof(T) <= bytes.size());
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

template <class Tag>
void store(std::span<std::byte> bytes, std::size_t offset, const Bits128<Tag>& value) {
  assert(offset + value.bytes.size() <= bytes.size());
  std::ranges::copy(value.bytes, bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

template <class Id>
[[nodiscard]] Id load_id(ByteView bytes, std::size_t offset) {
  Id id;
  assert(offset + id.bytes.size() <= bytes.size());
  std::memcpy(id.bytes.data(), bytes.data() + offset, id.bytes.size());
  return id;
}

}  // namespace tablog
