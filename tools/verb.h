// Verb: what one subcommand is made of: its words for the help, the manual and the completions, and
// what it does. Each verb has a source file, which describes it and carries it out (verbs.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tools/exit_code.h"
#include "tools/output.h"

namespace tablog::tools {

// Which log: what stands at a path, or a store in a browser's profile (profile/profile.h).
struct Target {
  std::string path{};
  std::string profile{};  // a directory; empty: `path` counts
  std::string origin{};   // of the store; empty: any
  std::string store{};    // its name, or the first digits of its id, at least 4; empty: any
};

// What is only read: the log, or all of the profile.
[[nodiscard]] inline const std::string& input_of(const Target& target) {
  return target.profile.empty() ? target.path : target.profile;
}

// Where a word of the command line goes: into what Verb::state holds.
using Into = std::variant<bool*, std::string*, std::uint64_t*, std::optional<std::uint64_t>*,
                          std::vector<std::string>*>;

struct Option {
  std::string names{};                 // "--from", "-o,--database"
  std::string value{};                 // what it takes, as the help shows it: "INDEX"; a flag: ""
  std::string help{};                  // without its full stop
  Into into{};                         // a vector: the option may be repeated
  std::vector<std::string> choices{};  // empty: any value
};

enum class Presence : std::uint8_t { kRequired, kOptional };

struct Positional {
  std::string name{};
  std::string help{};
  Into into{};
  Presence presence{};
  std::vector<std::string> choices{};  // empty: any value
};

enum class Takes : std::uint8_t { kLog, kNothing };

struct Verb {
  std::string name{};
  std::string what{};  // one line
  std::string examples{};
  std::vector<Option> options{};
  std::vector<Positional> positionals{};  // behind LOG
  Takes takes{};
  // Without -o where the verb needs that; empty: it has one form only.
  std::string format_names = "-o,--output,--format";
  std::function<ExitCode(const Target&, Output&)> run{};
  std::shared_ptr<void> state{};
};

// A verb's `state` and `run` at once: `run` is called with the options that the state holds.
template <class Options>
void carry_out(Verb& verb, std::shared_ptr<Options> options,
               ExitCode (*run)(const Target&, const Options&, Output&)) {
  verb.run = [options = options.get(), run](const Target& target, Output& output) {
    return run(target, *options, output);
  };
  verb.state = std::move(options);
}

}  // namespace tablog::tools
