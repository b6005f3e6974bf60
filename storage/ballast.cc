#include "storage/ballast.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace tablog::storage {
namespace {

constexpr std::size_t kPieceBytes = 64U << 10U;  // written, and given up, at once
constexpr std::uint64_t kStepBytes = 256U
                                     << 10U;  // held in multiples of this, where there is space

// Bytes that no file system stores in less than their size: zeros might become a hole.
[[nodiscard]] Bytes incompressible_piece() {
  Bytes piece(kPieceBytes);
  std::uint64_t state = 0x9e3779b97f4a7c15;
  for (auto& byte : piece) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<std::byte>(state >> 56U);
  }
  return piece;
}

}  // namespace

void Ballast::adopt(File& file, std::uint64_t base, std::uint64_t held) {
  file_ = &file;
  base_ = base;
  held_ = held;
}

Result<void> Ballast::hold(std::uint64_t bytes) {
  assert(adopted());
  if (held_ >= bytes) return {};
  // A little more than asked for, so that it does not grow a little at every call.
  const auto grown = grow_to((bytes + kStepBytes - 1) / kStepBytes * kStepBytes);
  return grown ? grown : grow_to(bytes);
}

Result<void> Ballast::grow_to(std::uint64_t bytes) {
  const Bytes piece = incompressible_piece();
  for (std::uint64_t end = held_; end < bytes;) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, bytes - end));
    if (auto written = file_->write(base_ + end, ByteView(piece).first(size)); !written) {
      // Space that was asked for in vain is wanted by someone else now. Shrinking needs none;
      // should it fail all the same, the file is larger than held_ says, which harms nobody.
      std::ignore = file_->truncate(base_ + held_);
      return written;
    }
    end += size;
  }
  held_ = bytes;
  return {};
}

Ballast::Given Ballast::give_up(std::uint64_t bytes) {
  if (held_ == 0) return Given::kExhausted;
  const std::uint64_t left = held_ - std::min(held_, std::max<std::uint64_t>(bytes, kPieceBytes));
  if (!file_->truncate(base_ + left)) return Given::kExhausted;
  held_ = left;
  return Given::kSome;
}

}  // namespace tablog::storage
