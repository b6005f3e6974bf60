#include "storage/second_state.h"

#include "storage/base.h"

namespace tablog::storage {

namespace {

constexpr const char* kPath = "/tablog-second.sqlite3";

}  // namespace

const char* SecondState::path() {
  return kPath;
}

SecondState::~SecondState() = default;

Result<void> SecondState::tidy(Pool& pool) {
  return remove_database(pool, kPath);
}

Result<std::unique_ptr<SecondState>> SecondState::begin_anew(Pool& pool, LogFiles& log,
                                                             const Schema& schema) {
  if (log.first() > Index{1} && (schema.flags & kSchemaSkipsCompacted) == 0) {
    return fail(Error{.code = ErrorCode::kCompacted,
                      .message = "the log begins with entry " + std::to_string(log.first().value) +
                                 ": the state cannot be made anew from what is not there any more",
                      .index = log.first()});
  }
  if (auto tidied = tidy(pool); !tidied) return fail(tidied.error());
  std::unique_ptr<SecondState> second(new SecondState(log));
  auto opened = StateDatabase::on_pool(pool, kPath);
  if (!opened) return fail(opened.error());
  second->state_ = std::move(*opened);
  if (auto begun = begin_rebuild(pool, log, schema, *second->state_); !begun)
    return fail(begun.error());
  return second;
}

Result<bool> SecondState::advance(const GoOn& go_on) {
  const Index head = log_.head().index;
  if (auto replayed = replay(log_, *state_, head, go_on); !replayed) return fail(replayed.error());
  return state_->applied() == head;
}

}  // namespace tablog::storage
