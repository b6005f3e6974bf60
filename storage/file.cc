#include "storage/file.h"

#include "log/size.h"

namespace tablog::storage {

Result<Bytes> read_whole(File& file) {
  const auto size = file.size();
  if (!size) return fail(size.error());
  Bytes content(to_size(*size));
  if (const auto got = file.read(0, content); !got) return fail(got.error());
  return content;
}

}  // namespace tablog::storage
