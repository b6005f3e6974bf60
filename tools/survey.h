// Survey: what a whole log says of itself, gathered while it is read from front to back; and the
// rules that checksums cannot see: terms and times that go back, batches that cut a request in two.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "log/entry.h"
#include "tools/reading.h"

namespace tablog::tools {

struct TermSpan {
  Term term{};
  Index first{};
  Index last{};
  std::int64_t time_ms{};            // of its first entry
  std::optional<ClientId> leader{};  // none: it does not begin with a term start
};

struct SchemaSpan {
  Index index{};
  std::uint32_t version{};
  std::string engine{};
};

struct Survey {
  std::uint64_t entries{};
  std::uint64_t batches{};
  std::uint64_t body_bytes{};  // of all entries
  std::optional<std::int64_t> first_time_ms{};
  std::vector<TermSpan> terms{};
  std::vector<SchemaSpan> schemas{};
  std::map<std::string, std::uint64_t> kinds{};
  std::map<std::string, std::uint64_t> types{};  // of events; at most kTypesMax names
  Index checkpoint{};                            // that the last checkpoint entry names
  std::optional<Commit> head{};                  // the last whole batch
};

class Surveyor {
 public:
  static constexpr std::size_t kTypesMax =
      10'000;  // a log of nothing but names must not fill memory

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
  // Names are mostly the one before: found without a search.
  std::uint64_t* kind_count_{};
  std::size_t kind_{SIZE_MAX};
};

}  // namespace tablog::tools
