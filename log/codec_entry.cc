#include <capnp/serialize-packed.h>
#include <kj/io.h>

#include <algorithm>
#include <array>
#include <type_traits>

#include "log/codec_wire.h"
#include "log/hash.h"

namespace tablog {

namespace {

using codec::require;

// Root, fields, stamp and identifier of any entry, without its body's texts and lists.
constexpr std::size_t kEntryWords = 24;
// Small entries are built on the stack.
constexpr std::size_t kScratchWords = 128;
// Unpacked, an entry may be as large as packed; a run of zeros cannot make more of a few bytes.
constexpr std::size_t kEntryWordsMax = kEntryBytesMax / codec::kWordBytes;

// A run of 256 words of zeros takes two bytes. What says that it unpacks to more than its bytes can
// is refused before room is made for it.
constexpr std::size_t kWordsPerPackedByteMax = 128;

// What packing can make of `words`: a tag and a count for each word at worst, and the segment
// table.
constexpr std::size_t packed_bytes_max(std::size_t words) {
  return (words + 2) * (codec::kWordBytes + 2);
}

std::size_t words_of(const EntryBody& body) {
  return std::visit(
      [](const auto& value) -> std::size_t {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, Event> || std::is_same_v<T, Exec> ||
                      std::is_same_v<T, Schema>) {
          return codec::words_of(value);
        } else {
          return 0;
        }
      },
      body);
}

void put(wire::RequestStamp::Builder to, const RequestStamp& stamp) {
  const codec::IdWords client = codec::to_words(stamp.client);
  to.setClientFirst(client.first);
  to.setClientSecond(client.second);
  to.setNumber(stamp.number.value);
  to.setSettledThrough(stamp.settled_through.value);
  to.setRequestHash(stamp.request_hash);
  to.setPosition(stamp.position);
  to.setCount(stamp.count);
}

RequestStamp get(wire::RequestStamp::Reader from) {
  const RequestStamp stamp{
      .client = codec::from_words<ClientId>({from.getClientFirst(), from.getClientSecond()}),
      .number = {from.getNumber()},
      .position = from.getPosition(),
      .count = from.getCount(),
      .settled_through = {from.getSettledThrough()},
      .request_hash = from.getRequestHash()};
  require(stamp.count >= 1 && stamp.count <= kBatchEventsMax,
          "a request of no or too many entries");
  require(stamp.position < stamp.count, "an entry outside its request");
  return stamp;
}

// Calls itself `put_body`, not `put`: the parts are overloads of codec::put.
void put_body(wire::Entry::Builder to, const EntryBody& body) {
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, Event>) {
          codec::put(to.initEvent(), value);
        } else if constexpr (std::is_same_v<T, Exec>) {
          codec::put(to.initExec(), value);
        } else if constexpr (std::is_same_v<T, Void>) {
          to.setWithdrawn();
        } else if constexpr (std::is_same_v<T, TermStart>) {
          codec::put(to.initTermStart(), value.leader);
        } else if constexpr (std::is_same_v<T, Schema>) {
          codec::put(to.initSchema(), value);
        } else if constexpr (std::is_same_v<T, CheckpointMark>) {
          to.setCheckpoint(value.index.value);
        } else {
          static_assert(std::is_same_v<T, SessionClose>);
          codec::put(to.initSessionClose(), value.client);
        }
      },
      body);
}

EntryBody get_body(wire::Entry::Reader from) {
  switch (from.which()) {
    case wire::Entry::EVENT:
      return codec::get(from.getEvent());
    case wire::Entry::EXEC:
      return codec::get(from.getExec());
    case wire::Entry::WITHDRAWN:
      return Void{};
    case wire::Entry::TERM_START:
      return TermStart{codec::get_id<ClientId>(from.getTermStart())};
    case wire::Entry::SCHEMA:
      return codec::get(from.getSchema());
    case wire::Entry::CHECKPOINT:
      return CheckpointMark{{from.getCheckpoint()}};
    case wire::Entry::SESSION_CLOSE:
      return SessionClose{codec::get_id<ClientId>(from.getSessionClose())};
  }
  require(false, "unknown kind of entry");
  return {};
}

// The difference may wrap for times that no clock shows; it wraps back when it is read.
constexpr std::int64_t wrapping_minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
constexpr std::int64_t wrapping_plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

void put_entry(wire::Entry::Builder to, const Entry& entry) {
  to.setIndex(entry.index.value);
  to.setTerm(entry.term.value);
  to.setTimeMs(entry.time_ms);
  to.setWallMinusTimeMs(wrapping_minus(entry.wall_ms, entry.time_ms));
  to.setSeed(entry.seed);
  to.setSchemaVersion(entry.schema_version);
  if (entry.request) {
    put(to.initRequest(), *entry.request);
  }
  put_body(to, entry.body);
}

Entry get_entry(wire::Entry::Reader from) {
  Entry entry{.index = {from.getIndex()},
              .term = {from.getTerm()},
              .time_ms = from.getTimeMs(),
              .wall_ms = wrapping_plus(from.getTimeMs(), from.getWallMinusTimeMs()),
              .seed = from.getSeed(),
              .schema_version = from.getSchemaVersion(),
              .request = {},
              .body = get_body(from)};
  if (from.hasRequest()) {
    entry.request = get(from.getRequest());
  }
  return entry;
}

