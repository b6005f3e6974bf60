// EntryFilter: which entries a verb is asked for.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/replayer.h"
#include "tools/verb.h"
#include "tools/where.h"

namespace tablog::tools {

// As the command line has it.
struct FilterOptions {
  std::vector<std::string> types{};  // of events; empty: any entry
  std::vector<std::string> kinds{};  // as kind_of(); empty: any
  std::string client{};              // the first digits of its id
  std::optional<std::uint64_t> term{};
  std::string since{};
  std::string until{};
  std::string table{};
  std::string where{};
};
[[nodiscard]] std::vector<Option> options_of(FilterOptions& options);

class EntryFilter {
 public:
  // kInvalidArgument: a time or an expression that is none. `now_ms`: what "2h" counts back from.
  // With --table the log is replayed first, up to `to`, and stands anywhere afterwards.
  [[nodiscard]] static Result<EntryFilter> make(const FilterOptions& options, Source& source,
                                                Index to, std::int64_t now_ms, Output& output);

  // kInvalidArgument: the expression failed.
  [[nodiscard]] Result<bool> matches(const Entry& entry);

  // What the user may want to know when there was nothing: a name in --where that no entry has.
  [[nodiscard]] std::string remark() const { return where_ ? where_->unknown() : std::string(); }

 private:
  FilterOptions options_;
  std::optional<std::int64_t> since_ms_;
  std::optional<std::int64_t> until_ms_;
  std::unique_ptr<Where> where_;
  std::optional<std::set<Index>> of_table_;  // the entries that changed it
};

}  // namespace tablog::tools
