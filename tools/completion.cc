#include "tools/completion.h"

#include <algorithm>

#include "tools/words.h"

namespace tablog::tools {

namespace {

// A word in single quotes, as all three shells take it.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return out + "'";
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) {
    out += (out.empty() ? "" : std::string(between)) + word;
  }
  return out;
}

std::vector<std::string> option_words(const std::vector<Option>& options) {
  std::vector<std::string> words{"--help"};
  for (const Option& option : options) {
    const auto names = names_of(option);
    words.insert(words.end(), names.begin(), names.end());
  }
  return words;
}

// ---- bash

// `compgen` for the words, or for files; in a pattern's branch.
std::string bash_reply(const std::vector<std::string>& choices, bool is_file) {
  if (!choices.empty()) {
    return "_tablog_words " + quoted(joined(choices, " "));
  }
  return is_file ? "_tablog_files" : ":";
}

std::string bash_verb(const Verb& verb) {
  const Words words = words_of(verb);
  std::string out = "    " + verb.name + ")\n      case $before in\n";
  for (const Option& option : words.options) {
    if (takes_value(option)) {
      out += "        " + joined(names_of(option), "|") + ") " +
             bash_reply(option.choices, is_file(option)) + "; return ;;\n";
    }
  }
  out += "      esac\n      case $word in\n        -*) _tablog_words " +
         quoted(joined(option_words(words.options), " ")) + "; return ;;\n      esac\n" +
         "      case $place in\n";
  for (std::size_t i = 0; i < words.positionals.size(); ++i) {
    const Positional& positional = words.positionals[i];
    out += "        " + std::to_string(i) + ") " +
           bash_reply(positional.choices, is_file(positional)) + " ;;\n";
  }
  return out + "      esac ;;\n";
}

// The options with a value are needed to count the words that are none.
std::string bash_values(const std::vector<Verb>& verbs) {
  std::vector<std::string> patterns;
  for (const Verb& verb : verbs) {
    for (const Option& option : words_of(verb).options) {
      if (!takes_value(option)) continue;
      for (const std::string& name : names_of(option)) {
        patterns.push_back(quoted(verb.name + " " + name));
      }
    }
  }
  return joined(patterns, "|");
}

std::string bash_script(const std::vector<Verb>& verbs) {
  std::string names;
  std::string cases;
  for (const Verb& verb : verbs) {
    names += verb.name + " ";
    cases += bash_verb(verb);
  }
  return "# bash completion of tablog: . <(tablog completion bash)\n"
         "_tablog_words() { COMPREPLY=($(compgen -W \"$1\" -- \"$word\")); }\n"
         "_tablog_files() {\n"
         "  compopt -o filenames 2>/dev/null\n"
         "  local IFS=$'\\n'\n"
         "  COMPREPLY=($(compgen -f -- \"$word\"))\n"
         "}\n"
         "_tablog() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  local verb=${COMP_WORDS[1]} place=0 i\n"
         "  COMPREPLY=()\n"
         "  if ((COMP_CWORD == 1)); then\n"
         "    _tablog_words " +
         quoted(names + "--help --version") +
         "\n"
         "    return\n"
         "  fi\n"
         "  for ((i = 2; i < COMP_CWORD; i++)); do\n"
         "    case \"$verb ${COMP_WORDS[i]}\" in\n"
         "      " +
         bash_values(verbs) +
         ") ((i++)) ;;\n"
         "      *' -'*) ;;\n"
         "      *) ((place++)) ;;\n"
         "    esac\n"
         "  done\n"
         "  case $verb in\n" +
         cases +
         "  esac\n"
         "}\n"
         "complete -F _tablog tablog\n";
}

// ---- zsh

// Within a specification of _arguments, brackets and colons mean something.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(const std::vector<std::string>& choices, bool is_file) {
  return !choices.empty() ? "(" + joined(choices, " ") + ")" : is_file ? "_files" : " ";
}

