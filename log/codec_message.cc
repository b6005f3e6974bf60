#include <kj/io.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <type_traits>

#include "log/codec_messages.h"

namespace tablog {

namespace {

using codec::get_id;
using codec::require;
using codec::to_enum;

// What a builder starts with; large contents are added to it so that they are copied once.
constexpr std::size_t kMessageWords = 256;

// ---- the envelope

struct PutBody {
  wire::Message::Builder to;

  void operator()(const AppendRequests& body) { codec::put(to.initAppendRequests(), body); }
  void operator()(const Seek&) { to.setSeek(); }
  void operator()(const Join& body) { codec::put(to.initJoin(), body); }
  void operator()(const Acknowledge& body) { to.setAcknowledge(body.applied.value); }
  void operator()(const RangeRequest& body) { codec::put(to.initRangeRequest(), body); }
  void operator()(const ReadIndexRequest& body) { to.setReadIndexRequest(body.call); }
  void operator()(const QueryRequest& body) { codec::put(to.initQueryRequest(), body); }
  void operator()(const TransferRequest& body) { codec::put(to.initTransferRequest(), body); }
  void operator()(const CheckpointRequest& body) { to.setCheckpointRequest(body.call); }
  void operator()(const StatsRequest& body) { to.setStatsRequest(body.call); }
  void operator()(const CloseSession& body) { codec::put(to.initCloseSession(), body.client); }
  void operator()(const ExclusiveRequest& body) { codec::put(to.initExclusiveRequest(), body); }
  void operator()(const DigestDispute& body) { to.setDigestDispute(body.index.value); }
  void operator()(const CompactRequest& body) { codec::put(to.initCompactRequest(), body); }
  void operator()(const AdoptRequest& body) { codec::put(to.initAdoptRequest(), body); }
  void operator()(const Announce& body) { codec::put(to.initAnnounce(), body); }
  void operator()(const Committed& body) { codec::put(to.initCommitted(), body); }
  void operator()(const Answers& body) { codec::put(to.initAnswers(), body); }
  void operator()(const ResendFrom& body) { codec::put(to.initResendFrom(), body); }
  void operator()(const SessionClosed& body) { codec::put(to.initSessionClosed(), body.client); }
  void operator()(const Range& body) { codec::put(to.initRange(), body); }
  void operator()(const ReadIndex& body) { codec::put(to.initReadIndex(), body); }
  void operator()(const QueryResult& body) { codec::put(to.initQueryResult(), body); }
  void operator()(const TransferChunk& body) { codec::put(to.initTransferChunk(), body); }
  void operator()(const CheckpointDone& body) { codec::put(to.initCheckpointDone(), body); }
  void operator()(const Stats& body) { codec::put(to.initStats(), body); }
  void operator()(const SchemaRefused& body) { codec::put(to.initSchemaRefused(), body.error); }
  void operator()(const LeaderFailed& body) { codec::put(to.initLeaderFailed(), body.error); }
  void operator()(const MaintenanceDone& body) { codec::put(to.initMaintenanceDone(), body); }
  void operator()(const TableDigests& body) { codec::put(to.initTableDigests(), body); }
  void operator()(const Working& body) { codec::put(to.initWorking(), body); }
  void operator()(const TabQuery& body) { to.setTabQuery(body.call); }
  void operator()(const TabInfo& body) { codec::put(to.initTabInfo(), body); }
};

MessageBody get_body(wire::Message::Reader from) {
  using M = wire::Message;
  switch (from.which()) {
    case M::APPEND_REQUESTS:
      return codec::get(from.getAppendRequests());
    case M::SEEK:
      return Seek{};
    case M::JOIN:
      return codec::get(from.getJoin());
    case M::ACKNOWLEDGE:
      return Acknowledge{{from.getAcknowledge()}};
    case M::RANGE_REQUEST:
      return codec::get(from.getRangeRequest());
    case M::READ_INDEX_REQUEST:
      return ReadIndexRequest{from.getReadIndexRequest()};
    case M::QUERY_REQUEST:
      return codec::get(from.getQueryRequest());
    case M::TRANSFER_REQUEST:
      return codec::get(from.getTransferRequest());
    case M::CHECKPOINT_REQUEST:
      return CheckpointRequest{from.getCheckpointRequest()};
    case M::STATS_REQUEST:
      return StatsRequest{from.getStatsRequest()};
    case M::CLOSE_SESSION:
      return CloseSession{get_id<ClientId>(from.getCloseSession())};
    case M::EXCLUSIVE_REQUEST:
      return codec::get(from.getExclusiveRequest());
    case M::DIGEST_DISPUTE:
      return DigestDispute{{from.getDigestDispute()}};
    case M::COMPACT_REQUEST:
      return codec::get(from.getCompactRequest());
    case M::ADOPT_REQUEST:
      return codec::get(from.getAdoptRequest());
    case M::ANNOUNCE:
      return codec::get(from.getAnnounce());
    case M::COMMITTED:
      return codec::get(from.getCommitted());
    case M::ANSWERS:
      return codec::get(from.getAnswers());
    case M::RESEND_FROM:
      return codec::get(from.getResendFrom());
    case M::SESSION_CLOSED:
      return SessionClosed{get_id<ClientId>(from.getSessionClosed())};
    case M::RANGE:
      return codec::get(from.getRange());
    case M::READ_INDEX:
      return codec::get(from.getReadIndex());
    case M::QUERY_RESULT:
      return codec::get(from.getQueryResult());
    case M::TRANSFER_CHUNK:
      return codec::get(from.getTransferChunk());
    case M::CHECKPOINT_DONE:
      return codec::get(from.getCheckpointDone());
    case M::STATS:
      return codec::get(from.getStats());
    case M::SCHEMA_REFUSED:
      return SchemaRefused{codec::get(from.getSchemaRefused())};
    case M::LEADER_FAILED:
      return LeaderFailed{codec::get(from.getLeaderFailed())};
    case M::MAINTENANCE_DONE:
      return codec::get(from.getMaintenanceDone());
    case M::TABLE_DIGESTS:
      return codec::get(from.getTableDigests());
    case M::WORKING:
      return codec::get(from.getWorking());
    case M::TAB_QUERY:
      return TabQuery{from.getTabQuery()};
    case M::TAB_INFO:
      return codec::get(from.getTabInfo());
  }
  require(false, "unknown kind of message");
  return {};
}

// ---- sizes: what makes a message large

std::size_t words_of(const codec::EncodedEntries& entries) {
  std::size_t words = 0;
  for (const auto& entry : entries) {
    words += 1 + codec::words_of_bytes(entry->size());
  }
  return words;
}

std::size_t words_of(const MessageBody& body) {
  return std::visit(
      [](const auto& value) -> std::size_t {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, Committed>) {
          return words_of(value.entries);
        } else if constexpr (std::is_same_v<T, Range>) {
          const auto* entries = std::get_if<codec::EncodedEntries>(&value.result);
          return entries ? words_of(*entries) : 0;
        } else if constexpr (std::is_same_v<T, TransferChunk> || std::is_same_v<T, QueryResult>) {
          const auto* bytes = std::get_if<Bytes>(&value.result);
          return bytes ? codec::words_of_bytes(bytes->size()) : 0;
        } else if constexpr (std::is_same_v<T, AppendRequests>) {
          std::size_t words = 0;
          for (const AppendRequest& request : value.requests) {
            words += 12 + codec::words_of(request.payload) + codec::words_of(request.reads);
          }
          return words;
        } else {
          return 0;
        }
      },
      body);
}

Message get_message(wire::Message::Reader from) {
  return {.store = get_id<StoreId>(from.getStore()),
          .term = {from.getTerm()},
          .from = {.tab = get_id<ClientId>(from.getFromTab()),
                   .role = to_enum(from.getFromRole(), Role::kLeader, "unknown role")},
          .body = get_body(from)};
}

// Cap'n Proto adds the segments' sizes up in a size_t, which overflows where that has 32 bits.
void require_segments_fit(kj::ArrayPtr<const capnp::word> words) {
  require(words.size() > 0, "no segment table");
  const auto field = [&](std::size_t at) -> std::uint64_t {
    std::uint32_t value{};
    std::memcpy(&value, words.asBytes().begin() + at * sizeof value, sizeof value);
    return value;
  };
  const std::uint64_t segments = field(0) + 1;
  std::uint64_t total = segments / 2 + 1;
  require(total <= words.size(), "a cut segment table");
  for (std::size_t each = 1; each <= segments; ++each) total += field(each);
  require(total == words.size(), "segments of another size than the message");
}

}  // namespace

