// What a module says when it has to end, in place of what the C and C++ runtimes would: theirs goes
// through printf with its floating point, and through a demangler of 45 kB. Whoever links the
// module gets these, for the linker takes a library's object only for what is still missing.
#include <wasi/api.h>

#include <cstddef>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>

namespace {

// On the console, by way of WASI's standard error; then the worker ends, and its page starts
// another.
[[noreturn]] void say_and_abort(std::initializer_list<std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) text += word;
  const __wasi_ciovec_t part{.buf = reinterpret_cast<const std::uint8_t*>(text.data()),
                             .buf_len = text.size()};
  constexpr __wasi_fd_t kStandardError = 2;
  __wasi_size_t written{};
  (void)__wasi_fd_write(kStandardError, &part, 1, &written);
  std::abort();
}

}  // namespace

extern "C" {

[[noreturn]] void __assert_fail(const char* condition, const char* file, int line,
                                const char* function) {
  say_and_abort({file, ":", std::to_string(line), ": ", function, ": not so: ", condition, "\n"});
}

// The C++ runtime's last message. What it would put into the format, a type's name, is left out.
[[noreturn]] void abort_message(const char* format, ...) {
  say_and_abort({format, "\n"});
}

// Asked for the type of an exception that nobody catches.
char* __cxa_demangle(const char* /*name*/, char* /*into*/, std::size_t* /*length*/, int* status) {
  constexpr int kMemoryFailure = -1;
  if (status != nullptr) *status = kMemoryFailure;
  return nullptr;
}
}