std::string zsh_option(const Option& option) {
  const auto names = names_of(option);
  std::string value;
  if (takes_value(option)) {
    value = ":" + zsh_text(option.value) + ":" + zsh_action(option.choices, is_file(option));
  }
  const std::string help = "[" + zsh_text(option.help) + "]" + value;
  const bool repeats = std::holds_alternative<std::vector<std::string>*>(option.into);
  std::string out;
  for (const std::string& name : names) {
    const std::string once = repeats ? "*" : "(" + joined(names, " ") + ")";
    out += " \\\n        " + quoted(once + name + help);
  }
  return out;
}

std::string zsh_script(const std::vector<Verb>& verbs) {
  std::string names;
  std::string cases;
  for (const Verb& verb : verbs) {
    const Words words = words_of(verb);
    names += "    " + quoted(zsh_text(verb.name) + ":" + verb.what) + "\n";
    cases += "    " + verb.name + ")\n      _arguments '--help[Tell the options]'";
    for (const Option& option : words.options) cases += zsh_option(option);
    for (const Positional& each : words.positionals) {
      const std::string optional = each.presence == Presence::kOptional ? ":" : "";
      cases += " \\\n        " + quoted(":" + optional + zsh_text(each.name) + ":" +
                                        zsh_action(each.choices, is_file(each)));
    }
    cases += " ;;\n";
  }
  return "#compdef tablog\n"
         "# zsh completion of tablog: tablog completion zsh >a directory of $fpath/_tablog\n"
         "_tablog() {\n"
         "  local -a verbs\n"
         "  verbs=(\n" +
         names +
         "  )\n"
         "  if ((CURRENT == 2)); then\n"
         "    _describe -t verbs verb verbs\n"
         "    return\n"
         "  fi\n"
         "  local verb=$words[2]\n"
         "  shift words\n"
         "  ((CURRENT--))\n"
         "  case $verb in\n" +
         cases +
         "  esac\n"
         "}\n"
         "if [[ $funcstack[1] == _tablog ]]; then _tablog \"$@\"; else compdef _tablog tablog; "
         "fi\n";
}

// ---- fish

std::string fish_option(const Verb& verb, const Option& option) {
  std::string line = "complete -c tablog -n '__fish_seen_subcommand_from " + verb.name + "'";
  for (const std::string& name : names_of(option)) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  line += " -d " + quoted(option.help);
  if (takes_value(option)) {
    line += !option.choices.empty() ? " -x -a " + quoted(joined(option.choices, " "))
            : is_file(option)       ? " -r -F"
                                    : " -x";
  }
  return line + "\n";
}

std::string fish_script(const std::vector<Verb>& verbs) {
  std::string out =
      "# fish completion of tablog: tablog completion fish | source\n"
      "complete -c tablog -f\n"
      "complete -c tablog -n __fish_use_subcommand -l help -d 'Tell the verbs'\n"
      "complete -c tablog -n __fish_use_subcommand -l version -d 'Tell the version'\n";
  for (const Verb& verb : verbs) {
    const Words words = words_of(verb);
    out += "complete -c tablog -n __fish_use_subcommand -a " + verb.name + " -d " +
           quoted(verb.what) + "\n";
    const std::string seen =
        "complete -c tablog -n '__fish_seen_subcommand_from " + verb.name + "'";
    out += seen + " -l help -d 'Tell the options'\n";
    for (const Option& option : words.options) out += fish_option(verb, option);
    for (const Positional& each : words.positionals) {
      if (!each.choices.empty()) out += seen + " -a " + quoted(joined(each.choices, " ")) + "\n";
    }
    if (std::ranges::any_of(words.positionals,
                            [](const Positional& each) { return is_file(each); })) {
      out += seen + " -F\n";
    }
  }
  return out;
}

}  // namespace

std::vector<std::string> shells() {
  return {"bash", "zsh", "fish"};
}

std::string completion_script(std::string_view shell, const std::vector<Verb>& verbs) {
  return shell == "bash"  ? bash_script(verbs)
         : shell == "zsh" ? zsh_script(verbs)
                          : fish_script(verbs);
}

}  // namespace tablog::tools