bool Committed::operator==(const Committed& other) const {
  const auto same = [](const auto& a, const auto& b) { return *a == *b; };
  return previous == other.previous && previous_chain == other.previous_chain &&
         std::ranges::equal(entries, other.entries, same) && head == other.head &&
         durable == other.durable && checkpoint == other.checkpoint && digest == other.digest;
}

bool Range::operator==(const Range& other) const {
  const auto same = [](const auto& a, const auto& b) { return *a == *b; };
  if (call != other.call || head != other.head || result.index() != other.result.index()) {
    return false;
  }
  const auto* entries = std::get_if<codec::EncodedEntries>(&result);
  return entries ? std::ranges::equal(*entries, std::get<codec::EncodedEntries>(other.result), same)
                 : std::get<Error>(result) == std::get<Error>(other.result);
}

Bytes encode_message(const Message& message) {
  capnp::MallocMessageBuilder builder(
      static_cast<std::uint32_t>(kMessageWords + words_of(message.body)));
  auto root = builder.initRoot<wire::Message>();
  codec::put(root.initStore(), message.store);
  root.setTerm(message.term.value);
  codec::put(root.initFromTab(), message.from.tab);
  root.setFromRole(static_cast<std::uint8_t>(message.from.role));
  std::visit(PutBody{root}, message.body);

  Bytes bytes(capnp::computeSerializedSizeInWords(builder) * codec::kWordBytes);
  assert(bytes.size() <= kMessageBytesMax);  // whoever builds a message keeps within it
  kj::ArrayOutputStream out(kj::arrayPtr(reinterpret_cast<kj::byte*>(bytes.data()), bytes.size()));
  capnp::writeMessage(out, builder);
  return bytes;
}

Result<Message> decode_message(ByteView bytes) {
  if (bytes.size() > kMessageBytesMax || bytes.size() % codec::kWordBytes != 0) {
    return fail(ErrorCode::kMalformed, "a message of " + std::to_string(bytes.size()) + " bytes");
  }
  return codec::decoding("a message that does not decode", [&] {
    const std::size_t words = bytes.size() / codec::kWordBytes;
    kj::Array<capnp::word> aligned;
    auto view = kj::arrayPtr(reinterpret_cast<const capnp::word*>(bytes.data()), words);
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % codec::kWordBytes != 0) {
      aligned = kj::heapArray<capnp::word>(words);
      std::memcpy(aligned.begin(), bytes.data(), bytes.size());
      view = aligned.asPtr();
    }
    // Everything is read once, so that pointers which share an object, or lists of nothing, cannot
    // make more of a message than its own size.
    capnp::ReaderOptions options;
    options.traversalLimitInWords = words;
    options.nestingLimit = codec::kNestingMax;
    require_segments_fit(view);
    capnp::FlatArrayMessageReader reader(view, options);
    return get_message(reader.getRoot<wire::Message>());
  });
}

}  // namespace tablog
