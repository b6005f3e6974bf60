// RowHash: the hash of one row of one table, from the values that SQLite gives for it. Canonical:
// what is equal in the database gives equal bytes, whether it comes from a query or from the
// preupdate hook.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string_view>

#include "log/entry.h"
#include "storage/table_sum.h"

namespace tablog::storage {

// A REAL column keeps 4.0 as the integer 4 where it can, and the hook may show either.
enum class Numbers : std::uint8_t { kAsTheyAre, kAsFloats };

class RowHash {
 public:
  // Begins a row of the table whose name hashes to `table`.
  void begin(std::uint64_t table);
  void add_rowid(std::int64_t rowid);
  void add(sqlite3_value* value, Numbers numbers);
  [[nodiscard]] TableSum finish() const;

  [[nodiscard]] static std::uint64_t table_key(std::string_view name);

 private:
  void append(const void* data, std::size_t bytes);
  void append_float(double number);
  void append_tagged(char tag, std::uint64_t word);

  Bytes buffer_;  // kept between rows: no allocation per row
};

}  // namespace tablog::storage
