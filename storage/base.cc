#include "storage/base.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "log/codec.h"
#include "log/size.h"

namespace tablog::storage {

namespace {

constexpr std::string_view kPrefix = "/tablog-base-";
constexpr const char* kNextPath = "/tablog-next-base.sqlite3";
constexpr std::uint64_t kPieceBytes = 1U << 20U;
constexpr std::uint64_t kSliceBytes = 256U << 10U;

// Of the path of a base; zero: it is another file's.
Index index_of(std::string_view path) {
  if (!path.starts_with(kPrefix)) return {};
  Index index;
  const char* const end = path.data() + path.size();
  const auto [rest, error] = std::from_chars(path.data() + kPrefix.size(), end, index.value);
  return error == std::errc{} && rest == end ? index : Index{};
}

Error corrupt(std::string message, Index index) {
  return Error{.code = ErrorCode::kCorrupt, .message = std::move(message), .index = index};
}

Result<File*> open_base(Pool& pool, Index index) {
  File* const file = pool.find(base_path(index));
  if (file == nullptr) return fail(corrupt("the log's base is missing", index));
  return file;
}

Result<std::unique_ptr<StateDatabase>> check(Result<std::unique_ptr<StateDatabase>> state,
                                             Index index) {
  if (state && (*state)->applied() != index)
    return fail(corrupt("the log's base is of another entry than its name says", index));
  return state;
}

// In memory.
Result<std::unique_ptr<StateDatabase>> read_base(Pool& pool, Index index) {
  const Result<File*> file = open_base(pool, index);
  if (!file) return fail(file.error());
  const auto image = read_whole(**file);
  if (!image) return fail(image.error());
  return check(StateDatabase::from_image(*image), index);
}

}  // namespace

std::string base_path(Index index) {
  return std::string(kPrefix) + std::to_string(index.value);
}

Index find_base(const Pool& pool) {
  Index highest;
  for (const Pool::Entry& entry : pool.entries()) highest = std::max(highest, index_of(entry.path));
  return highest;
}

Result<void> remove_other_bases(Pool& pool, Index keep) {
  for (const Pool::Entry& entry : pool.entries()) {
    const Index index = index_of(entry.path);
    if (index == Index{} || index == keep) continue;
    if (auto removed = pool.remove(entry.path); !removed) return removed;
  }
  return {};
}

Result<void> copy_base(Pool& pool, Index index, const std::string& path) {
  const Result<File*> from = open_base(pool, index);
  if (!from) return fail(from.error());
  const auto size = (*from)->size();
  if (!size) return fail(size.error());
  const Result<File*> to = create_database(pool, path);
  if (!to) return fail(to.error());
  Bytes piece(to_size(std::min(*size, kPieceBytes)));
  for (std::uint64_t offset = 0; offset < *size; offset += kPieceBytes) {
    const auto got = (*from)->read(offset, piece);
    if (!got) return fail(got.error());
    if (auto written = (*to)->write(offset, ByteView(piece).first(*got)); !written) return written;
  }
  return (*to)->flush();
}

Result<void> begin_rebuild(Pool& pool, const LogFiles& log, const Schema& schema,
                           StateDatabase& state) {
  state.set_store(log.head().store);
  if (const Index base = find_base(pool); base > Index{}) {
    const auto before = read_base(pool, base);
    if (!before) return fail(before.error());
    state.continue_from(**before);
  }
  state.begin_rebuild(schema);
  return {};
}

Result<void> NextBase::tidy(Pool& pool) {
  return remove_database(pool, kNextPath);
}

NextBase::~NextBase() = default;

Result<std::unique_ptr<NextBase>> NextBase::begin(Pool& pool, LogFiles& log, Index through) {
  std::unique_ptr<NextBase> next(new NextBase(pool, log, through));
  if (auto opened = next->open(find_base(pool)); !opened) return fail(opened.error());
  return next;
}

Result<void> NextBase::open(Index from) {
  state_.reset();
  if (auto tidied = tidy(pool_); !tidied) return tidied;
  if (from > Index{}) {
    if (auto copied = copy_base(pool_, from, kNextPath); !copied) return copied;
  }
  auto opened = StateDatabase::on_pool(pool_, kNextPath);
  if (from > Index{}) opened = check(std::move(opened), from);
  if (!opened) return fail(opened.error());
  state_ = std::move(*opened);
  if (from > Index{}) return state_->check_content();
  state_->set_store(log_.head().store);
  return {};
}

Result<void> NextBase::start_anew(const Entry& entry) {
  if (auto opened = open(Index{}); !opened) return opened;
  return begin_rebuild(pool_, log_, std::get<Schema>(entry.body), *state_);
}

Index NextBase::done() const {
  return std::max(state_->applied(), looked_at_);
}

Result<NextBase::Stage> NextBase::advance(const GoOn& go_on) {
  if (state_->applied() < through_) {
    const auto anew_from = replay(log_, *state_, through_, go_on);
    if (!anew_from) return fail(anew_from.error());
    if (*anew_from) {
      if (auto started = start_anew(**anew_from); !started) return fail(started.error());
    }
    if (state_->applied() < through_) return Stage::kWorking;
    if (auto verified = verify(); !verified) return fail(verified.error());
    looked_at_ = through_;
  }
  while (looked_at_ < log_.head().index) {
    const auto batch = log_.read(next(looked_at_), log_.head().index, kSliceBytes);
    if (!batch) return fail(batch.error());
    for (const auto& bytes : batch->entries) {
      const Result<Entry> entry = decode_entry(*bytes);
      if (!entry) return fail(corrupt("an entry of the log does not decode", next(looked_at_)));
      if (starts_anew(*entry)) return Stage::kBlocked;
      looked_at_ = entry->index;
    }
    if (!go_on()) return Stage::kWorking;
  }
  return Stage::kReady;
}

// The digest that the log has is of the end of a batch, which may lie behind. What is applied up to
// there is taken back.
Result<void> NextBase::verify() {
  const Result<Commit> commit = log_.commit_of(through_);
  if (!commit) return fail(commit.error());
  if (commit->last > through_) {
    const auto batch = log_.read(next(through_), commit->last, UINT64_MAX);
    if (!batch) return fail(batch.error());
    for (const auto& bytes : batch->entries) {
      const Result<Entry> entry = decode_entry(*bytes);
      if (!entry)
        return fail(corrupt("an entry of the log does not decode", next(state_->applied())));
      if (auto applied = state_->apply(*entry, *bytes); !applied) return fail(applied.error());
    }
  }
  const bool same = state_->digest() == commit->digest && state_->chain() == commit->chain;
  state_->rollback();
  if (!same) {
    return fail(corrupt("what the log gives up to entry " + std::to_string(commit->last.value) +
                            " is not what it says itself: nothing is compacted",
                        commit->last));
  }
  return {};
}

Result<void> NextBase::place() {
  if (auto made = state_->become_image(); !made) return made;
  state_.reset();
  const std::string path = base_path(through_);
  // The file that is there already is as good.
  if (pool_.find(path) == nullptr) {
    if (auto renamed = pool_.rename(kNextPath, path); !renamed) return renamed;
  }
  return {};
}

}  // namespace tablog::storage
