// Entries and messages of every kind, with every field set to something that can be told apart from
// its default. Shared by the tests of the codec, the log and the fuzzers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "log/codec.h"
#include "log/entry.h"
#include "log/message.h"

namespace tablog::samples {

template <class Id>
[[nodiscard]] Id id(std::uint8_t first) {
  Id result;
  for (std::size_t i = 0; i < result.bytes.size(); ++i) {
    result.bytes[i] = static_cast<std::byte>(first + i);
  }
  return result;
}

[[nodiscard]] inline Bytes bytes(std::string_view text) {
  const auto view = std::as_bytes(std::span(text));
  return {view.begin(), view.end()};
}

[[nodiscard]] Event event();
[[nodiscard]] Exec exec();
[[nodiscard]] Schema schema();
[[nodiscard]] RequestStamp stamp();

// One of each alternative of EntryBody.
[[nodiscard]] std::vector<EntryBody> bodies();
// The small event of docs/log_format.md's worked example.
[[nodiscard]] Entry entry(Index index);
[[nodiscard]] EncodedEntry encoded(Index index);
// An entry with one text argument of `text_bytes`.
[[nodiscard]] EncodedEntry encoded(Index index, std::size_t text_bytes);

// At least one of each alternative of MessageBody, and both sides of each result.
[[nodiscard]] std::vector<Message> messages();

}  // namespace tablog::samples
