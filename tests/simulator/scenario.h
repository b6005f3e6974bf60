// Scenario: a run that a script decides, down to the call and the message at which things go wrong.
// Its transcript shows who said what. Files: scenarios/*.txt, the script above a line "----" and
// the transcript below it; the commands stand in README.md.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tests/simulator/tabs.h"

namespace tablog::simulator {

class Scenario {
 public:
  Scenario();
  ~Scenario() { world_.clear(); }
  Scenario(const Scenario&) = delete;
  Scenario& operator=(const Scenario&) = delete;

  // Runs the script, then heals everything and checks what users may rely on, as every run does.
  // The transcript; its last line is the failure, where there is one.
  [[nodiscard]] std::string run(const std::string& script);

 private:
  using Words = std::istringstream;
  using Command = void (Scenario::*)(Words& words);
  void execute(const std::string& line);
  void finish();

  void open(Words& words);
  void wait(Words& words);
  void wait_until(Words& words);
  void append(Words& words);
  void append_batch(Words& words);
  void append_bad(Words& words);
  void append_poison(Words& words);
  void read(Words& words);
  void withdraw(Words& words);
  void trap(Words& words);
  void lose_power(Words& words);
  void rule(Words& words, Rule::Fate fate);
  void lose(Words& words) { rule(words, Rule::Fate::kLost); }
  void twice(Words& words) { rule(words, Rule::Fate::kDoubled); }
  void hold(Words& words) { rule(words, Rule::Fate::kHeld); }
  void release(Words& words);
  void steal(Words& words);
  void sleep(Words& words);
  void fill_disk(Words& words);
  void flip(Words& words);
  void clear(Words& words);
  void act_on_tab(const std::string& what, Words& words);

  [[nodiscard]] std::function<std::optional<storage::FileFault>()> action(Words& words);
  [[nodiscard]] std::function<std::optional<storage::FileFault>()> on_leader(
      std::function<void(Tab&)> act);
  void lose_power_as(const std::string& loss);
  [[nodiscard]] Tab& tab(Words& words);
  [[nodiscard]] std::uint64_t number(Words& words, std::uint64_t otherwise = 0);
  [[nodiscard]] Event note_of(Tab& tab);
  void pass(microseconds time);
  [[noreturn]] void misunderstood(const std::string& what) const;
  void say(const std::string& line);

  World world_;
  Origin origin_;
  Tabs tabs_;
  std::map<std::string, std::shared_ptr<Tab>> named_;
  std::vector<std::string> transcript_;
  std::string line_;  // that is being executed
  std::uint64_t notes_{};
};

}  // namespace tablog::simulator
