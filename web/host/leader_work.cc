// What a leader does a slice at a time, between other things: the state made anew, compaction.
#include <algorithm>
#include <utility>

#include "web/host/leader_host.h"

namespace tablog::host {
namespace {

constexpr std::chrono::milliseconds kSlice{8};   // then other inputs have their turn
constexpr std::chrono::milliseconds kTold{100};  // how often it is told how far it is
constexpr std::size_t kCompactionsMax = 64;      // that wait; beyond, dropped: asked for again

}  // namespace

std::vector<LeaderEffect> LeaderHost::work() {
  const auto until = now_().monotonic + kSlice;
  if (store_ && store_->anew() != nullptr) work_anew(until);
  if (store_ && store_->next_base() != nullptr) work_compaction(until);
  return take_effects();
}

// Behind what others have sent meanwhile. True: it is time to tell how far it is.
bool LeaderHost::goes_on() {
  effects_.emplace_back(ArmWork{});
  const auto now = now_().monotonic;
  if (now - told_of_work_ < kTold) return false;
  told_of_work_ = now;
  return true;
}

// ---- the state made anew

void LeaderHost::begin_anew(const Schema& schema, std::vector<node::Input>& followed_by) {
  if (auto begun = store_->begin_anew(schema); !begun) {
    followed_by.push_back(leader::Input{leader::AnewFailed{std::move(begun.error())}});
    return;
  }
  effects_.emplace_back(ArmWork{});
}

void LeaderHost::work_anew(std::chrono::microseconds until) {
  const auto finished = store_->advance_anew([&] { return now_().monotonic < until; });
  if (!finished) return run(leader::Input{leader::AnewFailed{finished.error()}});
  if (*finished) return run(leader::Input{leader::AnewAdvanced{.finished = true}});
  if (!goes_on()) return;
  run(leader::Input{leader::AnewAdvanced{.done = store_->anew()->applied().value,
                                         .total = store_->anew()->target().value}});
}

// ---- compaction

void LeaderHost::serve(const leader::Read& read, const CompactRequest& request) {
  const bool known = std::ranges::any_of(compactions_, [&](const Compaction& each) {
    return each.from == read.to && each.request.call == request.call;
  });
  if (known || compactions_.size() >= kCompactionsMax) return;
  compactions_.push_back({.from = read.to, .request = request});
  if (compactions_.size() == 1) begin_compaction();
}

void LeaderHost::begin_compaction() {
  auto through = store_->compactable(compactions_.front().request);
  if (!through) return end_compaction(std::move(through.error()));
  if (*through == Index{}) return end_compaction(store_->log().first());
  if (auto begun = store_->begin_compaction(*through); !begun)
    return end_compaction(std::move(begun.error()));
  effects_.emplace_back(ArmWork{});
}

void LeaderHost::work_compaction(std::chrono::microseconds until) {
  if (store_->anew() != nullptr) return;  // it reads all of the log, and arms the work
  auto stage = store_->advance_compaction([&] { return now_().monotonic < until; });
  if (!stage) return end_compaction(std::move(stage.error()));
  switch (*stage) {
    case storage::NextBase::Stage::kReady:
      return run(leader::Input{leader::BaseReady{}});
    case storage::NextBase::Stage::kBlocked:
      store_->drop_compaction();
      return end_compaction(store_->log().first());
    case storage::NextBase::Stage::kWorking:
      break;
  }
  if (!goes_on()) return;
  const storage::NextBase& next = *store_->next_base();
  answer(compactions_.front().from,
         Working{.done = next.done().value, .total = next.total().value});
}

// What has been written since it was ready is looked at first. An export has no files to read from
// any more: it is begun anew.
void LeaderHost::serve(const leader::Read& /*read*/, const leader::FreeCompacted& /*request*/) {
  if (store_->next_base() == nullptr) return;
  if (store_->anew() != nullptr) return effects_.push_back(ArmWork{});
  const auto stage = store_->advance_compaction([] { return true; });
  if (!stage) return end_compaction(stage.error());
  if (*stage == storage::NextBase::Stage::kBlocked) {
    store_->drop_compaction();
    return end_compaction(store_->log().first());
  }
  transfers_.drop_files();
  if (auto freed = store_->finish_compaction(); !freed)
    return end_compaction(std::move(freed.error()));
  effects_.emplace_back(DropSnapshots{.before = store_->base()});
  end_compaction(store_->log().first());
}

void LeaderHost::end_compaction(std::variant<Index, Error> result) {
  const Compaction done = compactions_.front();
  compactions_.pop_front();
  answer(done.from, MaintenanceDone{.call = done.request.call, .result = std::move(result)});
  if (!compactions_.empty()) begin_compaction();
}

// ---- import

void LeaderHost::serve(const leader::Read& read, const AdoptRequest& request,
                       std::vector<node::Input>& followed_by) {
  const bool empty = store_->state().last_app_entry() == Index{} && store_->base() == Index{};
  if (empty) {
    followed_by.emplace_back(node::Adopt{.generation = request.generation});
    return;
  }
  answer(read.to,
         MaintenanceDone{.call = request.call,
                         .result = Error{.code = ErrorCode::kNotEmpty,
                                         .message = "the store has events: import into a new one, "
                                                    "or delete this one first"}});
}

}  // namespace tablog::host
