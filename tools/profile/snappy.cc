#include "tools/profile/snappy.h"

#include "tools/profile/cursor.h"

namespace tablog::tools {

namespace {

std::unexpected<Error> malformed(const char* what) {
  return fail(ErrorCode::kMalformed, std::string("compressed block: ") + what);
}

}  // namespace

Result<std::string> snappy_decompress(std::string_view compressed, std::size_t bytes_max) {
  Cursor cursor(compressed);
  const std::uint64_t length = cursor.varint();
  if (!cursor.ok() || length > bytes_max) return malformed("its length");
  std::string out;
  out.reserve(length);
  while (!cursor.empty()) {
    const auto tag = static_cast<unsigned>(cursor.fixed(1));
    std::uint64_t count = tag >> 2U;
    std::uint64_t offset = 0;  // how far back; 0: a literal
    switch (tag & 3U) {
      case 0:  // the length, or in how many bytes the length follows
        count = (count < 60 ? count : cursor.fixed(static_cast<unsigned>(count) - 59)) + 1;
        break;
      case 1:
        count = (count & 7U) + 4;
        offset = (std::uint64_t{tag} >> 5U) << 8U | cursor.fixed(1);
        break;
      case 2:
        count += 1;
        offset = cursor.fixed(2);
        break;
      default:
        count += 1;
        offset = cursor.fixed(4);
    }
    if (!cursor.ok() || count > length - out.size()) return malformed("a piece of it");
    if ((tag & 3U) == 0) {
      out += cursor.take(count);
      if (!cursor.ok()) return malformed("it is cut");
    } else {
      if (offset == 0 || offset > out.size()) return malformed("a copy from before its start");
      // Byte by byte: the copy may reach into what it makes.
      for (; count > 0; --count) out += out[out.size() - offset];
    }
  }
  return out.size() == length ? Result<std::string>(std::move(out)) : malformed("it is cut");
}

}  // namespace tablog::tools
