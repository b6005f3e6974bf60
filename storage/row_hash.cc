#include "storage/row_hash.h"

#include <bit>

#include "log/hash.h"

namespace tablog::storage {

void RowHash::begin(std::uint64_t table) {
  buffer_.clear();
  append_tagged('T', table);
}

void RowHash::add_rowid(std::int64_t rowid) {
  append_tagged('R', static_cast<std::uint64_t>(rowid));
}

void RowHash::add(sqlite3_value* value, Numbers numbers) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      if (numbers == Numbers::kAsFloats) return append_float(sqlite3_value_double(value));
      return append_tagged('I', static_cast<std::uint64_t>(sqlite3_value_int64(value)));
    case SQLITE_FLOAT:
      return append_float(sqlite3_value_double(value));
    case SQLITE_TEXT: {
      const unsigned char* text = sqlite3_value_text(value);
      const auto bytes = static_cast<std::size_t>(sqlite3_value_bytes(value));
      append_tagged('S', bytes);
      append(text, bytes);
      return;
    }
    case SQLITE_BLOB: {
      const void* blob = sqlite3_value_blob(value);
      const auto bytes = static_cast<std::size_t>(sqlite3_value_bytes(value));
      append_tagged('B', bytes);
      append(blob, bytes);
      return;
    }
    default:
      append_tagged('N', 0);
  }
}

TableSum RowHash::finish() const {
  const XXH128_hash_t hash = XXH3_128bits(buffer_.data(), buffer_.size());
  return TableSum{.low = hash.low64, .high = hash.high64};
}

std::uint64_t RowHash::table_key(std::string_view name) {
  return hash64(std::as_bytes(std::span(name)));
}

void RowHash::append(const void* data, std::size_t bytes) {
  const auto* begin = static_cast<const std::byte*>(data);
  buffer_.insert(buffer_.end(), begin, begin + bytes);
}

// The hook may show -0.0 where a REAL column stores 0: they are equal in SQL.
void RowHash::append_float(double number) {
  append_tagged('F', std::bit_cast<std::uint64_t>(number == 0.0 ? 0.0 : number));
}

void RowHash::append_tagged(char tag, std::uint64_t word) {
  std::array<std::byte, 9> bytes{static_cast<std::byte>(tag)};
  for (unsigned i = 0; i < 8; ++i) bytes[1 + i] = static_cast<std::byte>(word >> (8U * i));
  append(bytes.data(), bytes.size());
}

}  // namespace tablog::storage
