// Ballast: disk space held in a file of its own, to be given up when another write finds none.
// Why, and what it can promise: docs/decisions/space-reservation.md.
#pragma once

#include <cstdint>

#include "storage/file.h"

namespace tablog::storage {

class Ballast {
 public:
  // Uses the part of `file` from `base` on; `held` bytes of it exist already.
  void adopt(File& file, std::uint64_t base, std::uint64_t held);
  void abandon() { *this = Ballast{}; }  // the file is wanted for something else
  [[nodiscard]] bool in(const File& file) const { return file_ == &file; }
  [[nodiscard]] bool adopted() const { return file_ != nullptr; }
  [[nodiscard]] std::uint64_t held() const { return held_; }

  // Grows to at least `bytes`, in space that is really taken. On an error it is what it was before.
  [[nodiscard]] Result<void> hold(std::uint64_t bytes);

  // Gives up at least `bytes`, or all there is. kExhausted: there was nothing to give.
  enum class Given { kSome, kExhausted };
  [[nodiscard]] Given give_up(std::uint64_t bytes);

  // Does `operation` (a callable that returns a Result); as long as it finds no space and there is
  // ballast, gives up some, more each time, and does it again.
  template <class Operation>
  [[nodiscard]] auto spend(std::uint64_t bytes, Operation operation) {
    auto done = operation();
    while (!done && done.error().code == ErrorCode::kQuotaExceeded &&
           give_up(bytes) == Given::kSome) {
      bytes *= 2;
      done = operation();
    }
    return done;
  }

 private:
  [[nodiscard]] Result<void> grow_to(std::uint64_t bytes);

  File* file_ = nullptr;
  std::uint64_t base_ = 0;
  std::uint64_t held_ = 0;
};

}  // namespace tablog::storage
