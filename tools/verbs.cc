#include "tools/verbs.h"

namespace tablog::tools {

std::vector<Verb> all_verbs() {
  return {info_verb(),   segments_verb(), dump_verb(),   get_verb(),     verify_verb(),
          replay_verb(), export_verb(),   import_verb(), salvage_verb(), pool_verb()};
}

}  // namespace tablog::tools
