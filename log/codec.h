// Codec: entries and messages to bytes and back. Its sources (codec_*.cc, sharing codec_wire.h) are
// the only place that sees Cap'n Proto; KJ exceptions become results there. Input is untrusted:
// sizes, traversal and nesting are bounded before anything is allocated. Schemas: log/entry.capnp,
// log/wire.capnp.
#pragma once

#include "log/entry.h"
#include "log/message.h"

namespace tablog {

// Packed Cap'n Proto; the same entry always gives the same bytes. kTooLarge over kEntryBytesMax.
[[nodiscard]] Result<Bytes> encode_entry(const Entry& entry);
[[nodiscard]] Result<EncodedEntry> encode(Entry entry);

// kMalformed when the bytes are not one whole entry.
[[nodiscard]] Result<Entry> decode_entry(ByteView bytes);

// A message between tabs with its envelope, at most kMessageBytesMax: whoever builds one keeps
// within it. kMalformed on anything else.
[[nodiscard]] Bytes encode_message(const Message& message);
[[nodiscard]] Result<Message> decode_message(ByteView bytes);

// XXH3-64 of the payload's canonical encoding: RequestStamp::request_hash.
[[nodiscard]] std::uint64_t hash_payload(const Payload& payload);

// XXH3-128 of the encoded version, migrations, materializers and upcasters: equal hash, equal
// schema.
[[nodiscard]] Digest hash_schema(const Schema& schema);

}  // namespace tablog
