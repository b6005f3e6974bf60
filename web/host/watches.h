// Watches: the queries whose results a page wants anew whenever they change. When one runs again: a
// table that it read has changed, the page has taken its last result, and its last run was kApart
// ago. Pure; whoever owns it runs the queries.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "log/entry.h"
#include "log/result.h"
#include "replica/replica.h"
#include "storage/changes.h"

namespace tablog::host {

class Watches {
 public:
  static constexpr std::chrono::milliseconds kApart{16};
  static constexpr std::chrono::milliseconds kRetryAfter{1000};  // an error that passes

  // By `query.call`; to run at once. `known`: what the page has of it from an earlier worker.
  void add(replica::Query query, RowsHash known);
  void remove(replica::CallId call);
  [[nodiscard]] bool has(replica::CallId call) const { return watches_.contains(call); }
  // The page has taken the last result: until then nothing more is told, so nothing queues up.
  void heard(replica::CallId call);

  void changed(const storage::Changes& changes);

  // One that is to run now; ran() or failed() says what came of it. Each comes in its turn.
  [[nodiscard]] std::optional<replica::Query> take_due(std::chrono::microseconds now);
  // When take_due() will have one, as far as time alone decides it.
  [[nodiscard]] std::optional<std::chrono::microseconds> due_at() const;

  // The hash of the rows that it gave, where the page is to be told of them; none: it has them.
  [[nodiscard]] std::optional<RowsHash> ran(replica::CallId call, std::chrono::microseconds now,
                                            ByteView rows, storage::TablesRead reads);
  // True: it will be tried again. False: the error is its last word, and it is gone.
  [[nodiscard]] bool failed(replica::CallId call, std::chrono::microseconds now,
                            const Error& error);

 private:
  enum class State : std::uint8_t { kIdle, kRunning, kTold };
  struct Watch {
    replica::Query query;
    storage::TablesRead reads{};
    RowsHash known;  // of the last rows that the page was told of
    State state{State::kIdle};
    bool stale{true};  // what it read may have changed since it ran
    std::chrono::microseconds not_before{};
    [[nodiscard]] bool waits_for_time() const { return stale && state == State::kIdle; }
  };
  std::map<replica::CallId, Watch> watches_;
  replica::CallId turn_{};  // of the last that ran
};

}  // namespace tablog::host
