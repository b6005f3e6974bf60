// Tabs: all tabs of a run, the dead too: those may be in the middle of a step.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/simulator/tab.h"

namespace tablog::simulator {

class Tabs {
 public:
  explicit Tabs(Origin& origin) : origin_(origin) {}

  std::shared_ptr<Tab> open(std::string name, const TabOptions& options);
  std::shared_ptr<Tab> open(const TabOptions& options) {
    return open('T' + std::to_string(all_.size() + 1), options);
  }

  [[nodiscard]] const std::vector<std::shared_ptr<Tab>>& all() const { return all_; }
  [[nodiscard]] std::vector<std::shared_ptr<Tab>> living() const;
  [[nodiscard]] std::vector<std::shared_ptr<Tab>> running()
      const;                                              // and neither stopped nor frozen
  [[nodiscard]] std::shared_ptr<Tab> leading() const;     // or nobody
  [[nodiscard]] std::shared_ptr<Tab> with_files() const;  // or nobody
  // One that is running, or nobody.
  [[nodiscard]] std::shared_ptr<Tab> any();

 private:
  Origin& origin_;
  std::vector<std::shared_ptr<Tab>> all_;
};

}  // namespace tablog::simulator
