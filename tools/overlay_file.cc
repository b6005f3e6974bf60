#include "tools/overlay_file.h"

#include <algorithm>

namespace tablog::tools {

Result<std::uint64_t> OverlayFile::size() {
  if (!size_) {
    const auto bytes = base_->size();
    if (!bytes) {
      return fail(bytes.error());
    }
    size_ = base_bytes_ = *bytes;
  }
  return *size_;
}

Result<std::size_t> OverlayFile::read(std::uint64_t offset, std::span<std::byte> out) {
  const auto size = this->size();
  if (!size) {
    return fail(size.error());
  }
  const std::uint64_t available = *size - std::min(*size, offset);
  out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), available)));
  if (const auto done = read_base(offset, out); !done) {
    return fail(done.error());
  }
  for (std::size_t at = 0; at < out.size() && !pages_.empty();) {
    const std::uint64_t number = (offset + at) / kPageBytes;
    const auto begin = static_cast<std::size_t>((offset + at) % kPageBytes);
    const std::size_t bytes = std::min(kPageBytes - begin, out.size() - at);
    if (const auto written = pages_.find(number); written != pages_.end()) {
      std::ranges::copy(std::span(written->second).subspan(begin, bytes), out.subspan(at).begin());
    }
    at += bytes;
  }
  return out.size();
}

Result<void> OverlayFile::write(std::uint64_t offset, ByteView data) {
  const auto size = this->size();
  if (!size) {
    return fail(size.error());
  }
  if (!data.empty()) {
    size_ = std::max(*size, offset + data.size());
  }
  while (!data.empty()) {
    const auto begin = static_cast<std::size_t>(offset % kPageBytes);
    const std::size_t bytes = std::min(kPageBytes - begin, data.size());
    const auto target = page(offset / kPageBytes);
    if (!target) {
      return fail(target.error());
    }
    std::ranges::copy(data.first(bytes), target->subspan(begin).begin());
    data = data.subspan(bytes);
    offset += bytes;
  }
  return {};
}

Result<void> OverlayFile::truncate(std::uint64_t size) {
  if (const auto known = this->size(); !known) {
    return fail(known.error());
  }
  size_ = size;
  base_bytes_ = std::min(base_bytes_, size);
  std::erase_if(pages_, [&](const auto& written) { return written.first * kPageBytes >= size; });
  if (const auto cut = pages_.find(size / kPageBytes); cut != pages_.end()) {
    std::ranges::fill(std::span(cut->second).subspan(size % kPageBytes), std::byte{0});
  }
  return {};
}

Result<std::span<std::byte>> OverlayFile::page(std::uint64_t number) {
  const auto [written, is_new] = pages_.try_emplace(number);
  if (is_new) {
    written->second.resize(kPageBytes);
    if (const auto done = read_base(number * kPageBytes, written->second); !done) {
      pages_.erase(written);
      return fail(done.error());
    }
  }
  return std::span(written->second);
}

Result<void> OverlayFile::read_base(std::uint64_t offset, std::span<std::byte> out) {
  const std::uint64_t visible = base_bytes_ - std::min(base_bytes_, offset);
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), visible));
  std::size_t got = 0;
  if (wanted > 0) {
    const auto read = base_->read(offset, out.first(wanted));
    if (!read) {
      return fail(read.error());
    }
    got = *read;
  }
  std::ranges::fill(out.subspan(got), std::byte{0});
  return {};
}

std::vector<storage::Slot> overlay(std::vector<storage::Slot> slots) {
  for (storage::Slot& slot : slots) {
    slot.file = std::make_unique<OverlayFile>(std::move(slot.file));
  }
  return slots;
}

}  // namespace tablog::tools
