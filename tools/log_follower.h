// LogFollower: what comes into a log, batch by batch, as it comes. The files of a live store change
// meanwhile: a batch is half written, a segment ends and another slot goes on, a compaction takes
// files away, a leader that takes over cuts off what nobody had been told of, a new generation
// stands beside the old one, the store is deleted and begun anew. Reads on from where it stopped:
// what it costs does not depend on the length of the log.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "log/segment.h"
#include "log/segment_walk.h"
#include "tools/joints.h"
#include "tools/source.h"

namespace tablog::tools {

struct News {
  std::vector<Entry> entries{};  // of a whole batch, or what is left of one
  std::string note{};            // what a reader should know before what comes next; mostly empty
};

class LogFollower {
 public:
  // From entry `from` on; `source` is of a directory.
  LogFollower(Source source, Index from);

  // Nothing: there is no more for now. kCorrupt where it stays so for a while, and other errors: it
  // cannot go on.
  [[nodiscard]] Result<std::optional<News>> next();

  // Where the files are that will change; empty: not known.
  [[nodiscard]] const std::string& directory() const { return directory_; }

 private:
  struct Place {  // in a segment
    std::unique_ptr<storage::File> file;
    SegmentHeader header;
    WalkPosition at;
  };
  struct Seen {  // a segment's file
    std::uint64_t salt;
    std::uint64_t bytes;
  };
  struct Again {};    // there may be more at once: by what was changed here
  struct Nothing {};  // for now
  using Step = Result<std::variant<News, Again, Nothing>>;

  [[nodiscard]] Step read_source();
  [[nodiscard]] Step read_segment();
  [[nodiscard]] Step look_around();
  [[nodiscard]] Step move_to(Place successor);
  [[nodiscard]] Step suspect();
  [[nodiscard]] bool is_strange();
  [[nodiscard]] Step open_again();
  [[nodiscard]] Step absent();
  [[nodiscard]] Step patient(Error error);

  void settle();
  [[nodiscard]] Result<std::string> join(storage::LogReader& log);
  void told(Index index, const ChainHash& chain);
  [[nodiscard]] std::string withdraw(Index kept);

  Target target_;
  std::string directory_;
  StoreId store_;
  Index last_;    // told, or passed over
  Index passed_;  // up to here nothing was told
  Joints joints_;
  std::optional<Source> source_;  // while it is read to its end
  std::optional<Place> place_;    // afterwards. Neither: the directory has to be opened again
  bool is_absent_{};
  std::optional<std::uint64_t> behind_;  // where it stood when a successor knew of more
  std::chrono::steady_clock::time_point looked_around_;
  std::vector<Seen> seen_;  // when it looked around
  // When to open the log and judge by it what stands at the place; none: zeros do.
  std::optional<std::chrono::steady_clock::time_point> judge_at_;
  std::chrono::milliseconds judge_pause_{};
  std::chrono::steady_clock::time_point opened_;
  // What seems to be damage, and since when.
  std::optional<Error> trouble_;
  std::chrono::steady_clock::time_point trouble_since_;
};

}  // namespace tablog::tools