// One segment of `words`, zeroed: on the stack where that is enough.
template <class Build>
auto with_builder(std::size_t words, Build&& build) {
  if (words <= kScratchWords) {
    std::array<capnp::word, kScratchWords> scratch{};
    capnp::MallocMessageBuilder builder(kj::arrayPtr(scratch.data(), scratch.size()));
    return build(builder);
  }
  capnp::MallocMessageBuilder builder(static_cast<std::uint32_t>(words),
                                      capnp::AllocationStrategy::FIXED_SIZE);
  return build(builder);
}

// The unpacked bytes of a builder whose first segment held everything.
ByteView one_segment(capnp::MallocMessageBuilder& builder) {
  const auto segments = builder.getSegmentsForOutput();
  require(segments.size() == 1, "the size of an encoding was estimated too low");
  const auto bytes = segments[0].asBytes();
  return {reinterpret_cast<const std::byte*>(bytes.begin()), bytes.size()};
}

Bytes pack(capnp::MallocMessageBuilder& builder, std::span<kj::byte> room) {
  static_cast<void>(one_segment(builder));
  kj::ArrayOutputStream out(kj::arrayPtr(room.data(), room.size()));
  capnp::writePackedMessage(out, builder);
  return codec::to_bytes(out.getArray());
}

// The first packed word is the number of segments, less one, and the size of the first; the low
// half of its tag tells which bytes of the number are not zero. Cap'n Proto adds the sizes of
// several segments up in a size_t, which overflows where that has 32 bits.
void require_one_segment(ByteView packed) {
  constexpr auto kCountBytes = std::byte{0x0F};
  require(!packed.empty() && (packed.front() & kCountBytes) == std::byte{0}, "not one segment");
}

}  // namespace

Result<Bytes> encode_entry(const Entry& entry) {
  const std::size_t words = kEntryWords + words_of(entry.body);
  if (words > kEntryWordsMax) {
    return fail(ErrorCode::kTooLarge, "an entry of " + std::to_string(words * codec::kWordBytes) +
                                          " bytes; at most " + std::to_string(kEntryBytesMax) +
                                          " are stored in one");
  }
  return with_builder(words, [&](capnp::MallocMessageBuilder& builder) -> Result<Bytes> {
    put_entry(builder.initRoot<wire::Entry>(), entry);
    const std::size_t room = packed_bytes_max(words);
    Bytes bytes;
    if (words <= kScratchWords) {
      std::array<kj::byte, packed_bytes_max(kScratchWords)> scratch;  // written before it is read
      bytes = pack(builder, scratch);
    } else {
      const auto heap = std::make_unique_for_overwrite<kj::byte[]>(room);
      bytes = pack(builder, {heap.get(), room});
    }
    if (bytes.size() > kEntryBytesMax) {
      return fail(ErrorCode::kTooLarge, "an entry of " + std::to_string(bytes.size()) + " bytes");
    }
    return bytes;
  });
}

Result<EncodedEntry> encode(Entry entry) {
  Result<Bytes> bytes = encode_entry(entry);
  if (!bytes) {
    return std::unexpected(std::move(bytes).error());
  }
  return EncodedEntry{std::move(entry), std::make_shared<const Bytes>(std::move(*bytes))};
}

Result<Entry> decode_entry(ByteView bytes) {
  if (bytes.size() > kEntryBytesMax) {
    return fail(ErrorCode::kMalformed, "an entry of " + std::to_string(bytes.size()) + " bytes");
  }
  return codec::decoding("an entry that does not decode", [&] {
    require_one_segment(bytes);
    kj::ArrayInputStream in(codec::to_kj(bytes));
    capnp::ReaderOptions options;
    options.traversalLimitInWords = std::min(kEntryWordsMax, bytes.size() * kWordsPerPackedByteMax);
    options.nestingLimit = codec::kNestingMax;
    std::array<capnp::word, kScratchWords> scratch;  // written before it is read
    capnp::PackedMessageReader reader(in, options, kj::arrayPtr(scratch.data(), scratch.size()));
    Entry entry = get_entry(reader.getRoot<wire::Entry>());
    require(in.tryGetReadBuffer().size() == 0, "bytes after its end");
    return entry;
  });
}

std::uint64_t hash_payload(const Payload& payload) {
  return with_builder(2 + codec::words_of(payload), [&](capnp::MallocMessageBuilder& builder) {
    codec::put(builder.initRoot<wire::Payload>(), payload);
    return hash64(one_segment(builder));
  });
}

Digest hash_schema(const Schema& schema) {
  // Which engine replays it is not part of what it says.
  const Schema text{.version = schema.version,
                    .migrations = schema.migrations,
                    .materializers = schema.materializers,
                    .upcasters = schema.upcasters,
                    .flags = 0,
                    .engine = {},
                    .compile_options = {},
                    .profile_hash = 0};
  return with_builder(2 + codec::words_of(text), [&](capnp::MallocMessageBuilder& builder) {
    codec::put(builder.initRoot<wire::Schema>(), text);
    return hash128<Digest>({one_segment(builder)});
  });
}

}  // namespace tablog
