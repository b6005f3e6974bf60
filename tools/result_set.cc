#include "tools/result_set.h"

#include <bit>
#include <cassert>
#include <set>

#include "log/little_endian.h"

namespace tablog::tools {

namespace {

// What our own encoder has just written: a broken promise is a bug.
class Cursor {
 public:
  explicit Cursor(ByteView bytes) : bytes_(bytes) {}

  ByteView take(std::size_t count) {
    assert(count <= bytes_.size());
    const ByteView taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }
  std::uint32_t u32() { return load<std::uint32_t>(take(4), 0); }
  std::uint64_t u64() { return load<std::uint64_t>(take(8), 0); }
  std::string text() {
    const ByteView bytes = take(u32());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  Value value() {
    switch (std::to_integer<int>(take(1).front())) {
      case 1:
        return static_cast<std::int64_t>(u64());
      case 2:
        return std::bit_cast<double>(u64());
      case 3:
        return text();
      case 4: {
        const ByteView bytes = take(u32());
        return Bytes(bytes.begin(), bytes.end());
      }
      case 5:
        return std::int64_t{static_cast<std::int32_t>(u32())};
      default:
        return std::monostate{};
    }
  }

 private:
  ByteView bytes_;
};

}  // namespace

Result<ResultSet> ask(storage::StateDatabase& state, const std::string& sql,
                      std::span<const Value> params) {
  std::vector<Argument> arguments;
  for (const Value& value : params) {
    arguments.push_back({std::to_string(arguments.size() + 1), value});
  }
  const auto rows = state.query(sql, arguments);
  if (!rows) return fail(rows.error());
  Cursor cursor(rows->encoded);
  ResultSet result;
  result.columns.resize(cursor.u32());
  for (std::string& column : result.columns) column = cursor.text();
  result.rows.resize(cursor.u32());
  for (Row& row : result.rows) {
    row.reserve(result.columns.size());
    for (std::size_t i = 0; i < result.columns.size(); ++i) row.push_back(cursor.value());
  }
  return result;
}

void make_unique(std::vector<std::string>& columns) {
  std::set<std::string> seen;
  for (std::string& column : columns) {
    std::string name = column;
    for (int number = 2; !seen.insert(name).second; ++number) {
      name = column + ":" + std::to_string(number);
    }
    column = name;
  }
}

}  // namespace tablog::tools
