// Replayer: the state of a log's entries, made from nothing but them, and compared with the digest
// that every commit frame names.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "storage/state_database.h"
#include "tools/base_check.h"
#include "tools/reading.h"

namespace tablog::tools {

struct Divergence {
  Index index{};
  Digest expected{};  // that the commit frame names
  Digest actual{};
};

class Replayer {
 public:
  // From the base of a compacted log. kCompacted: it has none. The source is opened once more where
  // an entry starts the state anew.
  // `rows`: how those come that no ORDER BY puts in order.
  enum class Rows : std::uint8_t { kAsEver, kReversed };
  [[nodiscard]] static Result<Replayer> begin(const Source& source, Rows rows = Rows::kAsEver);

  // Steps in log order. kCorrupt: the base is not of this log. kEngineTooOld: the entries are for
  // another SQLite than this one. Any other error of an entry's SQL: it does not do here what it
  // did in the browser, told as kRejected.
  [[nodiscard]] Result<void> add(const Step& step);

  // What a state may be of: a request takes effect as a whole, so that nobody has ever seen what is
  // between two of its entries.
  enum class Stop : std::uint8_t { kBetweenRequests, kAnywhere };

  // add() of all steps that are left of entries up to `to`, the commit frame behind the last one
  // included. `after` is called behind each
  // entry. kInvalidArgument: `to` stands inside a
  // request, which takes effect as a whole; kCompacted: the state is behind it already.
  using OnEntry = std::function<Result<void>(const Step&)>;
  [[nodiscard]] Result<void> advance(Reading& reading, Index to, const OnEntry& after = {},
                                     Stop stop = Stop::kBetweenRequests);

  // Of a compacted log.
  [[nodiscard]] const std::optional<BaseCheck>& base() const { return base_; }
  // The first commit frame whose digest is not that of the replayed state.
  [[nodiscard]] const std::optional<Divergence>& divergence() const { return divergence_; }
  [[nodiscard]] std::uint64_t compared() const { return compared_; }
  [[nodiscard]] storage::StateDatabase& state() { return *state_; }
  [[nodiscard]] std::unique_ptr<storage::StateDatabase> take_state() { return std::move(state_); }

 private:
  Replayer(Target target, std::unique_ptr<storage::StateDatabase> state, Rows rows)
      : target_(std::move(target)), rows_(rows), state_(std::move(state)) {}
  [[nodiscard]] Result<void> start_anew(const Entry& entry);

  Target target_;
  Rows rows_;
  std::unique_ptr<storage::StateDatabase> state_;
  std::optional<BaseCheck> base_;
  std::optional<Divergence> divergence_;
  std::uint64_t compared_{};
  std::optional<Step> ahead_;  // read already, and behind where advance() was to stop
};

[[nodiscard]] std::string divergence_text(const Divergence& divergence);

}  // namespace tablog::tools
