#include "tools/output.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "tools/sql_text.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

constexpr std::string_view kGap = "  ";
constexpr std::string_view kReset = "\x1b[0m";

std::string_view code_of(Paint paint) {
  switch (paint) {
    case Paint::kPlain:
      return "";
    case Paint::kDim:
      return "\x1b[2m";
    case Paint::kBold:
      return "\x1b[1m";
    case Paint::kGood:
      return "\x1b[32m";
    case Paint::kWarning:
      return "\x1b[33m";
    case Paint::kBad:
      return "\x1b[31m";
  }
  return "";
}

std::string painted(Colours colours, Paint paint, std::string_view text) {
  if (colours == Colours::kNever || paint == Paint::kPlain) {
    return std::string(text);
  }
  std::string out(code_of(paint));
  out += text;
  out += kReset;
  return out;
}

// What is not UTF-8 in a name becomes U+FFFD: JSON is always well-formed.
std::string dump(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// The first `width` characters; the last of them "…" where something was cut.
std::string cut(std::string text, std::size_t width) {
  if (width == 0 || width_of(text) <= width) {
    return text;
  }
  std::size_t characters = 0;
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U;
    if (begins && characters++ == width - 1) {
      break;
    }
  }
  return text.substr(0, end) + "…";
}

}  // namespace

std::string Output::paint(Paint paint, std::string_view text) const {
  return painted(streams_.data_colours, paint, text);
}

void Output::document(std::string_view name, const Json& document) {
  if (format_ == Format::kSql) {
    Shape shape{.table = std::string(name)};
    for (const auto& [key, value] : document.items()) shape.columns.push_back(key);
    begin_rows(std::move(shape));
    row(document);
    return end_rows();
  }
  streams_.data << dump(document, format_ == Format::kJson ? 2 : -1) << '\n';
}

void Output::begin_rows(Shape shape) {
  shape_ = std::move(shape);
  first_row_ = true;
  if (format_ == Format::kSql) {
    streams_.data << "BEGIN;\nCREATE TABLE IF NOT EXISTS " << sql_table(shape_) << ";\n";
  }
  if (format_ == Format::kJson) {
    streams_.data << '[';
  }
}

void Output::row(const Json& row) {
  if (format_ == Format::kJson) {
    streams_.data << (first_row_ ? "\n  " : ",\n  ") << dump(row, -1);
    first_row_ = false;
  } else if (format_ == Format::kSql) {
    streams_.data << sql_insert(shape_, row) << ";\n";
  } else {
    streams_.data << dump(row, -1) << '\n';
  }
}

void Output::sql_row(const std::vector<std::string>& literals) {
  streams_.data << sql_insert(shape_, literals) << ";\n";
}

void Output::end_rows() {
  if (format_ == Format::kJson) {
    streams_.data << (first_row_ ? "]\n" : "\n]\n");
  } else if (format_ == Format::kSql) {
    streams_.data << "COMMIT;\n";
  }
}

void Output::note(std::string_view text) {
  say(Paint::kPlain, "", text);
}
void Output::warn(std::string_view text) {
  say(Paint::kWarning, "warning: ", text);
}
void Output::error(std::string_view text) {
  say(Paint::kBad, "error: ", text);
}

void Output::draw_status(std::string_view text) {
  if (streams_.notes_width == 0 || (text.empty() && !status_stands_)) return;
  streams_.notes << "\r\x1b[K" << text << std::flush;
  status_stands_ = !text.empty();
}

void Output::say(Paint paint, std::string_view word, std::string_view text) {
  draw_status("");
  streams_.data.flush();  // the two streams are often one terminal
  streams_.notes << "tablog: " << painted(streams_.notes_colours, paint, word)
                 << printable(text, 8192) << '\n';
}

void Table::fit(const std::vector<std::vector<std::string>>& rows) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    columns_[i].width = width_of(columns_[i].title);
    for (const auto& row : rows) {
      columns_[i].width = std::max(columns_[i].width, width_of(row[i]));
    }
  }
}

void Table::print_header() {
  std::vector<std::string> titles;
  titles.reserve(columns_.size());
  for (const Column& column : columns_) {
    titles.push_back(column.title);
  }
  print(titles, Paint::kBold);
}

void Table::print(const std::vector<std::string>& cells, Paint paint) {
  output_.data() << output_.paint(paint, line_of(cells)) << '\n';
}

std::string Table::line_of(const std::vector<std::string>& cells) const {
  std::string line;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::size_t width = width_of(cells[i]);
    const std::string padding(columns_[i].width - std::min(columns_[i].width, width), ' ');
    if (i > 0) {
      line += kGap;
    }
    if (columns_[i].align == Column::Align::kRight) {
      line += padding + cells[i];
    } else {
      line += cells[i] + padding;
    }
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return cut(std::move(line), output_.width());
}

void Facts::add(std::string label, std::string value) {
  lines_.emplace_back(std::move(label), std::move(value));
}

void Facts::print(Output& output) const {
  std::size_t width = 0;
  for (const auto& [label, value] : lines_) {
    width = std::max(width, width_of(label));
  }
  for (const auto& [label, value] : lines_) {
    const std::string padded = label + std::string(width - width_of(label), ' ');
    output.data() << output.paint(Paint::kDim, padded) << kGap << value << '\n';
  }
}

}  // namespace tablog::tools
