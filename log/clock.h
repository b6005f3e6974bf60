// Clock: time as an input. The core never asks for it.
#pragma once

#include <chrono>

namespace tablog {

struct Clock {
  std::chrono::microseconds monotonic{};  // since an arbitrary start; never goes back
  std::chrono::milliseconds wall{};       // since the epoch; may jump
};

}  // namespace tablog
