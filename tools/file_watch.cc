#include "tools/file_watch.h"

#include <poll.h>
#include <unistd.h>

#include <array>

#ifdef __linux__
#include <sys/inotify.h>
#endif

namespace tablog::tools {

#ifdef __linux__

FileWatch::FileWatch() : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {}

void FileWatch::set(const std::string& directory) {
  if (inotify_ < 0 || (directory == directory_ && watched_ >= 0)) {
    return;
  }
  if (watched_ >= 0) {
    static_cast<void>(::inotify_rm_watch(inotify_, watched_));
  }
  watched_ = ::inotify_add_watch(inotify_, directory.c_str(),
                                 IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                     IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
  directory_ = directory;
}

// What changed does not matter; that the directory itself has gone does: it is watched no more.
void FileWatch::drain() {
  alignas(inotify_event) std::array<char, 16U << 10U> events{};
  ssize_t got = 0;
  while ((got = ::read(inotify_, events.data(), events.size())) > 0) {
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(events.data() + at);
      if ((event->mask & IN_IGNORED) != 0 && event->wd == watched_) {
        watched_ = -1;
      }
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
}

#else

FileWatch::FileWatch() = default;
void FileWatch::set(const std::string& /*directory*/) {}
void FileWatch::drain() {}

#endif

FileWatch::~FileWatch() {
  if (inotify_ >= 0) {
    ::close(inotify_);
  }
}

Woken FileWatch::wait(std::chrono::milliseconds at_most, int interrupts, int output) {
  // A negative descriptor is passed over. Of the output only its end is asked for.
  std::array<pollfd, 3> watched{{{.fd = inotify_, .events = POLLIN, .revents = 0},
                                 {.fd = interrupts, .events = POLLIN, .revents = 0},
                                 {.fd = output, .events = 0, .revents = 0}}};
  static_cast<void>(::poll(watched.data(), watched.size(), static_cast<int>(at_most.count())));
  if (watched[1].revents != 0) {
    return Woken::kInterrupted;
  }
  if ((watched[2].revents & (POLLERR | POLLHUP)) != 0) {
    return Woken::kReaderGone;
  }
  drain();
  return Woken::kLook;
}

}  // namespace tablog::tools
