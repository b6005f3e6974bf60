// tablog: the native command line tool. See tools/README.md.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <span>
#include <string_view>

#include "tools/command_line.h"

namespace {

using namespace tablog::tools;

// Source of the convention: no-color.org.
Colours colours_of(int descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool refused = (no_color != nullptr && *no_color != '\0') || term == nullptr ||
                       std::string_view(term) == "dumb";
  return !refused && isatty(descriptor) == 1 ? Colours::kAlways : Colours::kNever;
}

std::size_t terminal_width(int descriptor) {
  winsize size{};
  const bool known = isatty(descriptor) == 1 && ioctl(descriptor, TIOCGWINSZ, &size) == 0;
  return known ? size.ws_col : 0;
}

// Every slot of a log is held open while it is read; a large one has more than the usual 1024.
void allow_many_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
  }
}

// A number of those three that is free would go to the next file that is opened, and what is
// printed into that.
void occupy_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) == -1) {
      static_cast<void>(open("/dev/null", O_RDONLY));  // printing to it still fails
    }
  }
}

// `tablog dump | head` ends as every filter does when its reader has gone, also where whoever
// started it ignores the signal.
void end_with_the_reader() {
  static_cast<void>(std::signal(SIGPIPE, SIG_DFL));
}

}  // namespace

int main(int count, char** arguments) {
  std::ios::sync_with_stdio(false);
  occupy_standard_streams();
  end_with_the_reader();
  // A file that grows beyond what is allowed is an error of its write, told as any other.
  std::signal(SIGXFSZ, SIG_IGN);
  allow_many_files();
  const Streams streams{.data = std::cout,
                        .notes = std::cerr,
                        .data_colours = colours_of(STDOUT_FILENO),
                        .notes_colours = colours_of(STDERR_FILENO),
                        .width = terminal_width(STDOUT_FILENO),
                        .notes_width = terminal_width(STDERR_FILENO)};
  return static_cast<int>(run_command_line(
      std::span<const char* const>(arguments, static_cast<std::size_t>(count)), streams));
}
