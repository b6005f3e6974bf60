// Private to codec_*.cc, the one place that sees Cap'n Proto: the parts that
// entries and messages share. Reading throws kj::Exception on anything out of bounds; decoding()
// turns that into kMalformed at the edge.
#pragma once

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include <cstring>

#include "log/codec.h"
#include "log/entry.capnp.h"

namespace tablog::codec {

// A structure nests at most this deep: Message > AppendRequests > AppendRequest > Payload > Event >
// Argument > text is 7 pointers and 4 lists.
inline constexpr int kNestingMax = 16;
inline constexpr std::size_t kWordBytes = sizeof(capnp::word);

// Throws the exception that decoding() catches.
void require(bool condition, const char* what);

template <class Decode>
[[nodiscard]] auto decoding(const char* what, Decode&& decode) -> Result<decltype(decode())> {
  try {
    return decode();
  } catch (const kj::Exception& exception) {
    return fail(ErrorCode::kMalformed,
                std::string(what) + ": " + exception.getDescription().cStr());
  }
}

// ---- scalars

[[nodiscard]] inline kj::ArrayPtr<const kj::byte> to_kj(ByteView bytes) {
  return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
}

[[nodiscard]] inline capnp::Text::Reader to_kj(const std::string& text) {
  return {text.c_str(), text.size()};
}

[[nodiscard]] inline std::string to_string(capnp::Text::Reader text) {
  return {text.begin(), text.size()};
}

[[nodiscard]] inline Bytes to_bytes(capnp::Data::Reader data) {
  const auto* begin = reinterpret_cast<const std::byte*>(data.begin());
  return {begin, begin + data.size()};
}

// A list's length, once it is known to be within `max`: before anything of its size is allocated.
template <class List>
[[nodiscard]] std::size_t bounded(const List& list, std::size_t max, const char* what) {
  require(list.size() <= max, what);
  return list.size();
}

template <class Enum>
[[nodiscard]] Enum to_enum(std::uint8_t value, Enum last, const char* what) {
  require(value <= static_cast<std::uint8_t>(last), what);
  return static_cast<Enum>(value);
}

// ---- 128-bit identifiers: bytes as written, in two little-endian words

struct IdWords {
  std::uint64_t first{};
  std::uint64_t second{};
};

template <class Tag>
[[nodiscard]] IdWords to_words(const Bits128<Tag>& id) {
  IdWords words;
  std::memcpy(&words.first, id.bytes.data(), 8);
  std::memcpy(&words.second, id.bytes.data() + 8, 8);
  return words;
}

template <class Id>
[[nodiscard]] Id from_words(const IdWords& words) {
  Id id;
  std::memcpy(id.bytes.data(), &words.first, 8);
  std::memcpy(id.bytes.data() + 8, &words.second, 8);
  return id;
}

template <class Tag>
void put(wire::Id::Builder to, const Bits128<Tag>& id) {
  const IdWords words = to_words(id);
  to.setFirst(words.first);
  to.setSecond(words.second);
}

template <class Id>
[[nodiscard]] Id get_id(wire::Id::Reader from) {
  return from_words<Id>({from.getFirst(), from.getSecond()});
}

// ---- what entries and messages share

void put(capnp::List<wire::Argument>::Builder to, std::span<const Argument> args);
void put(wire::Event::Builder to, const Event& event);
void put(wire::Exec::Builder to, const Exec& exec);
void put(wire::Schema::Builder to, const Schema& schema);
void put(wire::Payload::Builder to, const Payload& payload);

[[nodiscard]] std::vector<Argument> get(capnp::List<wire::Argument>::Reader from);
[[nodiscard]] Event get(wire::Event::Reader from);
[[nodiscard]] Exec get(wire::Exec::Reader from);
[[nodiscard]] Schema get(wire::Schema::Reader from);
[[nodiscard]] Payload get(wire::Payload::Reader from);

// Upper bounds of the unpacked size, in words: what a builder's first segment is made for, so that
// the encoding is one segment and therefore a function of the value alone.
[[nodiscard]] std::size_t words_of(std::span<const Argument> args);
[[nodiscard]] std::size_t words_of(const Event& event);
[[nodiscard]] std::size_t words_of(const Exec& exec);
[[nodiscard]] std::size_t words_of(const Schema& schema);
[[nodiscard]] std::size_t words_of(const Payload& payload);

[[nodiscard]] constexpr std::size_t words_of_bytes(std::size_t bytes) {
  return bytes / kWordBytes + 2;  // rounded up, with a text's final zero
}

}  // namespace tablog::codec
