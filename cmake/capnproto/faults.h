// Ahead of every wasm source that sees KJ (-include): KJ's checks, saying less. Where one fails, KJ
// makes a text of the condition, its operands and the operating system's words; the code for that,
// and the texts, are more than 10 KB of the download. Here it throws the place instead,
// "capnp/layout.c++:2042".
#pragma once

#include <kj/debug.h>

namespace tablog {

// Throws kj::Exception. The braces behind a check are never entered: all that they do is choose a
// default.
[[noreturn]] void throw_fault(const char* file, int line);

}  // namespace tablog

#undef KJ_FAIL_REQUIRE
#define KJ_FAIL_REQUIRE(...) for (::tablog::throw_fault(__FILE__, __LINE__);;)

#undef KJ_REQUIRE
#define KJ_REQUIRE(condition, ...)               \
  if (KJ_LIKELY(static_cast<bool>(condition))) { \
  } else                                         \
    KJ_FAIL_REQUIRE()

#undef KJ_REQUIRE_NONNULL
#define KJ_REQUIRE_NONNULL(value, ...)         \
  (*({                                         \
    auto kj_known = ::kj::_::readMaybe(value); \
    KJ_REQUIRE(kj_known);                      \
    ::kj::mv(kj_known);                        \
  }))

#undef KJ_FAIL_SYSCALL
#define KJ_FAIL_SYSCALL(...) KJ_FAIL_REQUIRE()

#undef KJ_UNIMPLEMENTED
#define KJ_UNIMPLEMENTED(...) KJ_FAIL_REQUIRE()

#undef KJ_LOG
#define KJ_LOG(...) \
  do {              \
  } while (false)
