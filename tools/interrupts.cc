#include "tools/interrupts.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace tablog::tools {

namespace {

constexpr std::array kSignals{SIGINT, SIGTERM};

// A handler can reach nothing else.
volatile std::sig_atomic_t interrupted = 0;
volatile std::sig_atomic_t wake = -1;  // written to
int wait_on = -1;
std::array<struct sigaction, kSignals.size()> before{};

void on_signal(int /*signal*/) {
  const int number = errno;
  interrupted = 1;
  const char byte = 0;
  [[maybe_unused]] const auto put = ::write(wake, &byte, 1);
  errno = number;
}

}  // namespace

Interrupts::Interrupts() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe(ends.data()) == 0) {
    for (const int end : ends) {
      static_cast<void>(::fcntl(end, F_SETFD, FD_CLOEXEC));
      static_cast<void>(::fcntl(end, F_SETFL, O_NONBLOCK));
    }
  }
  interrupted = 0;
  wait_on = ends[0];
  wake = ends[1];
  struct sigaction action{};
  action.sa_handler = on_signal;
  // A process that cannot write on (a pager that waits) must still end by the second one.
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals.at(i), &action, &before.at(i));
  }
}

Interrupts::~Interrupts() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals.at(i), &before.at(i), nullptr);
  }
  ::close(wait_on);
  ::close(wake);
  wait_on = -1;
  wake = -1;
}

bool Interrupts::came() const {
  return interrupted != 0;
}

int Interrupts::descriptor() const {
  return wait_on;
}

}  // namespace tablog::tools
