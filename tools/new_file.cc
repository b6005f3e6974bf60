#include "tools/new_file.h"

#include <algorithm>
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

}  // namespace

Result<void> check_new_file(const std::string& path, Replace replace, const std::string& input) {
  std::error_code error;
  if (fs::equivalent(path, input, error)) {
    return fail(ErrorCode::kInvalidArgument, path_text(path) + " is the log itself");
  }
  if (fs::is_directory(path, error)) {
    return fail(ErrorCode::kInvalidArgument, path_text(path) + " is a directory");
  }
  if (replace == Replace::kNo && fs::exists(path, error)) {
    return fail(ErrorCode::kInvalidArgument,
                path_text(path) + " is there already: --force replaces it");
  }
  return {};
}

Result<NewFile> NewFile::create(const std::string& path) {
  auto file = storage::open_posix_file(path + ".partial", storage::PosixMode::kExclusive);
  if (!file) {
    return fail_file(path, file.error().message);
  }
  NewFile made(path, *std::move(file));
  if (auto emptied = made.file_->truncate(0); !emptied) {
    return fail_file(path, emptied.error().message);
  }
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
  return path_ + ".partial";
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
  // SQLite would take them for the new one's.
  std::error_code ignored;
  for (const char* suffix : {"-journal", "-wal", "-shm"}) {
    fs::remove(path + suffix, ignored);
  }
  return file->place();
}

}  // namespace tablog::tools
