// Output: where a verb's results go. Data on one stream, everything that is said about it on
// another; as a table for a person, or as JSON for a program (tools/README.md#output).
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace tablog::tools {

using Json = nlohmann::ordered_json;

enum class Format : std::uint8_t {
  kTable,
  kJson,    // one document; rows are an array
  kNdjson,  // one document on one line; rows are one line each
  kSql,     // a script for sqlite3: a table, and an INSERT per row; a document is one row
};

// What rows have in common: the table that they make in SQL, and its columns. JSON has the fields
// of each row.
struct Shape {
  std::string table{};
  std::vector<std::string> columns{};
};

enum class Paint : std::uint8_t { kPlain, kDim, kBold, kGood, kWarning, kBad };
enum class Colours : std::uint8_t { kNever, kAlways };

struct Streams {
  std::ostream& data;
  std::ostream& notes;
  Colours data_colours{};
  Colours notes_colours{};
  std::size_t width{};        // of the terminal that `data` is, in characters; 0: it is none
  std::size_t notes_width{};  // likewise of `notes`
};

class Output {
 public:
  Output(Streams streams, Format format) : streams_(streams), format_(format) {}

  [[nodiscard]] Format format() const { return format_; }
  [[nodiscard]] bool is_table() const { return format_ == Format::kTable; }
  [[nodiscard]] std::ostream& data() { return streams_.data; }
  [[nodiscard]] std::size_t width() const { return streams_.width; }
  [[nodiscard]] std::string paint(Paint paint, std::string_view text) const;

  // ---- for a program
  void document(std::string_view name, const Json& document);
  void begin_rows(Shape shape);
  void row(const Json& row);
  // Of SQL, where JSON would lose what the values are.
  void sql_row(const std::vector<std::string>& literals);
  void end_rows();

  // ---- for a person: one line on the other stream, "tablog: …"
  void note(std::string_view text);
  void warn(std::string_view text);
  void error(std::string_view text);

  // ---- a line on the terminal that the notes go to, over the one that stood there; empty: none.
  // Whatever else is told takes it away first.
  [[nodiscard]] std::size_t notes_width() const { return streams_.notes_width; }
  void draw_status(std::string_view text);

 private:
  void say(Paint paint, std::string_view word, std::string_view text);

  Streams streams_;
  Format format_;
  Shape shape_{};
  bool first_row_{true};
  bool status_stands_{};
};

// A table: cells are padded to the width of their column; the last column is not, and is cut where
// the terminal ends.
struct Column {
  std::string title;
  std::size_t width{};
  enum class Align : std::uint8_t { kLeft, kRight } align{};
};

class Table {
 public:
  Table(Output& output, std::vector<Column> columns)
      : output_(output), columns_(std::move(columns)) {}

  // Makes every column as wide as its widest cell.
  void fit(const std::vector<std::vector<std::string>>& rows);
  void print_header();
  void print(const std::vector<std::string>& cells, Paint paint = Paint::kPlain);

 private:
  [[nodiscard]] std::string line_of(const std::vector<std::string>& cells) const;

  Output& output_;
  std::vector<Column> columns_;
};

// "label   value" lines, the labels as wide as the widest.
class Facts {
 public:
  void add(std::string label, std::string value);
  void print(Output& output) const;

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

}  // namespace tablog::tools
