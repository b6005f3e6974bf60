// Progress: a bar on a terminal's last line, for work that takes longer than a second. Nothing is
// shown where the notes go elsewhere, and nothing is left of it in the end.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "tools/output.h"

namespace tablog::tools {

// "verifying  [#####.....]  50%  3 s left", at most `width` characters.
[[nodiscard]] std::string progress_text(std::string_view what, std::uint64_t done,
                                        std::uint64_t total, std::chrono::milliseconds so_far,
                                        std::size_t width);

class Progress {
 public:
  Progress(Output& output, std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Once in so many calls: then at() is worth calling. Cheap enough for every entry.
  [[nodiscard]] bool due() { return ++calls_ % kCallsPerLook == 0; }
  void at(std::uint64_t done, std::uint64_t total);

 private:
  static constexpr std::uint32_t kCallsPerLook = 256;

  Output& output_;
  std::string what_;
  std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point drawn_;
  std::uint32_t calls_{};
};

}  // namespace tablog::tools
