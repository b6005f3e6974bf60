#include "web/opfs_file.h"

#include <array>
#include <string>

// Imported from the worker. Counts are of bytes that were transferred; negative: see Failure.
extern "C" {
[[clang::import_module("env"), clang::import_name("tablog_file_read")]] std::int32_t
tablog_file_read(std::uint32_t handle, double offset, void* into, std::uint32_t bytes);
[[clang::import_module("env"), clang::import_name("tablog_file_write")]] std::int32_t
tablog_file_write(std::uint32_t handle, double offset, const void* from, std::uint32_t bytes);
[[clang::import_module("env"), clang::import_name("tablog_file_flush")]] std::int32_t
tablog_file_flush(std::uint32_t handle);
[[clang::import_module("env"), clang::import_name("tablog_file_size")]] double tablog_file_size(
    std::uint32_t handle);
[[clang::import_module("env"), clang::import_name("tablog_file_truncate")]] std::int32_t
tablog_file_truncate(std::uint32_t handle, double bytes);
[[clang::import_module("env"), clang::import_name("tablog_file_error")]] std::int32_t
tablog_file_error(char* into, std::uint32_t capacity);
}

namespace tablog::host {
namespace {

enum Failure : std::int32_t { kIo = -1, kNoSpace = -2 };

Error last_error(double failure) {
  std::array<char, 512> text{};
  const std::int32_t length = tablog_file_error(text.data(), text.size());
  const std::string words(text.data(), static_cast<std::size_t>(length < 0 ? 0 : length));
  if (static_cast<std::int32_t>(failure) == kNoSpace) {
    return Error{.code = ErrorCode::kQuotaExceeded,
                 .message = "the origin's storage quota is used up (" + words +
                            "); make room, then append again"};
  }
  return Error{.code = ErrorCode::kStorageUnavailable, .message = "OPFS: " + words};
}

class OpfsFile final : public storage::File {
 public:
  explicit OpfsFile(std::uint32_t handle) : handle_(handle) {}

  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override {
    const auto count = tablog_file_read(handle_, static_cast<double>(offset), out.data(),
                                        static_cast<std::uint32_t>(out.size()));
    if (count < 0) return fail(last_error(count));
    return static_cast<std::size_t>(count);
  }

  Result<void> write(std::uint64_t offset, ByteView data) override {
    const auto count = tablog_file_write(handle_, static_cast<double>(offset), data.data(),
                                         static_cast<std::uint32_t>(data.size()));
    if (count < 0) return fail(last_error(count));
    if (static_cast<std::size_t>(count) == data.size()) return {};
    // Off the record, Chromium writes short where the quota ends, without an exception.
    return fail(ErrorCode::kQuotaExceeded,
                "OPFS wrote " + std::to_string(count) + " of " + std::to_string(data.size()) +
                    " bytes: the origin's storage quota is used up; make room, then append again");
  }

  Result<void> flush() override { return done(tablog_file_flush(handle_)); }

  Result<std::uint64_t> size() override {
    const double bytes = tablog_file_size(handle_);
    if (bytes < 0) return fail(last_error(bytes));
    return static_cast<std::uint64_t>(bytes);
  }

  Result<void> truncate(std::uint64_t size) override {
    return done(tablog_file_truncate(handle_, static_cast<double>(size)));
  }

 private:
  static Result<void> done(std::int32_t status) {
    if (status < 0) return fail(last_error(status));
    return {};
  }

  std::uint32_t handle_;
};

}  // namespace

std::unique_ptr<storage::File> open_opfs_file(std::uint32_t handle) {
  return std::make_unique<OpfsFile>(handle);
}

}  // namespace tablog::host
