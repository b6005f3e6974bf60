// Writer and Reader: the primitives of docs/boundary.md#encoding.
#pragma once

#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "log/entry.h"
#include "log/result.h"

namespace tablog::host {

static_assert(std::endian::native == std::endian::little);

class Writer {
 public:
  void u8(std::uint8_t value) { raw(&value, 1); }
  void u32(std::uint32_t value) { raw(&value, 4); }
  void u64(std::uint64_t value) { raw(&value, 8); }
  void i64(std::int64_t value) { raw(&value, 8); }
  void f64(double value) { raw(&value, 8); }
  void boolean(bool value) { u8(value ? 1 : 0); }
  void text(std::string_view value) {
    u32(static_cast<std::uint32_t>(value.size()));
    raw(value.data(), value.size());
  }
  void bytes(ByteView value) {
    u32(static_cast<std::uint32_t>(value.size()));
    raw(value.data(), value.size());
  }
  template <class Tag>
  void id(const Bits128<Tag>& value) {
    raw(value.bytes.data(), value.bytes.size());
  }
  void value(const Value& value);
  void args(const std::vector<Argument>& args);
  void error(const Error& error);
  void raw(const void* data, std::size_t size) {
    const auto* first = static_cast<const std::byte*>(data);
    out_.insert(out_.end(), first, first + size);
  }
  [[nodiscard]] Bytes take() { return std::exchange(out_, {}); }

 private:
  Bytes out_;
};

// Reads in bounds. After the first thing that does not fit, ok() is false and all else reads as
// zero.
class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }
  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  double f64() { return number<double>(); }
  std::int64_t i64() { return number<std::int64_t>(); }
  bool boolean() { return u8() != 0; }
  std::string text() {
    const ByteView view = take(u32());
    return {reinterpret_cast<const char*>(view.data()), view.size()};
  }
  ByteView bytes() { return take(u32()); }
  template <class Id>
  Id id() {
    Id id;
    const ByteView view = take(id.bytes.size());
    if (ok_) std::memcpy(id.bytes.data(), view.data(), view.size());
    return id;
  }
  Value value();
  std::vector<Argument> args();
  Error error();
  std::optional<Index> option_index() {
    return boolean() ? std::optional(Index{u64()}) : std::nullopt;
  }
  // A count of things of at least `bytes_min` each: never more than the rest can hold.
  std::uint32_t count(std::size_t bytes_min) {
    const std::uint32_t count = u32();
    if (count > rest_.size() / bytes_min) ok_ = false;
    return ok_ ? count : 0;
  }
  ByteView take(std::size_t size);
  void fail() { ok_ = false; }

 private:
  template <class Number>
  Number number() {
    Number value{};
    const ByteView view = take(sizeof value);
    if (ok_) std::memcpy(&value, view.data(), sizeof value);
    return value;
  }

  ByteView rest_;
  bool ok_{true};
};

}  // namespace tablog::host
