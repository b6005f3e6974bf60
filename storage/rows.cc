#include "storage/rows.h"

#include <bit>
#include <cstring>
#include <limits>

namespace tablog::storage {

namespace {

enum class Tag : std::uint8_t {
  kNull = 0,
  kInt64 = 1,
  kFloat64 = 2,
  kText = 3,
  kBlob = 4,
  kInt32 = 5
};

class RowsWriter {
 public:
  template <class Word>
  void word(Word value) {  // little-endian, whatever the platform
    for (unsigned i = 0; i < sizeof(Word); ++i)
      bytes_.push_back(static_cast<std::byte>(value >> (8U * i)));
  }
  void tag(Tag tag) { bytes_.push_back(static_cast<std::byte>(tag)); }
  void sized(ByteView data) {
    word(static_cast<std::uint32_t>(data.size()));
    bytes_.insert(bytes_.end(), data.begin(), data.end());
  }
  void set_word(std::size_t at, std::uint32_t value) {
    for (unsigned i = 0; i < 4; ++i) bytes_[at + i] = static_cast<std::byte>(value >> (8U * i));
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

void write_names(RowsWriter& out, const Statement& statement, int columns) {
  out.word(static_cast<std::uint32_t>(columns));
  for (int i = 0; i < columns; ++i) {
    const char* name = sqlite3_column_name(statement.get(), i);
    const std::string_view text = name == nullptr ? std::string_view() : std::string_view(name);
    out.sized(std::as_bytes(std::span(text)));
  }
}

void write_cell(RowsWriter& out, const Statement& statement, int column) {
  switch (sqlite3_column_type(statement.get(), column)) {
    case SQLITE_INTEGER: {
      const std::int64_t value = statement.integer(column);
      if (value == static_cast<std::int32_t>(value)) {
        out.tag(Tag::kInt32);
        return out.word(static_cast<std::uint32_t>(value));
      }
      out.tag(Tag::kInt64);
      return out.word(static_cast<std::uint64_t>(value));
    }
    case SQLITE_FLOAT:
      out.tag(Tag::kFloat64);
      return out.word(std::bit_cast<std::uint64_t>(sqlite3_column_double(statement.get(), column)));
    case SQLITE_TEXT:
      out.tag(Tag::kText);
      return out.sized(std::as_bytes(std::span(statement.text(column))));
    case SQLITE_BLOB:
      out.tag(Tag::kBlob);
      return out.sized(statement.blob(column));
    default:
      return out.tag(Tag::kNull);
  }
}

}  // namespace

Result<Rows> encode_rows(Statement& statement) {
  // The columns are known for certain after the first step: it compiles a kept statement once more
  // where the definitions have changed.
  Result<bool> row = statement.step();
  RowsWriter out;
  const int columns = sqlite3_column_count(statement.get());
  write_names(out, statement, columns);
  const std::size_t count_at = out.size();
  out.word(std::uint32_t{0});
  Rows rows;
  for (; row && *row; row = statement.step()) {
    for (int i = 0; i < columns; ++i) write_cell(out, statement, i);
    if (out.size() > kRowsBytesMax) {
      return fail(ErrorCode::kQueryFailed,
                  "the result is over " + std::to_string(kRowsBytesMax >> 20U) + " MiB: use LIMIT");
    }
    ++rows.count;
  }
  if (!row) return fail(row.error());
  out.set_word(count_at, rows.count);
  rows.encoded = out.take();
  return rows;
}

}  // namespace tablog::storage
