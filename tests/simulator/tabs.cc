#include "tests/simulator/tabs.h"

#include <algorithm>
#include <iterator>

namespace tablog::simulator {

std::shared_ptr<Tab> Tabs::open(std::string name, const TabOptions& options) {
  all_.push_back(std::make_shared<Tab>(origin_, std::move(name), options));
  return all_.back();
}

std::vector<std::shared_ptr<Tab>> Tabs::living() const {
  std::vector<std::shared_ptr<Tab>> found;
  std::ranges::copy_if(all_, std::back_inserter(found),
                       [](const auto& tab) { return tab->is_alive(); });
  return found;
}

std::vector<std::shared_ptr<Tab>> Tabs::running() const {
  std::vector<std::shared_ptr<Tab>> found;
  std::ranges::copy_if(all_, std::back_inserter(found),
                       [](const auto& tab) { return tab->is_running(); });
  return found;
}

std::shared_ptr<Tab> Tabs::leading() const {
  std::shared_ptr<Tab> latest;  // one that was stopped may not know yet that it was
  for (const auto& tab : all_) {
    if (!tab->is_alive() || !tab->leader().is_leading()) continue;
    const auto term = [](Tab& of) { return of.leader().host().node().term(); };
    if (!latest || term(*latest) < term(*tab)) latest = tab;
  }
  return latest;
}

std::shared_ptr<Tab> Tabs::with_files() const {
  const auto found = std::ranges::find_if(
      all_, [](const auto& tab) { return tab->is_alive() && tab->leader().has_files(); });
  return found == all_.end() ? nullptr : *found;
}

std::shared_ptr<Tab> Tabs::any() {
  const auto found = running();
  return found.empty() ? nullptr : found[origin_.world.random().below(found.size())];
}

}  // namespace tablog::simulator
