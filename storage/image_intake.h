// ImageIntake: a database in memory, made of an image that comes in pieces. Each goes into the
// database's pages at once and is not kept: the image never stands beside its copy as a whole.
// docs/decisions/replica-memory.md.
#pragma once

#include <cstdint>
#include <memory>

#include "log/entry.h"
#include "storage/sqlite.h"

namespace tablog::storage {

class ImageIntake {
 public:
  // `bytes`: of the whole image, which is a plain SQLite file.
  [[nodiscard]] static Result<std::unique_ptr<ImageIntake>> begin(std::uint64_t bytes);
  ~ImageIntake();

  // The bytes that follow. Only their shape is checked: kCorrupt. After an error it is of no more
  // use.
  [[nodiscard]] Result<void> add(ByteView piece);

  // After the last: the database, with the connection profile. Once.
  [[nodiscard]] Result<Connection> finish();

 private:
  struct Impl;
  explicit ImageIntake(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tablog::storage
