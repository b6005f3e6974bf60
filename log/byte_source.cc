#include "log/byte_source.h"

#include <algorithm>

#include "log/size.h"

namespace tablog {

Result<std::size_t> MemorySource::read(std::uint64_t offset, std::span<std::byte> out) {
  if (offset >= bytes_.size()) {
    return 0;
  }
  const ByteView rest = bytes_.subspan(to_size(offset));
  const std::size_t size = std::min(rest.size(), out.size());
  std::ranges::copy(rest.first(size), out.begin());
  return size;
}

Result<std::size_t> SubSource::read(std::uint64_t offset, std::span<std::byte> out) {
  if (offset >= bytes_) {
    return 0;
  }
  const std::size_t size = to_size(std::min<std::uint64_t>(bytes_ - offset, out.size()));
  return source_->read(begin_ + offset, out.first(size));
}

Result<ByteView> Window::view(std::uint64_t offset, std::size_t bytes) {
  if (offset >= end_) {
    return ByteView{};
  }
  bytes = to_size(std::min<std::uint64_t>(bytes, end_ - offset));
  if (offset < begin_ || offset + bytes > begin_ + buffer_.size()) {
    const std::size_t wanted =
        to_size(std::min<std::uint64_t>(std::max(bytes, ahead_), end_ - offset));
    ahead_ = std::min(2 * ahead_, kChunkBytes);
    buffer_.resize(wanted);
    begin_ = offset;
    const Result<std::size_t> got = source_->read(offset, buffer_);
    if (!got) {
      buffer_.clear();
      return fail(got.error());
    }
    buffer_.resize(*got);
    bytes = std::min(bytes, *got);
  }
  return ByteView(buffer_).subspan(to_size(offset - begin_), bytes);
}

}  // namespace tablog
