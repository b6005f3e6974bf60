#include "tools/command_line.h"

#include <algorithm>
#include <functional>
#include <map>

#include <CLI/CLI.hpp>

#include "tools/verbs.h"

namespace tablog::tools {

namespace {

constexpr const char* kDescription =
    "Looks into the log of a tablog store. Never changes it.\n"
    "\n"
    "LOG is an exported log, or a directory of OPFS files: a store's, a generation's (log/ and\n"
    "db/.opaque/), or one of log slots alone.";

constexpr const char* kFooter =
    "Examples:\n"
    "  tablog info notes.tablog\n"
    "  tablog dump notes.tablog --type todo.added --limit 10 --reverse\n"
    "  tablog dump notes.tablog -o ndjson | jq 'select(.kind == \"event\") | .args'\n"
    "  tablog verify --deep opfs/tablog/notes/g0\n"
    "  tablog replay notes.tablog -o notes.sqlite3 --digests\n"
    "\n"
    "Exit codes: 0 clean, 1 differs, 2 usage, 3 torn tail, 4 corrupt, 5 I/O, 6 unknown version.\n"
    "tablog VERB --help tells more of each verb; tools/README.md the formats.";

const std::vector<std::string> kFormats{"table", "json", "ndjson"};  // in the order of Format
const std::vector<std::string> kKinds{"event",  "exec",       "void", "term",
                                      "schema", "checkpoint", "close"};

// What CLI11 fills in. One per run; the options point into it.
struct Arguments {
  std::string path{};
  std::string format{kFormats.front()};
  std::uint64_t index{};
  std::uint64_t from{};
  std::uint64_t to{};
  std::uint64_t term{};
  std::uint64_t limit{};
  std::uint64_t at{};
  DumpOptions dump{};
  ReplayOptions replay{};
};

using Verb = std::function<ExitCode(Output&)>;

class Parser {
 public:
  Parser() : app_(kDescription, "tablog") {
    app_.footer(kFooter);
    app_.require_subcommand(1);
    app_.set_version_flag("--version", "tablog " TABLOG_VERSION);
    app_.get_formatter()->column_width(34);
    add_info();
    add_segments();
    add_dump();
    add_get();
    add_verify();
    add_replay();
  }

  CLI::App& app() { return app_; }
  [[nodiscard]] Format format() const {
    const auto found = std::ranges::find(kFormats, arguments_.format);
    return static_cast<Format>(found - kFormats.begin());
  }

  // After parsing: the verb that was named.
  [[nodiscard]] const Verb& verb() const { return verbs_.at(app_.get_subcommands().front()); }

 private:
  // `format_names` are the option's: -o is the database's in `replay`.
  CLI::App* add_verb(const char* name, const char* what, const char* examples,
                     const char* format_names = "-o,--output,--format", Verb verb = {}) {
    CLI::App* sub = app_.add_subcommand(name, what);
    sub->footer(std::string("Examples:\n") + examples);
    sub->add_option("LOG", arguments_.path, "Exported log, or directory of OPFS files")->required();
    sub->add_option(format_names, arguments_.format, "table (default), json or ndjson")
        ->check(CLI::IsMember(kFormats).description(""))
        ->type_name("FORMAT");
    verbs_.emplace(sub, std::move(verb));
    return sub;
  }

  void add_info() {
    add_verb("info", "What the log is and what is in it",
             "  tablog info notes.tablog\n"
             "  tablog info opfs/tablog/notes/g0 -o json | jq .head",
             "-o,--output,--format",
             [this](Output& output) { return info(arguments_.path, output); });
  }

  void add_segments() {
    add_verb("segments", "The segments: slot, entries, term, bytes",
             "  tablog segments notes.tablog\n"
             "  tablog segments opfs/tablog/notes/g0 -o ndjson",
             "-o,--output,--format",
             [this](Output& output) { return segments(arguments_.path, output); });
  }

