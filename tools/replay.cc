#include <nlohmann/json.hpp>

#include "tools/new_file.h"
#include "tools/reading.h"
#include "tools/replayer.h"
#include "tools/text.h"
#include "tools/verbs.h"

namespace tablog::tools {

namespace {

struct Options {
  std::string file{};                 // the SQLite database to make; empty: only the digests
  std::optional<std::uint64_t> at{};  // the last entry to apply; none: the head
  bool digests{};                     // per table
  bool force{};
};

struct Replayed {
  Index applied{};
  Term term{};
  std::int64_t time_ms{};
  ChainHash chain{};
  Digest digest{};
  std::uint64_t compared{};
  std::vector<std::pair<std::string, Digest>> tables{};
  Bytes image{};
};

// ---- applying

Result<void> finish(Replayer& replayer, const Options& options, Replayed& replayed) {
  storage::StateDatabase& state = replayer.state();
  if (const auto committed = state.commit(); !committed) {
    return committed;
  }
  replayed.applied = state.applied();
  replayed.chain = state.chain();
  replayed.compared = replayer.compared();
  // In full: what the rows are, not what was added up on the way.
  const auto digest = state.recompute_digest();
  if (!digest) {
    return fail(digest.error());
  }
  replayed.digest = *digest;
  if (options.digests) {
    auto tables = state.table_digests();
    if (!tables) {
      return fail(tables.error());
    }
    replayed.tables = *std::move(tables);
  }
  if (!options.file.empty()) {
    auto image = state.snapshot();
    if (!image) {
      return fail(image.error());
    }
    replayed.image = *std::move(image);
  }
  return {};
}

// ---- telling

void print(const Source& source, const Replayed& replayed, const Options& options, Output& output) {
  if (!output.is_table()) {
    Json tables = Json::array();
    for (const auto& [name, digest] : replayed.tables) {
      tables.push_back({{"name", name}, {"digest", to_hex(digest.bytes)}});
    }
    Json json{{"path", source.path},
              {"file", options.file.empty() ? Json(nullptr) : Json(options.file)},
              {"bytes", replayed.image.size()},
              {"applied", replayed.applied.value},
              {"term", replayed.term.value},
              {"time", replayed.time_ms},
              {"chain", to_hex(replayed.chain.bytes)},
              {"digest", to_hex(replayed.digest.bytes)},
              {"digestsCompared", replayed.compared}};
    if (options.digests) {
      json["tables"] = std::move(tables);
    }
    output.document("replay", json);
    return;
  }
  Facts facts;
  facts.add("applied", "entry " + std::to_string(replayed.applied.value) +
                           (replayed.applied == Index{} ? ""
                                                        : ", term " + term_text(replayed.term) +
                                                              ", " + time_text(replayed.time_ms)));
  facts.add("digest", to_hex(replayed.digest.bytes));
  for (const auto& [name, digest] : replayed.tables) {
    facts.add("  " + printable(name, 60), to_hex(digest.bytes));
  }
  facts.add("checked", counted(replayed.compared, "commit", "commits") +
                           ": each digest is the one that the log names");
  if (!options.file.empty()) {
    facts.add("database", printable(options.file, 4096) + ", " + bytes_text(replayed.image.size()));
  }
  facts.print(output);
}

Result<Replayed> run(Source& source, const Options& options, Output& output) {
  const auto at = end_of_replay(source, options.at);
  if (!at) {
    return fail(at.error());
  }
  auto replayer = Replayer::begin(source);
  if (!replayer) {
    return fail(replayer.error());
  }
  Replayed replayed;
  Reading reading(source, output, "replaying");
  if (const auto done = replayer->advance(reading, *at,
                                          [&](const Step& step) -> Result<void> {
                                            replayed.term = step.entry->term;
                                            replayed.time_ms = step.entry->time_ms;
                                            return {};
                                          });
      !done) {
    return fail(done.error());
  }
  if (const auto& divergence = replayer->divergence()) {
    return fail({.code = ErrorCode::kRejected,
                 .message = divergence_text(*divergence),
                 .index = divergence->index,
                 .offset = {}});
  }
  if (const auto done = finish(*replayer, options, replayed); !done) {
    return fail(done.error());
  }
  return replayed;
}

ExitCode replay(const Target& target, const Options& options, Output& output) {
  if (!options.file.empty()) {
    const Replace replace = options.force ? Replace::kYes : Replace::kNo;
    if (const auto ready = check_new_database(options.file, replace, input_of(target)); !ready) {
      return tell(output, ready.error());
    }
  }
  auto source = open_source(target);
  if (!source) {
    return tell(output, source.error());
  }
  const auto replayed = run(*source, options, output);
  if (!replayed) {
    return tell(output, replayed.error());
  }
  if (!options.file.empty()) {
    if (const auto written = write_database(options.file, replayed->image); !written) {
      return tell(output, written.error());
    }
  }
  print(*source, *replayed, options, output);
  return tell_tail(output, *source);
}

}  // namespace

Verb replay_verb() {
  const auto options = std::make_shared<Options>();
  Verb verb{.name = "replay",
            .what = "Makes the SQLite database anew, from the log alone",
            .examples =
                "  tablog replay notes.tablog -o notes.sqlite3\n"
                "  tablog replay notes.tablog --at 4711 -o as-of-4711.sqlite3\n"
                "  tablog replay notes.tablog --digests --output json",
            .options = {{.names = "-o,--database",
                         .value = "FILE",
                         .help = "The database to write; without it, only the digests are told",
                         .into = &options->file},
                        {.names = "--at",
                         .value = "INDEX",
                         .help = "Stop behind this entry",
                         .into = &options->at},
                        {.names = "--digests",
                         .help = "Tell the digest of every table",
                         .into = &options->digests},
                        {.names = "--force",
                         .help = "Replace FILE where it exists",
                         .into = &options->force}},
            .format_names = "--output,--format"};
  carry_out(verb, options, replay);
  return verb;
}

}  // namespace tablog::tools
