// FileSource: a File as the log's readers see it. The file outlives it.
#pragma once

#include "log/byte_source.h"
#include "storage/file.h"

namespace tablog::storage {

class FileSource final : public ByteSource {
 public:
  explicit FileSource(File& file) : file_(&file) {}
  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override {
    return file_->read(offset, out);
  }

 private:
  File* file_;
};

// The same, where the reader is the only one who needs the file.
class OwnedFileSource final : public ByteSource {
 public:
  explicit OwnedFileSource(std::unique_ptr<File> file) : file_(std::move(file)) {}
  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override {
    return file_->read(offset, out);
  }

 private:
  std::unique_ptr<File> file_;
};

}  // namespace tablog::storage
