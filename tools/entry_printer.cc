#include "tools/entry_printer.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "tools/describe.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

std::vector<Column> columns(std::size_t index_digits) {
  using enum Column::Align;
  return {{"INDEX", std::max<std::size_t>(index_digits, 5), kRight},
          {"TERM", 4, kRight},
          {"TIME", 24, kLeft},
          {"KIND", 10, kLeft},
          {"CLIENT", 8, kLeft},
          {"REQUEST", 7, kLeft},
          {"ENTRY", 0, kLeft}};
}

// "12", or "12 2/3": the second of three entries.
std::string request_text(const Entry& entry) {
  if (!entry.request) {
    return "";
  }
  const std::string number = std::to_string(entry.request->number.value);
  return entry.request->count == 1 ? number
                                   : number + " " + std::to_string(entry.request->position + 1) +
                                         "/" + std::to_string(entry.request->count);
}

}  // namespace

EntryPrinter::EntryPrinter(Output& output, Index last)
    : output_(output), table_(output, columns(std::to_string(last.value).size())) {
  if (output_.is_table()) {
    table_.print_header();
  } else {
    output_.begin_rows(entry_shape());
  }
}

void EntryPrinter::print(const Entry& entry) {
  if (!output_.is_table()) {
    output_.row(json_of(entry));
    return;
  }
  table_.print({std::to_string(entry.index.value), term_text(entry.term), time_text(entry.time_ms),
                std::string(kind_of(entry)), entry.request ? short_id(entry.request->client) : "",
                request_text(entry), summary_of(entry)},
               is_app_entry(entry) ? Paint::kPlain : Paint::kDim);
}

void EntryPrinter::finish() {
  if (!output_.is_table()) {
    output_.end_rows();
  }
}

}  // namespace tablog::tools
