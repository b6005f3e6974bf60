// RunningProgram: the tool as a process of its own, which is read line by line while it runs.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace tablog::tools {

class RunningProgram {
 public:
  enum class Reader { kListens, kGone };  // of its standard output

  explicit RunningProgram(std::vector<std::string> arguments, Reader reader = Reader::kListens);
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  // The next line of its output, or of its notes; none: it has ended. Fails the test after 20 s.
  [[nodiscard]] std::optional<std::string> line();
  [[nodiscard]] std::optional<std::string> note();
  [[nodiscard]] std::string rest();  // of its output, until it ends

  void signal(int number) const;
  void stop_reading();
  // Its exit code; of one that a signal ended, minus its number.
  [[nodiscard]] int wait();

 private:
  [[nodiscard]] static std::optional<std::string> line_of(int descriptor, std::string& buffer);

  pid_t child_{-1};
  int data_{-1};
  int notes_{-1};
  std::string data_buffer_;
  std::string notes_buffer_;
};

}  // namespace tablog::tools
