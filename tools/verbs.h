// The verbs of the command line, one source file each: info.cc, segments.cc, dump.cc, get.cc,
// verify.cc, replay.cc. Each writes its result to the output, what went wrong to its other stream,
// and returns what the process ends with. None of them changes what it reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/ids.h"
#include "tools/exit_code.h"
#include "tools/output.h"

namespace tablog::tools {

// What the log is, and what is in it.
[[nodiscard]] ExitCode info(const std::string& path, Output& output);

// The files, or the parts of the export, that it is made of.
[[nodiscard]] ExitCode segments(const std::string& path, Output& output);

enum class Order : std::uint8_t { kForward, kReverse };

struct DumpOptions {
  std::optional<Index> from{};
  std::optional<Index> to{};
  std::vector<std::string> types{};  // of events; empty: any entry
  std::vector<std::string> kinds{};  // as kind_of(); empty: any
  std::string client{};              // the first digits of its id
  std::optional<std::uint64_t> term{};
  std::optional<std::uint64_t> limit{};
  Order order{};
};
[[nodiscard]] ExitCode dump(const std::string& path, const DumpOptions& options, Output& output);

// One entry with everything that is known of it.
[[nodiscard]] ExitCode get(const std::string& path, Index index, Output& output);

enum class Depth : std::uint8_t {
  kLog,     // checksums, hash chain, commit frames, links; the state database's place in the log
  kReplay,  // and every commit frame's digest, by replaying
};
[[nodiscard]] ExitCode verify(const std::string& path, Depth depth, Output& output);

enum class Overwrite : std::uint8_t { kRefuse, kForce };
enum class Digests : std::uint8_t { kWhole, kPerTable };

struct ReplayOptions {
  std::string file{};         // the SQLite database to make; empty: only the digests
  std::optional<Index> at{};  // the last entry to apply; none: the head
  Overwrite overwrite{};
  Digests digests{};
};
[[nodiscard]] ExitCode replay(const std::string& path, const ReplayOptions& options,
                              Output& output);

}  // namespace tablog::tools
