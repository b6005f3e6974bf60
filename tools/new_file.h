// NewFile: a file that the tool makes. It is written beside its place and moved there when it is
// whole: whoever opens it sees what was there before or all of the new one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "storage/file.h"

namespace tablog::tools {

enum class Replace : std::uint8_t { kNo, kYes };  // what is there already; --force

// kInvalidArgument, before any work: `path` is there already, something that is no file, or `input`
// itself, which is only read, or in it, where that is a directory.
[[nodiscard]] Result<void> check_new_file(const std::string& path, Replace replace,
                                          const std::string& input);

// The same for a database: also where SQLite would take what lies beside `path` for a part of it.
[[nodiscard]] Result<void> check_new_database(const std::string& path, Replace replace,
                                              const std::string& input);

class NewFile {
 public:
  // kStorageUnavailable.
  [[nodiscard]] static Result<NewFile> create(const std::string& path);
  ~NewFile();  // leaves nothing where place() was not called
  NewFile(NewFile&& other) noexcept;
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  NewFile& operator=(NewFile&&) = delete;

  [[nodiscard]] Result<void> append(ByteView bytes);
  [[nodiscard]] Result<void> append(std::string_view text);
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  // appended so far

  // What was appended behind `bytes` goes.
  [[nodiscard]] Result<void> cut(std::uint64_t bytes);
  // For those who put a file together from parts.
  [[nodiscard]] Result<void> append_from(NewFile& part);

  [[nodiscard]] Result<void> place();

 private:
  NewFile(std::string path, std::unique_ptr<storage::File> file)
      : path_(std::move(path)), file_(std::move(file)) {}
  [[nodiscard]] std::string partial() const;
  [[nodiscard]] Result<void> write_out();

  std::string path_;
  std::unique_ptr<storage::File> file_;  // none: placed, or moved away
  Bytes buffer_;
  std::uint64_t bytes_{};
};

// All of it at once.
[[nodiscard]] Result<void> write_new_file(const std::string& path, ByteView bytes);
// Likewise a SQLite database; what SQLite had kept beside an older one goes.
[[nodiscard]] Result<void> write_database(const std::string& path, ByteView image);

}  // namespace tablog::tools
