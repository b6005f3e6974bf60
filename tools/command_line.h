// The command line: arguments in, exit code out. Everything else of the process is main.cc's.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tools/exit_code.h"
#include "tools/output.h"
#include "tools/verb.h"

namespace tablog::tools {

inline constexpr const char* kProgram = "tablog";
extern const char* const kDescription;  // paragraphs, for the help and the manual
extern const char* const kExamples;
extern const char* const kExitCodes;

// LOG, or the profile in its place, and the format: the verb's own lists do not have them.
[[nodiscard]] std::vector<Positional> positionals_of(const Verb& verb, Target& target);
[[nodiscard]] std::vector<Option> options_of(const Verb& verb, Target& target, std::string& format);

// `arguments` begin with the program's name.
[[nodiscard]] ExitCode run_command_line(std::span<const char* const> arguments, Streams streams);

}  // namespace tablog::tools
