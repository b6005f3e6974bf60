// ExitCode: what the tool's process ends with. Stable: scripts and CI test them (tools/README.md).
#pragma once

#include "log/result.h"

namespace tablog::tools {

enum class ExitCode : int {
  kClean = 0,
  kDiffers = 1,         // a digest is not the one that the log names
  kUsage = 2,           // the command line, or what it names, is not something to work on
  kTornTail = 3,        // an unfinished write at the end of the log; everything before it is whole
  kCorrupt = 4,         // damage: something that had been durable does not verify, or is missing
  kIo = 5,              // a file could not be read or written
  kUnknownVersion = 6,  // written by a newer tablog or for another SQLite engine
};

// What an error means to the caller of the process.
[[nodiscard]] constexpr ExitCode exit_code_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kStorageUnavailable:
    case ErrorCode::kQuotaExceeded:
      return ExitCode::kIo;
    case ErrorCode::kNewerFormat:
    case ErrorCode::kEngineTooOld:
      return ExitCode::kUnknownVersion;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kCompacted:
      return ExitCode::kUsage;
    case ErrorCode::kRejected:  // of a replay: an entry does not do here what it once did
      return ExitCode::kDiffers;
    default:
      return ExitCode::kCorrupt;
  }
}

}  // namespace tablog::tools
