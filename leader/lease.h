// Lease: the right to speak. A lock can be stolen, and a stopped process does not notice, so a
// leader says nothing unless less than L has passed since it *began* to ask who holds its lock, and
// was told: you. DESIGN section 6.
#pragma once

#include <chrono>
#include <optional>

namespace tablog::leader {

class Lease {
 public:
  explicit Lease(std::chrono::microseconds length) : length_(length) {}

  void seen(std::chrono::microseconds began) {
    if (!began_ || *began_ < began) began_ = began;
    asked_.reset();
  }

  [[nodiscard]] bool valid(std::chrono::microseconds now) const {
    return began_ && now - *began_ < length_;
  }

  // True when it is time to ask again; the caller asks. Asked early, at half the length, so that a
  // busy leader never waits; asked again when an answer stays out for a whole length.
  [[nodiscard]] bool ask(std::chrono::microseconds now) {
    if (began_ && now - *began_ < length_ / 2) return false;
    if (asked_ && now - *asked_ < length_) return false;
    asked_ = now;
    return true;
  }

 private:
  std::chrono::microseconds length_;
  std::optional<std::chrono::microseconds> began_;
  std::optional<std::chrono::microseconds> asked_;  // an answer is out
};

}  // namespace tablog::leader
