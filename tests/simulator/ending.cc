#include "tests/simulator/ending.h"

namespace tablog::simulator {

using namespace std::chrono_literals;

namespace {

constexpr microseconds kToldMax = 3s;     // damage that stands in the way is told by then
constexpr microseconds kSettleMax = 60s;  // simulated, after everything is healed

}  // namespace

bool Ending::has_converged() {
  bool converged = tabs_.leading() != nullptr;
  for (const auto& tab : tabs_.living()) converged = tab->is_current() && converged;
  return converged;
}

std::string Ending::explain() const {
  std::string words;
  for (const auto& tab : tabs_.living()) {
    const replica::Status status = tab->replica().replica().status();
    words += ' ' + tab->name() + ": pending=" + std::to_string(tab->pending()) +
             " applied=" + std::to_string(status.applied.value) +
             " head=" + std::to_string(status.head.value) +
             " term=" + std::to_string(status.term.value) +
             (tab->leader().is_leading() ? " leads;" : ";");
  }
  return words;
}

void Ending::settle() {
  world_.trace("world", "is healed");
  origin_.disk.heal();
  origin_.channels.heal();
  for (const auto& tab : tabs_.living()) tab->go_on();
  for (const auto& tab : tabs_.living()) {
    tab->append_note();  // finds out what nobody has noticed yet
    tab->expect_current();
  }
  const microseconds healed = world_.now();
  while (!has_converged()) {
    const microseconds next = world_.now() + 10ms;
    while (world_.now() < next && world_.step()) {
    }
    for (const auto& tab : tabs_.living()) {
      if (tab->is_outdated() && tab->pending() == 0) reload_(*tab);
    }
    if (world_.now() > healed + kToldMax) mend_what_was_told();
    if (world_.now() > healed + kSettleMax) world_.fail("does not come to rest:" + explain());
  }
  if (origin_.disk.is_damaged()) mend();  // nobody has come across it
}

// Nothing was changed: when the damage is undone, everything is there again.
void Ending::mend_what_was_told() {
  if (!origin_.disk.is_damaged() || !origin_.checker.was_told_corrupt()) return;
  if (tabs_.running().size() < tabs_.living().size()) return;  // one is in the middle of reading it
  world_.count("damage told");
  mend();
}

void Ending::mend() {
  world_.trace("world", "the damage is undone");
  const bool lost_names = origin_.disk.has_lost_log();
  origin_.disk.undo_damage();
  if (lost_names) {  // with the power: now it shows what else went with it
    storage::MemoryDisk files;
    origin_.disk.copy_to(files);
    origin_.checker.power_lost(files);
  }
  origin_.checker.mended();
}

void Ending::check() {
  storage::MemoryDisk files;
  origin_.disk.copy_to(files);
  const Digest replayed = origin_.checker.check_log(files);
  for (const auto& tab : tabs_.living()) {
    if (tab->mode() != replica::Mode::kMemory) continue;
    if (tab->replica().digest() != replayed)
      world_.fail(tab->name() + " has other content than the log");
  }
  const auto leader = tabs_.leading();
  if (leader->leader().digest() != replayed) {
    world_.fail(leader->name() + "'s database has other content than the log");
  }
  world_.trace("world", "is consistent: " + to_hex(replayed.bytes));
}

}  // namespace tablog::simulator
