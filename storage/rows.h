// Rows: the result of a query, encoded for TypeScript (docs/boundary.md#encoding). Little-endian,
// without alignment:
//
//   u32 columns, per column: u32 bytes, name
//   u32 rows, then the cells row by row, each a u8 tag and
//     0 null      nothing
//     1 int64     8 bytes
//     2 float64   8 bytes
//     3 text      u32 bytes, UTF-8 (as stored: not checked; the decoder replaces what is not
//     well-formed) 4 blob      u32 bytes, the bytes 5 int32     4 bytes, in place of int64 where
//     the value fits
#pragma once

#include <cstdint>

#include "log/entry.h"
#include "storage/sqlite.h"

namespace tablog::storage {

inline constexpr std::size_t kRowsBytesMax = 256U << 20U;  // of one encoded result

struct Rows {
  Bytes encoded;
  std::uint32_t count{};
};

// Steps `statement` to its end. kQueryFailed over kRowsBytesMax.
[[nodiscard]] Result<Rows> encode_rows(Statement& statement);

}  // namespace tablog::storage
