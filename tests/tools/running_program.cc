#include "tests/tools/running_program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace tablog::tools {

namespace {

constexpr int kPatienceMs = 20'000;

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return ends;
}

}  // namespace

RunningProgram::RunningProgram(std::vector<std::string> arguments, Reader reader) {
  const auto data = make_pipe();
  const auto notes = make_pipe();
  arguments.insert(arguments.begin(), TABLOG_PROGRAM);
  std::vector<char*> words;
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  if (reader == Reader::kGone) {
    ::close(data[0]);
  } else {
    data_ = data[0];
  }
  notes_ = notes[0];
  child_ = ::fork();
  if (child_ == 0) {
    // As some programs start theirs.
    if (reader == Reader::kGone) static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    ::dup2(data[1], STDOUT_FILENO);
    ::dup2(notes[1], STDERR_FILENO);
    ::execv(words.front(), words.data());
    ::_exit(127);
  }
  ::close(data[1]);
  ::close(notes[1]);
}

RunningProgram::~RunningProgram() {
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  if (data_ >= 0) ::close(data_);
  ::close(notes_);
}

std::optional<std::string> RunningProgram::line_of(int descriptor, std::string& buffer) {
  while (true) {
    if (const auto end = buffer.find('\n'); end != std::string::npos) {
      std::string line = buffer.substr(0, end);
      buffer.erase(0, end + 1);
      return line;
    }
    pollfd waiting{.fd = descriptor, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, kPatienceMs) != 1) {
      ADD_FAILURE() << "no line within " << kPatienceMs << " ms";
      return std::nullopt;
    }
    std::array<char, 4096> piece{};
    const ssize_t got = ::read(descriptor, piece.data(), piece.size());
    if (got <= 0) {
      return std::nullopt;
    }
    buffer.append(piece.data(), static_cast<std::size_t>(got));
  }
}

std::optional<std::string> RunningProgram::line() {
  return line_of(data_, data_buffer_);
}
std::optional<std::string> RunningProgram::note() {
  return line_of(notes_, notes_buffer_);
}

std::string RunningProgram::rest() {
  std::string all;
  while (const auto next = line()) all += *next + "\n";
  return all + data_buffer_;
}

void RunningProgram::signal(int number) const {
  ::kill(child_, number);
}

void RunningProgram::stop_reading() {
  ::close(data_);
  data_ = -1;
}

int RunningProgram::wait() {
  int status = 0;
  EXPECT_EQ(::waitpid(child_, &status, 0), child_);
  child_ = -1;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace tablog::tools
