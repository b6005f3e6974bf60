// Interrupts: SIGINT and SIGTERM as something to wait for, so that what runs until it is told to
// stop ends by itself, with its output whole.
#pragma once

namespace tablog::tools {

// While it lives, the first of either signal only makes descriptor() readable; a second one ends
// the process as it always does. One at a time.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  [[nodiscard]] bool came() const;
  [[nodiscard]] int descriptor() const;
};

}  // namespace tablog::tools
