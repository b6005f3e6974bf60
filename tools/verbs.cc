#include "tools/verbs.h"

namespace tablog::tools {

std::vector<Verb> all_verbs() {
  return {info_verb(),   segments_verb(), dump_verb(),     get_verb(),         tail_verb(),
          verify_verb(), gaps_verb(),     sessions_verb(), checkpoints_verb(), replay_verb(),
          query_verb(),  diff_verb(),     audit_verb(),    stats_verb(),       salvage_verb(),
          export_verb(), import_verb(),   pool_verb(),     profiles_verb(),    completion_verb(),
          manual_verb()};
}

}  // namespace tablog::tools
