// A line of an exported log. Asserts: what is read is written as a line that reads the same, and of
// an entry the bytes that stand in the log are the same again; errors are kMalformed, or
// kNewerFormat for a header.
#include <nlohmann/json.hpp>

#include "log/overloaded.h"
#include "tests/fuzz/fuzz.h"
#include "tools/log_lines.h"

namespace tablog::fuzz {
namespace {

using namespace tools;

void check_entry(const EntryLine& line) {
  const auto again = read_line(line_text(json_of_line(line.entry, line.encoded)));
  check(again.has_value(), "an entry's line reads again");
  check(std::get<EntryLine>(*again).encoded == line.encoded, "and gives the same bytes");
}

template <class Other>
void check_other(const Other& line) {
  const auto again = read_line(line_text(json_of_line(line)));
  check(again.has_value(), "a line reads again");
  check(std::get<Other>(*again) == line, "and says the same");
}

void check_line(const Line& line) {
  std::visit(Overloaded{[](const EntryLine& entry) { check_entry(entry); },
                        [](const auto& other) { check_other(other); }},
             line);
}

}  // namespace
}  // namespace tablog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tablog::fuzz;
  const auto line = tablog::tools::read_line({reinterpret_cast<const char*>(data), size});
  if (line) {
    check_line(*line);
  } else {
    check_code(line.error(), {tablog::ErrorCode::kMalformed, tablog::ErrorCode::kNewerFormat});
  }
  return 0;
}
