// OverlayFile: a file that can be written to without being changed: what is written stays in
// memory, over the file's own bytes. SQLite wants to write where it only reads (a WAL that it
// recovers, a pool that it tidies); with this the tool never touches what it looks at.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "storage/file.h"

namespace tablog::tools {

class OverlayFile final : public storage::File {
 public:
  explicit OverlayFile(std::unique_ptr<storage::File> base) : base_(std::move(base)) {}

  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override;
  Result<void> write(std::uint64_t offset, ByteView data) override;
  Result<void> flush() override { return {}; }
  Result<std::uint64_t> size() override;
  Result<void> truncate(std::uint64_t size) override;

 private:
  static constexpr std::size_t kPageBytes = 4096;

  // The written page `number`, made from the base where it is the first write to it.
  [[nodiscard]] Result<std::span<std::byte>> page(std::uint64_t number);
  // From the base alone: what it does not have, or has lost by truncation, is zeros.
  [[nodiscard]] Result<void> read_base(std::uint64_t offset, std::span<std::byte> out);

  std::unique_ptr<storage::File> base_;
  std::unordered_map<std::uint64_t, Bytes> pages_;
  // Fixed by the first call that asks: a live file may grow underneath.
  std::optional<std::uint64_t> size_;
  std::uint64_t base_bytes_{};  // of the base that still show through
};

// Every slot behind an overlay.
[[nodiscard]] std::vector<storage::Slot> overlay(std::vector<storage::Slot> slots);

}  // namespace tablog::tools
