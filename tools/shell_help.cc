// completion, manual: what the tool says of itself, for shells and for man.
#include "tools/completion.h"
#include "tools/manual.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

struct Options {
  std::string shell{};
};

ExitCode completion(const Target& /*target*/, const Options& options, Output& output) {
  output.data() << completion_script(options.shell, all_verbs());
  return ExitCode::kClean;
}

ExitCode manual(const Target& /*target*/, Output& output) {
  output.data() << manual_page(all_verbs(), TABLOG_VERSION);
  return ExitCode::kClean;
}

}  // namespace

Verb completion_verb() {
  const auto options = std::make_shared<Options>();
  Verb verb{.name = "completion",
            .what = "The script that makes a shell complete these words",
            .examples =
                "  . <(tablog completion bash)\n"
                "  tablog completion zsh >~/.zsh/functions/_tablog\n"
                "  tablog completion fish >~/.config/fish/completions/tablog.fish",
            .positionals = {{.name = "SHELL",
                             .help = "bash, zsh or fish",
                             .into = &options->shell,
                             .presence = Presence::kRequired,
                             .choices = shells()}},
            .takes = Takes::kNothing,
            .format_names = ""};
  carry_out(verb, options, completion);
  return verb;
}

Verb manual_verb() {
  return {.name = "manual",
          .what = "The man page",
          .examples = "  tablog manual | man -l -",
          .takes = Takes::kNothing,
          .format_names = "",
          .run = manual};
}

}  // namespace tablog::tools
