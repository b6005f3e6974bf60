// Checklist: what was checked and what came of it, a line each, for a person.
#pragma once

#include <string_view>

#include "tools/output.h"

namespace tablog::tools {

class Checklist {
 public:
  explicit Checklist(Output& output) : output_(output) {}
  void good(std::string_view text) { line(Paint::kGood, "ok  ", text); }
  void warning(std::string_view text) { line(Paint::kWarning, "TORN", text); }
  void bad(std::string_view text) { line(Paint::kBad, "BAD ", text); }
  void more(std::string_view text) { line(Paint::kPlain, "    ", text); }  // of the line before

 private:
  void line(Paint paint, std::string_view mark, std::string_view text) {
    output_.data() << output_.paint(paint, mark) << "  " << text << '\n';
  }
  Output& output_;
};

}  // namespace tablog::tools
