// Ending: everything is healed, and what users may rely on must hold: every append resolves within
// a bound, all tabs converge, and the log replays to the same content.
#pragma once

#include <functional>
#include <string>

#include "tests/simulator/tabs.h"

namespace tablog::simulator {

class Ending {
 public:
  // `reload`: what the user of a tab does whose build is too old.
  Ending(Origin& origin, Tabs& tabs, std::function<void(Tab&)> reload)
      : origin_(origin), world_(origin.world), tabs_(tabs), reload_(std::move(reload)) {}

  void settle();
  void check();

 private:
  [[nodiscard]] bool has_converged();
  [[nodiscard]] std::string explain() const;  // who has not
  void mend_what_was_told();
  void mend();

  Origin& origin_;
  World& world_;
  Tabs& tabs_;
  std::function<void(Tab&)> reload_;
};

}  // namespace tablog::simulator
