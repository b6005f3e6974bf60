// The verbs of the command line, one source file each. Each writes its result to the output, what
// went wrong to its other stream, and returns what the process ends with. None of them changes what
// it reads.
#pragma once

#include <vector>

#include "tools/verb.h"

namespace tablog::tools {

[[nodiscard]] Verb info_verb();
[[nodiscard]] Verb segments_verb();
[[nodiscard]] Verb dump_verb();
[[nodiscard]] Verb get_verb();
[[nodiscard]] Verb verify_verb();
[[nodiscard]] Verb replay_verb();
[[nodiscard]] Verb query_verb();
[[nodiscard]] Verb diff_verb();
[[nodiscard]] Verb audit_verb();
[[nodiscard]] Verb stats_verb();
[[nodiscard]] Verb tail_verb();
[[nodiscard]] Verb gaps_verb();
[[nodiscard]] Verb sessions_verb();
[[nodiscard]] Verb checkpoints_verb();
[[nodiscard]] Verb completion_verb();
[[nodiscard]] Verb manual_verb();
[[nodiscard]] Verb profiles_verb();
[[nodiscard]] Verb export_verb();
[[nodiscard]] Verb import_verb();
[[nodiscard]] Verb salvage_verb();
[[nodiscard]] Verb pool_verb();

// In the order of the help.
[[nodiscard]] std::vector<Verb> all_verbs();

}  // namespace tablog::tools