  void add_dump() {
    CLI::App* sub =
        add_verb("dump", "The entries, with their arguments",
                 "  tablog dump notes.tablog --from 100 --to 200\n"
                 "  tablog dump notes.tablog --limit 20 --reverse\n"
                 "  tablog dump notes.tablog --type todo.added --client 3f2a -o ndjson");
    DumpOptions& options = arguments_.dump;
    auto* from = sub->add_option("--from", arguments_.from, "First index")->type_name("INDEX");
    auto* to = sub->add_option("--to", arguments_.to, "Last index")->type_name("INDEX");
    sub->add_option("--type", options.types, "Only events of this type; may be repeated")
        ->type_name("TYPE")
        ->allow_extra_args(false);
    sub->add_option("--kind", options.kinds,
                    "Only event, exec, void, term, schema, checkpoint, close; may be repeated")
        ->type_name("KIND")
        ->allow_extra_args(false)
        ->check(CLI::IsMember(kKinds).description(""));
    sub->add_option("--client", options.client, "Only of the tab whose id begins so")
        ->type_name("HEX");
    auto* term = sub->add_option("--term", arguments_.term, "Only of this term")->type_name("TERM");
    auto* limit =
        sub->add_option("--limit", arguments_.limit, "At most so many entries")->type_name("COUNT");
    auto* reverse = sub->add_flag("--reverse", "The last entries first");
    verbs_[sub] = [this, &options, from, to, term, limit, reverse](Output& output) {
      if (*from) options.from = Index{arguments_.from};
      if (*to) options.to = Index{arguments_.to};
      if (*term) options.term = arguments_.term;
      if (*limit) options.limit = arguments_.limit;
      if (*reverse) options.order = Order::kReverse;
      return dump(arguments_.path, options, output);
    };
  }

  void add_get() {
    CLI::App* sub = add_verb("get", "One entry with everything that is known of it",
                             "  tablog get notes.tablog 42\n"
                             "  tablog get notes.tablog 42 -o json | jq .frame");
    sub->add_option("INDEX", arguments_.index, "Of the entry")->required()->type_name("");
    verbs_[sub] = [this](Output& output) {
      return get(arguments_.path, Index{arguments_.index}, output);
    };
  }

  void add_verify() {
    CLI::App* sub =
        add_verb("verify", "Checks every byte that counts; tells a torn tail from damage",
                 "  tablog verify notes.tablog && echo whole\n"
                 "  tablog verify --deep opfs/tablog/notes/g0");
    auto* deep = sub->add_flag("--deep", "Also replay, and compare the digest of every commit");
    verbs_[sub] = [this, deep](Output& output) {
      return verify(arguments_.path, *deep ? Depth::kReplay : Depth::kLog, output);
    };
  }

  void add_replay() {
    CLI::App* sub = add_verb("replay", "Makes the SQLite database anew, from the log alone",
                             "  tablog replay notes.tablog -o notes.sqlite3\n"
                             "  tablog replay notes.tablog --at 4711 -o as-of-4711.sqlite3\n"
                             "  tablog replay notes.tablog --digests --output json",
                             "--output,--format");
    ReplayOptions& options = arguments_.replay;
    sub->add_option("-o,--database", options.file,
                    "The database to write; without it, only the digests are told")
        ->type_name("FILE");
    auto* at = sub->add_option("--at", arguments_.at, "Stop behind this entry")->type_name("INDEX");
    auto* digests = sub->add_flag("--digests", "Tell the digest of every table");
    auto* force = sub->add_flag("--force", "Replace FILE where it exists");
    verbs_[sub] = [this, &options, at, digests, force](Output& output) {
      if (*at) options.at = Index{arguments_.at};
      if (*digests) options.digests = Digests::kPerTable;
      if (*force) options.overwrite = Overwrite::kForce;
      return replay(arguments_.path, options, output);
    };
  }

  Arguments arguments_;
  CLI::App app_;
  std::map<const CLI::App*, Verb> verbs_;
};

}  // namespace

ExitCode run_command_line(std::span<const char* const> arguments, Streams streams) {
  Parser parser;
  try {
    parser.app().parse(static_cast<int>(arguments.size()), arguments.data());
  } catch (const CLI::ParseError& error) {
    const int code = parser.app().exit(error, streams.data, streams.notes);
    return code == 0 ? ExitCode::kClean : ExitCode::kUsage;
  }
  Output output(streams, parser.format());
  const ExitCode code = parser.verb()(output);
  streams.data.flush();
  if (!streams.data) {
    output.error("the output could not be written");
    return ExitCode::kIo;
  }
  return code;
}

}  // namespace tablog::tools
