// ByteSource: where bytes at an offset come from: a file, part of one, or memory. Lets the log's
// readers work on gigabytes without holding them.
#pragma once

#include <cstdint>
#include <memory>

#include "log/entry.h"

namespace tablog {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Reads at most out.size() bytes at `offset`; returns how many, fewer only at the end.
  [[nodiscard]] virtual Result<std::size_t> read(std::uint64_t offset,
                                                 std::span<std::byte> out) = 0;
};

// Bytes that somebody else holds, for longer than this lives.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(ByteView bytes) : bytes_(bytes) {}
  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override;

 private:
  ByteView bytes_;
};

// `bytes` of another source, from `begin` on.
class SubSource final : public ByteSource {
 public:
  SubSource(std::shared_ptr<ByteSource> source, std::uint64_t begin, std::uint64_t bytes)
      : source_(std::move(source)), begin_(begin), bytes_(bytes) {}
  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override;

 private:
  std::shared_ptr<ByteSource> source_;
  std::uint64_t begin_;
  std::uint64_t bytes_;
};

// Reads a source from front to back in large pieces: where every read crosses a process (Firefox)
// it costs the same for 64 bytes as for 64 KiB.
class Window {
 public:
  static constexpr std::size_t kChunkBytes = 256U << 10U;
  static constexpr std::size_t kFirstChunkBytes = 32U << 10U;  // doubled with every further read

  // Nothing at or behind `end` is looked at.
  Window(ByteSource& source, std::uint64_t end) : source_(&source), end_(end) {}

  // `bytes` at `offset`; fewer only where the end lies before. Valid until the next call.
  [[nodiscard]] Result<ByteView> view(std::uint64_t offset, std::size_t bytes);

 private:
  ByteSource* source_;
  std::uint64_t end_;
  std::uint64_t begin_{};  // of what `buffer_` holds
  std::size_t ahead_ = kFirstChunkBytes;
  Bytes buffer_;
};

}  // namespace tablog
