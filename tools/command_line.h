// The command line: arguments in, exit code out. Everything else of the process is main.cc's.
#pragma once

#include <span>

#include "tools/exit_code.h"
#include "tools/output.h"

namespace tablog::tools {

// `arguments` begin with the program's name.
[[nodiscard]] ExitCode run_command_line(std::span<const char* const> arguments, Streams streams);

}  // namespace tablog::tools
