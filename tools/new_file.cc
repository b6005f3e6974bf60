#include "tools/new_file.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "log/size.h"
#include "storage/posix_file.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferBytes = 256U << 10U;

std::unexpected<Error> fail_file(const std::string& path, const std::string& what) {
  return fail(ErrorCode::kStorageUnavailable, "cannot write " + path_text(path) + ": " + what);
}

bool is_within(const fs::path& path, const fs::path& directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error)) return false;
  const fs::path outer = fs::canonical(directory, error);
  const fs::path inner = fs::weakly_canonical(fs::absolute(path, error), error);
  const auto [end, _] = std::ranges::mismatch(outer, inner);
  return !error && end == outer.end();
}

constexpr std::array<const char*, 3> kSuffixes{"-journal", "-wal", "-shm"};  // of SQLite

}  // namespace

Result<void> check_new_file(const std::string& path, Replace replace, const std::string& input) {
  std::error_code error;
  if (fs::equivalent(path, input, error)) {
    return fail(ErrorCode::kInvalidArgument, path_text(path) + " is the log itself");
  }
  const fs::file_status status = fs::symlink_status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    return fail(ErrorCode::kInvalidArgument, path_text(path) + " is there, and is no file");
  }
  if (is_within(path, input)) {
    return fail(ErrorCode::kInvalidArgument,
                path_text(path) + " is among the files of the log, which are only read");
  }
  if (replace == Replace::kNo && fs::exists(path, error)) {
    return fail(ErrorCode::kInvalidArgument,
                path_text(path) + " is there already: --force replaces it");
  }
  return {};
}

Result<void> check_new_database(const std::string& path, Replace replace,
                                const std::string& input) {
  if (auto ready = check_new_file(path, replace, input); !ready) return ready;
  std::error_code error;
  for (const char* suffix : kSuffixes) {
    const std::string beside = path + suffix;
    if (fs::equivalent(beside, input, error)) {
      return fail(ErrorCode::kInvalidArgument, "SQLite would take the log, " + path_text(beside) +
                                                   ", for a part of " + path_text(path) +
                                                   ": choose another name");
    }
    if (replace == Replace::kNo && fs::exists(fs::symlink_status(beside, error))) {
      return fail(ErrorCode::kInvalidArgument,
                  path_text(beside) + " is there, which SQLite would take for a part of " +
                      path_text(path) + ": --force removes it");
    }
  }
  return {};
}

// The name is of this process: what lies there already is somebody else's.
Result<NewFile> NewFile::create(const std::string& path) {
  NewFile made(path, nullptr);
  auto file = storage::open_posix_file(made.partial(), storage::PosixMode::kNew);
  if (!file) {
    return fail_file(path, file.error().message);
  }
  made.file_ = *std::move(file);
  return made;
}

NewFile::NewFile(NewFile&& other) noexcept = default;

NewFile::~NewFile() {
  if (file_) {
    std::error_code ignored;
    fs::remove(partial(), ignored);
  }
}

std::string NewFile::partial() const {
  return path_ + "." + std::to_string(::getpid()) + ".partial";
}

Result<void> NewFile::append(ByteView bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  bytes_ += bytes.size();
  return buffer_.size() < kBufferBytes ? Result<void>{} : write_out();
}

Result<void> NewFile::append(std::string_view text) {
  return append(std::as_bytes(std::span(text)));
}

Result<void> NewFile::write_out() {
  if (auto written = file_->write(bytes_ - buffer_.size(), buffer_); !written) {
    return fail_file(path_, written.error().message);
  }
  buffer_.clear();
  return {};
}

Result<void> NewFile::cut(std::uint64_t bytes) {
  if (auto written = write_out(); !written) {
    return written;
  }
  bytes_ = bytes;
  return file_->truncate(bytes);
}

Result<void> NewFile::append_from(NewFile& part) {
  if (auto written = part.write_out(); !written) {
    return written;
  }
  Bytes piece(kBufferBytes);
  for (std::uint64_t offset = 0; offset < part.bytes_;) {
    const auto got = part.file_->read(offset, piece);
    if (!got) {
      return fail(got.error());
    }
    if (*got == 0) {
      return fail_file(path_, "a part of it has become shorter");
    }
    if (auto added = append(ByteView(piece).first(*got)); !added) {
      return added;
    }
    offset += *got;
  }
  return {};
}

Result<void> NewFile::place() {
  if (auto written = write_out(); !written) {
    return written;
  }
  std::error_code error;
  fs::rename(partial(), path_, error);
  if (error) {
    return fail_file(path_, error.message());
  }
  file_.reset();
  return {};
}

Result<void> write_new_file(const std::string& path, ByteView bytes) {
  auto file = NewFile::create(path);
  if (!file) {
    return fail(file.error());
  }
  if (auto written = file->append(bytes); !written) {
    return written;
  }
  return file->place();
}

Result<void> write_database(const std::string& path, ByteView image) {
  auto file = NewFile::create(path);
  if (!file) {
    return fail(file.error());
  }
  if (auto written = file->append(image); !written) {
    return written;
  }
  // SQLite would take them for the new one's; check_new_database() has asked for them.
  std::error_code ignored;
  for (const char* suffix : kSuffixes) {
    fs::remove(path + suffix, ignored);
  }
  return file->place();
}

}  // namespace tablog::tools
