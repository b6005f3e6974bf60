#include "tools/command_line.h"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "log/overloaded.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

const char* const kDescription =
    "Looks into the log of a tablog store. Never changes it.\n"
    "\n"
    "LOG is an exported log, or a directory of OPFS files: a store's, a generation's (log/ and\n"
    "db/.opaque/), or one of log slots alone. --profile names a browser's profile in its place.";

const char* const kExamples =
    "  tablog info notes.tablog\n"
    "  tablog dump notes.tablog --type todo.added --limit 10 --reverse\n"
    "  tablog dump notes.tablog -o ndjson | jq 'select(.kind == \"event\") | .args'\n"
    "  tablog verify --deep opfs/tablog/notes/g0\n"
    "  tablog replay notes.tablog -o notes.sqlite3 --digests\n"
    "  tablog info --profile ~/.config/chromium --origin https://app.example --store notes";

const char* const kExitCodes =
    "0 clean, 1 differs, 2 usage, 3 torn tail, 4 corrupt, 5 I/O, 6 unknown version.";

namespace {

constexpr const char* kFooter =
    "tablog VERB --help tells more of each verb; tools/README.md the formats.";

constexpr const char* kProfileOption = "--profile";
const std::vector<std::string> kFormats{"table", "json", "ndjson", "sql"};  // in Format's order

std::string examples_text(const std::string& examples) {
  return "Examples:\n" + examples;
}

// CLI11 shows the allowed values itself, at length; the help's words name them.
CLI::Validator among(const std::vector<std::string>& choices) {
  return CLI::IsMember(choices).description("");
}

CLI::Option* bind(CLI::App& app, const std::string& names, const std::string& help, Into into) {
  return std::visit(
      Overloaded{[&](bool* flag) { return app.add_flag(names, *flag, help); },
                 [&](std::vector<std::string>* words) {
                   return app.add_option(names, *words, help)->allow_extra_args(false);
                 },
                 [&](auto* value) { return app.add_option(names, *value, help); }},
      into);
}

void add_option(CLI::App& app, const Option& option) {
  CLI::Option* added = bind(app, option.names, option.help, option.into);
  if (!option.value.empty()) added->type_name(option.value);
  if (!option.choices.empty()) added->check(among(option.choices));
}

void add_positional(CLI::App& app, const Positional& positional) {
  CLI::Option* added = bind(app, positional.name, positional.help, positional.into);
  added->type_name("");
  if (positional.presence == Presence::kRequired) added->required();
  if (!positional.choices.empty()) added->check(among(positional.choices));
}

// The only positional of all that --profile takes the place of: CLI11 has no such thing.
bool names_profile(std::span<const char* const> arguments) {
  return std::ranges::any_of(arguments, [](std::string_view word) {
    return word == kProfileOption || word.starts_with(std::string(kProfileOption) + "=");
  });
}

// The verbs as CLI11 takes them. What it fills in are the verbs' states and its own members.
class Parser {
 public:
  explicit Parser(std::span<const char* const> arguments)
      : app_(kDescription, kProgram), verbs_(all_verbs()), in_profile_(names_profile(arguments)) {
    app_.footer(examples_text(kExamples) + "\n\nExit codes: " + kExitCodes + "\n" + kFooter);
    app_.require_subcommand(1);
    app_.set_version_flag("--version", "tablog " TABLOG_VERSION);
    app_.get_formatter()->column_width(34);
    for (const Verb& verb : verbs_) add(verb);
  }

  CLI::App& app() { return app_; }
  [[nodiscard]] bool has_verb(std::string_view name) const {
    return std::ranges::find(verbs_, name, &Verb::name) != verbs_.end();
  }

  // After parsing.
  [[nodiscard]] ExitCode run(Output& output) {
    const std::string& name = app_.get_subcommands().front()->get_name();
    return std::ranges::find(verbs_, name, &Verb::name)->run(target_, output);
  }
  [[nodiscard]] Format format() const {
    return static_cast<Format>(std::ranges::find(kFormats, format_) - kFormats.begin());
  }

 private:
  void add(const Verb& verb) {
    CLI::App* sub = app_.add_subcommand(verb.name, verb.what);
    sub->footer(examples_text(verb.examples));
    for (const Positional& each : positionals_of(verb, target_)) {
      if (!in_profile_ || each.into != Into(&target_.path)) add_positional(*sub, each);
    }
    for (const Option& each : options_of(verb, target_, format_)) add_option(*sub, each);
  }

  CLI::App app_;
  std::vector<Verb> verbs_;
  bool in_profile_;
  Target target_;
  std::string format_ = kFormats.front();
};

}  // namespace

std::vector<Positional> positionals_of(const Verb& verb, Target& target) {
  std::vector<Positional> all;
  if (verb.takes == Takes::kLog) {
    all.push_back(
        {.name = "LOG", .help = "Exported log, or directory of OPFS files", .into = &target.path});
  }
  all.insert(all.end(), verb.positionals.begin(), verb.positionals.end());
  return all;
}

std::vector<Option> options_of(const Verb& verb, Target& target, std::string& format) {
  std::vector<Option> all = verb.options;
  if (verb.takes == Takes::kLog) {
    all.push_back({.names = kProfileOption,
                   .value = "DIR",
                   .help = "In place of LOG: a store in this browser's profile",
                   .into = &target.profile});
    all.push_back({.names = "--origin",
                   .value = "URL",
                   .help = "Of --profile: the store of this origin",
                   .into = &target.origin});
    all.push_back({.names = "--store",
                   .value = "NAME",
                   .help = "Of --profile: the store of this name, or whose id begins so",
                   .into = &target.store});
  }
  if (verb.format_names.empty()) return all;
  all.push_back({.names = verb.format_names,
                 .value = "FORMAT",
                 .help = "table (default), json, ndjson or sql",
                 .into = &format,
                 .choices = kFormats});
  return all;
}

ExitCode run_command_line(std::span<const char* const> arguments, Streams streams) {
  Parser parser(arguments);
  const auto written = [&streams](ExitCode code) {
    streams.data.flush();
    if (streams.data) return code;
    Output(streams, Format::kTable).error("the output could not be written");
    return ExitCode::kIo;
  };
  const std::string_view first = arguments.size() > 1 ? arguments[1] : "-";
  if (!first.starts_with('-') && !parser.has_verb(first)) {
    Output(streams, Format::kTable)
        .error("there is no verb \"" + printable(first, 64) + "\": tablog --help lists them");
    return ExitCode::kUsage;
  }
  try {
    parser.app().parse(static_cast<int>(arguments.size()), arguments.data());
  } catch (const CLI::ParseError& error) {
    const int code = parser.app().exit(error, streams.data, streams.notes);
    return written(code == 0 ? ExitCode::kClean : ExitCode::kUsage);
  }
  Output output(streams, parser.format());
  return written(parser.run(output));
}

}  // namespace tablog::tools
