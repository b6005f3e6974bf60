// Error and Result: how every part of the core reports what the world did wrong.
// Broken invariants of our own assert instead.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <utility>

#include "log/ids.h"

namespace tablog {

// The codes of TablogError in the public API (docs of web/src/errors.ts), one to one and in the
// same order, and those that never leave the core. Numbers are stable: they cross the wire.
enum class ErrorCode : std::uint8_t {
  kRejected = 1,  // SQL said no: constraint, RAISE, deferred foreign key, forbidden statement
  kConflict = 2,  // expectedIndex does not match; `Error::index` is the actual one
  kInvalidArgument = 3,     // missing, extra or unstorable parameter
  kUnknownEvent = 4,        // no materializer of that type; the message names the nearest
  kTooLarge = 5,            // an entry over kEntryBytesMax
  kQueryFailed = 6,         // a query's SQL failed, or is not a plain read
  kTransactionTimeout = 7,  // reserved for transaction()
  kSchemaTooOld = 8,
  kSchemaConflict = 9,
  kEngineTooOld = 10,
  kNewerFormat = 11,
  kStorageUnavailable = 12,  // also: an I/O error
  kQuotaExceeded = 13,
  kCorrupt = 14,  // `Error::index` and `Error::offset` say where
  kCompacted = 15,
  kNotEmpty = 16,
  kLoadFailed = 17,
  kLeaderUnresponsive = 18,
  kClosed = 19,
  kAborted = 20,
  // Inside the core only.
  kTruncated = 32,  // more bytes are needed to decode
  kMalformed = 33,  // a message or file that does not decode; dropped, counted, never fatal
};

// True for the number of one of them: what comes from elsewhere may be any.
[[nodiscard]] constexpr bool is_error_code(std::uint8_t number) {
  const auto code = static_cast<ErrorCode>(number);
  return (code >= ErrorCode::kRejected && code <= ErrorCode::kAborted) ||
         code == ErrorCode::kTruncated || code == ErrorCode::kMalformed;
}

struct Error {
  ErrorCode code{};
  std::string message;  // for a person; says what to do where something can be done
  std::optional<Index> index{};
  std::optional<std::uint64_t> offset{};  // bytes from the start of the file
  bool operator==(const Error&) const = default;
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{.code = code, .message = std::move(message)});
}

[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected(std::move(error));
}

}  // namespace tablog
