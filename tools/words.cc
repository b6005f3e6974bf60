#include "tools/words.h"

#include <sstream>
#include <string_view>

#include "tools/command_line.h"

namespace tablog::tools {

namespace {

// By what the help calls it.
bool names_a_file(std::string_view value) {
  return value == "LOG" || value == "OTHER" || value == "FILE" || value == "DIR" || value == "PATH";
}

}  // namespace

Words words_of(const Verb& verb) {
  Target target;
  std::string format;
  return {.options = options_of(verb, target, format), .positionals = positionals_of(verb, target)};
}

std::vector<std::string> names_of(const Option& option) {
  std::vector<std::string> names;
  std::istringstream all(option.names);
  for (std::string name; std::getline(all, name, ',');) {
    names.push_back(name);
  }
  return names;
}

bool takes_value(const Option& option) {
  return !std::holds_alternative<bool*>(option.into);
}

bool is_file(const Option& option) {
  return takes_value(option) && names_a_file(option.value);
}

bool is_file(const Positional& positional) {
  return names_a_file(positional.name);
}

}  // namespace tablog::tools
