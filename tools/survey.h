// Survey: counts of a whole log while it is read from front to back; and the rules that checksums
// cannot see: terms and times that go back, batches that cut a request in two.
#pragma once

#include <optional>

#include "log/entry.h"
#include "tools/reading.h"

namespace tablog::tools {

struct Survey {
  std::uint64_t entries{};
  std::uint64_t batches{};
  std::optional<Commit> head{};  // the last whole batch
};

class Surveyor {
 public:
  // Steps in log order. kCorrupt: a rule is broken.
  [[nodiscard]] Result<void> add(const Step& step);
  [[nodiscard]] const Survey& survey() const { return survey_; }

 private:
  [[nodiscard]] Result<void> add_entry(const Step& step);
  [[nodiscard]] Result<void> add_commit(const Step& step);

  Survey survey_;
  Term term_{};
  std::int64_t time_ms_{};
  bool request_open_{};  // the last entry is not the last of its request
};

}  // namespace tablog::tools
