// SessionSurvey: every session that a log tells of, gathered while it is read from front to back.
// Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "log/entry.h"
#include "log/session_table.h"

namespace tablog::tools {

struct SessionSpan {
  // Of its entries in the log; zero: it has none there.
  Index first{};
  Index last{};
  std::int64_t first_time_ms{};
  std::int64_t last_time_ms{};
  std::uint64_t entries{};
  std::uint64_t requests{};
  RequestNumber last_number{};
  RequestNumber settled_through{};
  std::deque<RequestNumber> unsettled{};  // logged numbers above settled_through, ascending
  std::optional<Index> closed_at{};       // its session close
  std::optional<Term> closed_in{};
  std::vector<Term> led{};
  bool in_state{};  // the session table of a state database knows more of it than the log does
};

class SessionSurvey {
 public:
  static constexpr std::size_t kSessionsMax = 100'000;  // later ones are only counted

  void add(const Entry& entry);
  // Of a compacted log: what the table knows from entries that are gone.
  void add(const SessionTable& table);

  [[nodiscard]] const std::map<ClientId, SessionSpan>& sessions() const { return sessions_; }
  [[nodiscard]] Term term() const { return term_; }  // of the last entry
  [[nodiscard]] bool is_full() const { return is_full_; }

 private:
  [[nodiscard]] SessionSpan* of(const ClientId& client);

  std::map<ClientId, SessionSpan> sessions_;
  Term term_{};
  bool is_full_{};  // and there was one more
};

}  // namespace tablog::tools
