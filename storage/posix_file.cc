#include "storage/posix_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace tablog::storage {

namespace {

std::unexpected<Error> fail_errno(const std::string& what, int number) {
  const bool no_space = number == ENOSPC || number == EDQUOT || number == EFBIG;
  return fail(no_space ? ErrorCode::kQuotaExceeded : ErrorCode::kStorageUnavailable,
              what + ": " + std::generic_category().message(number));
}

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~PosixFile() override { ::close(descriptor_); }  // lets go of the lock too
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t got = ::pread(descriptor_, out.data() + done, out.size() - done,
                                  static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got < 0) {
        return fail_errno("read " + path_, errno);
      }
      if (got == 0) {
        break;
      }
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Result<void> write(std::uint64_t offset, ByteView data) override {
    while (!data.empty()) {
      const ssize_t put =
          ::pwrite(descriptor_, data.data(), data.size(), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) {
        continue;
      }
      if (put < 0) {
        return fail_errno("write " + path_, errno);
      }
      offset += static_cast<std::uint64_t>(put);
      data = data.subspan(static_cast<std::size_t>(put));
    }
    return {};
  }

  Result<void> flush() override {
    if (::fdatasync(descriptor_) != 0) {
      return fail_errno("flush " + path_, errno);
    }
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0) {
      return fail_errno("size of " + path_, errno);
    }
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<void> truncate(std::uint64_t size) override {
    if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
      return fail_errno("truncate " + path_, errno);
    }
    return {};
  }

 private:
  int descriptor_;
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<File>> open_posix_file(const std::string& path, PosixMode mode) {
  const bool exclusive = mode != PosixMode::kReadOnly;
  // Without O_NONBLOCK a pipe would be waited for: that it is no file is only seen once it is open.
  const int flags = (mode == PosixMode::kExclusive ? O_RDWR | O_CREAT
                     : mode == PosixMode::kNew     ? O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW
                                                   : O_RDONLY | O_NONBLOCK) |
                    O_CLOEXEC;
  const int descriptor = ::open(path.c_str(), flags, 0644);
  if (descriptor < 0) {
    return fail_errno("open " + path, errno);
  }
  auto file = std::make_unique<PosixFile>(descriptor, path);
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) {
    return fail_errno("open " + path, errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::kStorageUnavailable, "open " + path + ": not a file");
  }
  if (exclusive && ::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK
               ? fail(ErrorCode::kStorageUnavailable, path + " is held by another process")
               : fail_errno("lock " + path, errno);
  }
  return file;
}

Result<std::vector<Slot>> open_posix_slots(const std::string& directory, PosixMode mode) {
  std::error_code error;
  std::filesystem::directory_iterator iterator(directory, error);
  std::vector<std::filesystem::path> paths;
  for (; !error && iterator != std::filesystem::directory_iterator(); iterator.increment(error)) {
    if (iterator->is_regular_file(error)) {
      paths.push_back(iterator->path());
    }
  }
  if (error) {
    return fail(ErrorCode::kStorageUnavailable, "read " + directory + ": " + error.message());
  }
  std::ranges::sort(paths);
  std::vector<Slot> slots;
  for (const std::filesystem::path& path : paths) {
    auto file = open_posix_file(path.string(), mode);
    if (!file) {
      return fail(file.error());
    }
    slots.push_back({path.filename().string(), std::move(*file)});
  }
  return slots;
}

}  // namespace tablog::storage
