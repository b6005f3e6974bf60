#include "tools/replayer.h"

#include "storage/sqlite.h"

namespace tablog::tools {

namespace {

std::string inside_request_text(const Entry& entry) {
  const RequestStamp& stamp = *entry.request;
  const std::uint64_t first = entry.index.value - stamp.position;
  return "entry " + std::to_string(entry.index.value) +
         " stands inside a request that takes effect as a whole, entries " + std::to_string(first) +
         " to " + std::to_string(first + stamp.count - 1) +
         ": name the last of them, or the entry before";
}

Result<std::unique_ptr<storage::StateDatabase>> empty_state(const storage::LogReader& log) {
  auto state = storage::StateDatabase::in_memory();
  if (state) {
    (*state)->set_store(log.store());
  }
  return state;
}

// What the log's first entry is applied to.
Result<std::unique_ptr<storage::StateDatabase>> first_state(const Source& source) {
  auto base = base_state(source);
  return base && *base == nullptr ? empty_state(*source.log) : std::move(base);
}

}  // namespace

Result<Replayer> Replayer::begin(const Source& source, Rows rows) {
  const storage::LogReader& log = *source.log;
  if (log.first() > Index{1} && source.base_bytes == 0) {
    return fail(ErrorCode::kCompacted, "the log begins with entry " +
                                           std::to_string(log.first().value) +
                                           ": what is before it cannot be replayed");
  }
  auto state = first_state(source);
  if (!state) {
    return fail(state.error());
  }
  std::optional<BaseCheck> base;
  if (source.base_bytes > 0) {
    const auto checked = BaseCheck::begin(source, **state);
    if (!checked) {
      return fail(checked.error());
    }
    base = *checked;
  }
  if (rows == Rows::kReversed) {
    if (const auto reversed = (*state)->reverse_unordered(); !reversed) {
      return fail(reversed.error());
    }
  }
  Replayer replayer(source.target, *std::move(state), rows);
  replayer.base_ = base;
  return replayer;
}

// All before the entry once more, as its schema has it.
Result<void> Replayer::start_anew(const Entry& entry) {
  auto source = open_source(target_);
  if (!source) {
    return fail(source.error());
  }
  auto state = empty_state(*source->log);
  if (!state) {
    return fail(state.error());
  }
  if (source->base_bytes > 0) {
    const auto base = first_state(*source);
    if (!base) {
      return fail(base.error());
    }
    (*state)->continue_from(**base);
  }
  if (rows_ == Rows::kReversed) {
    if (const auto reversed = (*state)->reverse_unordered(); !reversed) return reversed;
  }
  (*state)->begin_rebuild(std::get<Schema>(entry.body));
  while ((*state)->applied().value + 1 < entry.index.value) {
    const auto step = next_step(*source->log);
    if (!step) {
      return fail(step.error());
    }
    if (!*step) {
      return fail(ErrorCode::kCorrupt, "the log has become shorter");
    }
    if (!(*step)->entry || (*step)->entry->index <= (*state)->applied()) {
      continue;
    }
    if (const auto applied = (*state)->apply(*(*step)->entry, (*step)->frame.body); !applied) {
      return fail(applied.error());
    }
  }
  state_ = *std::move(state);
  return {};
}

Result<void> Replayer::add(const Step& step) {
  if (base_) {
    if (const auto same = base_->add(step); !same) {
      return same;
    }
  }
  if (step.frame.header.index <= state_->applied() && !step.frame.commit) {
    return {};  // the base has it
  }
  if (step.entry) {
    if (starts_anew(*step.entry) && !state_->rebuilds()) {
      if (const auto started = start_anew(*step.entry); !started) {
        return started;
      }
    }
    const auto applied = state_->apply(*step.entry, step.frame.body);
    if (!applied) {
      Error error = applied.error();
      if (error.code == ErrorCode::kCorrupt) {  // the log verifies, and memory holds no damage
        error.code = ErrorCode::kRejected;
      }
      return fail(std::move(error));
    }
    return {};
  }
  if (const auto committed = state_->commit(); !committed) {
    return committed;
  }
  if (step.frame.commit->last < state_->applied()) {
    return {};
  }
  ++compared_;
  const Digest actual = state_->digest();
  if (!divergence_ && actual != step.frame.commit->digest) {
    divergence_ = {step.frame.commit->last, step.frame.commit->digest, actual};
  }
  return {};
}

Result<void> Replayer::advance(Reading& reading, Index to, const OnEntry& after, Stop stop) {
  if (state_->applied() > to) {
    return fail(ErrorCode::kCompacted, "the log's base is the state after entry " +
                                           std::to_string(state_->applied().value) +
                                           ": there is no earlier one");
  }
  while (true) {
    if (!ahead_) {
      auto step = reading.next();
      if (!step) return fail(step.error());
      if (!*step) return {};
      ahead_ = **std::move(step);
    }
    if (ahead_->frame.header.index > to) return {};
    const Step step = *std::exchange(ahead_, std::nullopt);
    if (const auto added = add(step); !added) return added;
    if (!step.entry) continue;
    if (after) {
      if (const auto told = after(step); !told) return told;
    }
    if (stop == Stop::kBetweenRequests && step.entry->index == to && !ends_request(*step.entry)) {
      return fail(ErrorCode::kInvalidArgument, inside_request_text(*step.entry));
    }
  }
}

std::string divergence_text(const Divergence& divergence) {
  return "after entry " + std::to_string(divergence.index.value) + " the state's digest is " +
         to_hex(divergence.actual.bytes) + ", and the log says " +
         to_hex(divergence.expected.bytes);
}

}  // namespace tablog::tools
