// Words: a verb's options and positionals as a person types them, LOG and the format included: what
// the completions and the manual are made of.
#pragma once

#include <string>
#include <vector>

#include "tools/verb.h"

namespace tablog::tools {

struct Words {
  std::vector<Option> options{};
  std::vector<Positional> positionals{};
};

// What they would fill in (Into) is of no use.
[[nodiscard]] Words words_of(const Verb& verb);

// {"-o", "--output"}; of a flag's and of a value's names alike.
[[nodiscard]] std::vector<std::string> names_of(const Option& option);
[[nodiscard]] bool takes_value(const Option& option);

// Whether its value is the name of a file or directory.
[[nodiscard]] bool is_file(const Option& option);
[[nodiscard]] bool is_file(const Positional& positional);

}  // namespace tablog::tools
