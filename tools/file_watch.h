// FileWatch: waits until something changes in a directory or in its files. By inotify on Linux;
// elsewhere, and where the kernel tells nothing (a file system of a network), whoever waits looks
// again when the time is over.
#pragma once

#include <chrono>
#include <string>

namespace tablog::tools {

enum class Woken {
  kLook,         // something changed, or the time is over
  kInterrupted,  // `interrupts` can be read
  kReaderGone,   // nobody reads `output` any more
};

class FileWatch {
 public:
  FileWatch();
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // From now on this one, in place of the one before. Changes made meanwhile wake the next wait().
  void set(const std::string& directory);

  // Descriptors: of a pipe that tells of an interruption, and of what is written to.
  Woken wait(std::chrono::milliseconds at_most, int interrupts, int output);

 private:
  void drain();

  int inotify_{-1};
  int watched_{-1};
  std::string directory_;
};

}  // namespace tablog::tools
