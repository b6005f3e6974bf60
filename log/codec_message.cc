#include <kj/io.h>

#include <algorithm>
#include <cassert>
#include <type_traits>

#include "log/codec_wire.h"
#include "log/wire.capnp.h"

namespace tablog {

namespace {

using codec::bounded;
using codec::get_id;
using codec::require;
using codec::to_enum;

constexpr std::size_t kRequestsMax = 1U << 20U;  // in one message
constexpr std::size_t kEntriesMax = 1U << 20U;
constexpr std::size_t kAnswersMax = 1U << 20U;
// What a builder starts with; large contents are added to it so that they are copied once.
constexpr std::size_t kMessageWords = 256;

using EncodedEntries = std::vector<std::shared_ptr<const Bytes>>;

// ---- parts

wire::Id::Builder put_id(wire::Id::Builder to, const auto& id) {
  codec::put(to, id);
  return to;
}

void put(wire::Error::Builder to, const Error& error) {
  to.setCode(static_cast<std::uint8_t>(error.code));
  to.setMessage(codec::to_kj(error.message));
  if (error.index) {
    to.initIndex().setValue(error.index->value);
  }
  if (error.offset) {
    to.initOffset().setValue(*error.offset);
  }
}

ErrorCode to_error_code(std::uint8_t value) {
  const auto code = static_cast<ErrorCode>(value);
  const bool known = (code >= ErrorCode::kRejected && code <= ErrorCode::kAborted) ||
                     code == ErrorCode::kTruncated || code == ErrorCode::kMalformed;
  require(known, "unknown error code");
  return code;
}

Error get(wire::Error::Reader from) {
  Error error{.code = to_error_code(from.getCode()),
              .message = codec::to_string(from.getMessage()),
              .index = {},
              .offset = {}};
  if (from.hasIndex()) {
    error.index = Index{from.getIndex().getValue()};
  }
  if (from.hasOffset()) {
    error.offset = from.getOffset().getValue();
  }
  return error;
}

void put(capnp::List<capnp::Data>::Builder to, const EncodedEntries& entries) {
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    to.set(i, codec::to_kj(*entries[i]));
  }
}

EncodedEntries get(capnp::List<capnp::Data>::Reader from) {
  EncodedEntries entries;
  entries.reserve(bounded(from, kEntriesMax, "too many entries"));
  for (const auto data : from) {
    require(data.size() <= kEntryBytesMax, "too large an entry");
    entries.push_back(std::make_shared<const Bytes>(codec::to_bytes(data)));
  }
  return entries;
}

// ---- replica -> leader

void put(wire::AppendRequest::Builder to, const AppendRequest& request) {
  to.setNumber(request.number.value);
  to.setSettledThrough(request.settled_through.value);
  to.setSchemaVersion(request.schema_version);
  to.setDurability(static_cast<std::uint8_t>(request.durability));
  if (request.expected_index) {
    to.initExpectedIndex().setValue(request.expected_index->value);
  }
  to.setLeaderDeaths(request.leader_deaths);
  to.setRequestHash(request.request_hash);
  codec::put(to.initPayload(), request.payload);
}

AppendRequest get(wire::AppendRequest::Reader from) {
  AppendRequest request{
      .number = {from.getNumber()},
      .settled_through = {from.getSettledThrough()},
      .schema_version = from.getSchemaVersion(),
      .durability = to_enum(from.getDurability(), Durability::kRelaxed, "unknown durability"),
      .expected_index = {},
      .leader_deaths = from.getLeaderDeaths(),
      .request_hash = from.getRequestHash(),
      .payload = codec::get(from.getPayload())};
  if (from.hasExpectedIndex()) {
    request.expected_index = Index{from.getExpectedIndex().getValue()};
  }
  return request;
}

void put(wire::AppendRequests::Builder to, const AppendRequests& message) {
  put_id(to.initClient(), message.client);
  auto list = to.initRequests(static_cast<std::uint32_t>(message.requests.size()));
  for (std::uint32_t i = 0; i < list.size(); ++i) {
    put(list[i], message.requests[i]);
  }
}

AppendRequests get(wire::AppendRequests::Reader from) {
  AppendRequests message{.client = get_id<ClientId>(from.getClient()), .requests = {}};
  const auto list = from.getRequests();
  message.requests.reserve(bounded(list, kRequestsMax, "too many requests"));
  for (const auto request : list) {
    message.requests.push_back(get(request));
  }
  return message;
}

void put(wire::Join::Builder to, const Join& message) {
  to.setApplied(message.applied.value);
  put_id(to.initChain(), message.chain);
  to.setWantsEntries(message.wants_entries);
  codec::put(to.initSchema(), message.schema);
}

Join get(wire::Join::Reader from) {
  return {.applied = {from.getApplied()},
          .chain = get_id<ChainHash>(from.getChain()),
          .wants_entries = from.getWantsEntries(),
          .schema = codec::get(from.getSchema())};
}

void put(wire::RangeRequest::Builder to, const RangeRequest& message) {
  to.setCall(message.call);
  to.setFrom(message.from.value);
  to.setTo(message.to.value);
  to.setBytesMax(message.bytes_max);
}

RangeRequest get(wire::RangeRequest::Reader from) {
  return {.call = from.getCall(),
          .from = {from.getFrom()},
          .to = {from.getTo()},
          .bytes_max = from.getBytesMax()};
}

void put(wire::QueryRequest::Builder to, const QueryRequest& message) {
  to.setCall(message.call);
  to.setNotBefore(message.not_before.value);
  to.setLinearizable(message.linearizable);
  to.setSql(codec::to_kj(message.sql));
  codec::put(to.initParams(static_cast<std::uint32_t>(message.params.size())), message.params);
}

QueryRequest get(wire::QueryRequest::Reader from) {
  return {.call = from.getCall(),
          .not_before = {from.getNotBefore()},
          .linearizable = from.getLinearizable(),
          .sql = codec::to_string(from.getSql()),
          .params = codec::get(from.getParams())};
}

void put(wire::TransferRequest::Builder to, const TransferRequest& message) {
  to.setCall(message.call);
  to.setKind(static_cast<std::uint8_t>(message.kind));
  to.setTransfer(message.transfer);
  to.setOffset(message.offset);
  to.setDone(message.done);
}

TransferRequest get(wire::TransferRequest::Reader from) {
  return {.call = from.getCall(),
          .kind = to_enum(from.getKind(), TransferKind::kDatabaseExport, "unknown transfer"),
          .transfer = from.getTransfer(),
          .offset = from.getOffset(),
          .done = from.getDone()};
}

// ---- leader -> replica

void put(wire::Announce::Builder to, const Announce& message) {
  put_id(to.initLeader(), message.leader);
  to.setHead(message.head.value);
  put_id(to.initChain(), message.chain);
}

Announce get(wire::Announce::Reader from) {
  return {.leader = get_id<ClientId>(from.getLeader()),
          .head = {from.getHead()},
          .chain = get_id<ChainHash>(from.getChain())};
}

void put(wire::Committed::Builder to, const Committed& message) {
  to.setPrevious(message.previous.value);
  put_id(to.initPreviousChain(), message.previous_chain);
  put(to.initEntries(static_cast<std::uint32_t>(message.entries.size())), message.entries);
  to.setHead(message.head.value);
  to.setDurable(message.durable.value);
  to.setCheckpoint(message.checkpoint.value);
  if (message.digest) {
    put_id(to.initDigest(), *message.digest);
  }
}

Committed get(wire::Committed::Reader from) {
  Committed message{.previous = {from.getPrevious()},
                    .previous_chain = get_id<ChainHash>(from.getPreviousChain()),
                    .entries = get(from.getEntries()),
                    .head = {from.getHead()},
                    .durable = {from.getDurable()},
                    .checkpoint = {from.getCheckpoint()},
                    .digest = {}};
  if (from.hasDigest()) {
    message.digest = get_id<Digest>(from.getDigest());
  }
  return message;
}

void put(wire::Accepted::Builder to, const Accepted& accepted) {
  to.setFirstIndex(accepted.first_index.value);
  to.setCount(accepted.count);
  to.setTerm(accepted.term.value);
  to.setTimeMs(accepted.time_ms);
  to.setChanges(accepted.changes);
  to.setVoided(accepted.voided);
}

Accepted get(wire::Accepted::Reader from) {
  return {.first_index = {from.getFirstIndex()},
          .count = from.getCount(),
          .term = {from.getTerm()},
          .time_ms = from.getTimeMs(),
          .changes = from.getChanges(),
          .voided = from.getVoided()};
}

void put(wire::Answer::Builder to, const Answer& answer) {
  to.setNumber(answer.number.value);
  if (const auto* accepted = std::get_if<Accepted>(&answer.result)) {
    put(to.initAccepted(), *accepted);
  } else {
    put(to.initError(), std::get<Error>(answer.result));
  }
}

Answer get(wire::Answer::Reader from) {
  const RequestNumber number{from.getNumber()};
  switch (from.which()) {
    case wire::Answer::ACCEPTED:
      return {.number = number, .result = get(from.getAccepted())};
    case wire::Answer::ERROR:
      return {.number = number, .result = get(from.getError())};
  }
  require(false, "unknown kind of answer");
  return {};
}

void put(wire::Answers::Builder to, const Answers& message) {
  put_id(to.initClient(), message.client);
  auto list = to.initAnswers(static_cast<std::uint32_t>(message.answers.size()));
  for (std::uint32_t i = 0; i < list.size(); ++i) {
    put(list[i], message.answers[i]);
  }
}

Answers get(wire::Answers::Reader from) {
  Answers message{.client = get_id<ClientId>(from.getClient()), .answers = {}};
  const auto list = from.getAnswers();
  message.answers.reserve(bounded(list, kAnswersMax, "too many answers"));
  for (const auto answer : list) {
    message.answers.push_back(get(answer));
  }
  return message;
}

void put(wire::ResendFrom::Builder to, const ResendFrom& message) {
  put_id(to.initClient(), message.client);
  to.setNumber(message.number.value);
}

ResendFrom get(wire::ResendFrom::Reader from) {
  return {.client = get_id<ClientId>(from.getClient()), .number = {from.getNumber()}};
}

void put(wire::Range::Builder to, const Range& message) {
  to.setCall(message.call);
  to.setHead(message.head.value);
  if (const auto* entries = std::get_if<EncodedEntries>(&message.result)) {
    put(to.initEntries(static_cast<std::uint32_t>(entries->size())), *entries);
  } else {
    put(to.initError(), std::get<Error>(message.result));
  }
}

Range get(wire::Range::Reader from) {
  Range message{.call = from.getCall(), .result = {}, .head = {from.getHead()}};
  if (from.isEntries()) {
    message.result = get(from.getEntries());
  } else {
    require(from.isError(), "unknown kind of range");
    message.result = get(from.getError());
  }
  return message;
}

void put(wire::ReadIndex::Builder to, const ReadIndex& message) {
  to.setCall(message.call);
  to.setIndex(message.index.value);
}

ReadIndex get(wire::ReadIndex::Reader from) {
  return {.call = from.getCall(), .index = {from.getIndex()}};
}

void put(wire::QueryResult::Builder to, const QueryResult& message) {
  to.setCall(message.call);
  if (const auto* rows = std::get_if<Bytes>(&message.result)) {
    to.setRows(codec::to_kj(*rows));
  } else {
    put(to.initError(), std::get<Error>(message.result));
  }
}

QueryResult get(wire::QueryResult::Reader from) {
  QueryResult message{.call = from.getCall(), .result = {}};
  if (from.isRows()) {
    message.result = codec::to_bytes(from.getRows());
  } else {
    require(from.isError(), "unknown kind of query result");
    message.result = get(from.getError());
  }
  return message;
}

void put(wire::TransferChunk::Builder to, const TransferChunk& message) {
  to.setCall(message.call);
  to.setTransfer(message.transfer);
  to.setOffset(message.offset);
  to.setTotalBytes(message.total_bytes);
  to.setIndex(message.index.value);
  put_id(to.initChain(), message.chain);
  if (const auto* bytes = std::get_if<Bytes>(&message.result)) {
    to.setBytes(codec::to_kj(*bytes));
  } else {
    put(to.initError(), std::get<Error>(message.result));
  }
}

TransferChunk get(wire::TransferChunk::Reader from) {
  TransferChunk message{.call = from.getCall(),
                        .transfer = from.getTransfer(),
                        .offset = from.getOffset(),
                        .total_bytes = from.getTotalBytes(),
                        .index = {from.getIndex()},
                        .chain = get_id<ChainHash>(from.getChain()),
                        .result = {}};
  if (from.isBytes()) {
    message.result = codec::to_bytes(from.getBytes());
  } else {
    require(from.isError(), "unknown kind of chunk");
    message.result = get(from.getError());
  }
  return message;
}

void put(wire::CheckpointDone::Builder to, const CheckpointDone& message) {
  to.setCall(message.call);
  if (const auto* index = std::get_if<Index>(&message.result)) {
    to.setIndex(index->value);
  } else {
    put(to.initError(), std::get<Error>(message.result));
  }
}

CheckpointDone get(wire::CheckpointDone::Reader from) {
  CheckpointDone message{.call = from.getCall(), .result = {}};
  if (from.isIndex()) {
    message.result = Index{from.getIndex()};
  } else {
    require(from.isError(), "unknown kind of checkpoint result");
    message.result = get(from.getError());
  }
  return message;
}

void put(wire::Stats::Builder to, const Stats& message) {
  to.setCall(message.call);
  to.setJson(codec::to_kj(message.json));
}

Stats get(wire::Stats::Reader from) {
  return {.call = from.getCall(), .json = codec::to_string(from.getJson())};
}

// ---- replica <-> replica

void put(wire::TabInfo::Builder to, const TabInfo& message) {
  to.setCall(message.call);
  put_id(to.initTab(), message.tab);
  to.setRole(static_cast<std::uint8_t>(message.role));
  to.setVisible(message.visible);
  to.setApplied(message.applied.value);
}

TabInfo get(wire::TabInfo::Reader from) {
  return {.call = from.getCall(),
          .tab = get_id<ClientId>(from.getTab()),
          .role = to_enum(from.getRole(), Role::kLeader, "unknown role"),
          .visible = from.getVisible(),
          .applied = {from.getApplied()}};
}

// ---- the envelope

struct PutBody {
  wire::Message::Builder to;

  void operator()(const AppendRequests& body) { put(to.initAppendRequests(), body); }
  void operator()(const Seek&) { to.setSeek(); }
  void operator()(const Join& body) { put(to.initJoin(), body); }
  void operator()(const Acknowledge& body) { to.setAcknowledge(body.applied.value); }
  void operator()(const RangeRequest& body) { put(to.initRangeRequest(), body); }
  void operator()(const ReadIndexRequest& body) { to.setReadIndexRequest(body.call); }
  void operator()(const QueryRequest& body) { put(to.initQueryRequest(), body); }
  void operator()(const TransferRequest& body) { put(to.initTransferRequest(), body); }
  void operator()(const CheckpointRequest& body) { to.setCheckpointRequest(body.call); }
  void operator()(const StatsRequest& body) { to.setStatsRequest(body.call); }
  void operator()(const CloseSession& body) { put_id(to.initCloseSession(), body.client); }
  void operator()(const DigestDispute& body) { to.setDigestDispute(body.index.value); }
  void operator()(const Announce& body) { put(to.initAnnounce(), body); }
  void operator()(const Committed& body) { put(to.initCommitted(), body); }
  void operator()(const Answers& body) { put(to.initAnswers(), body); }
  void operator()(const ResendFrom& body) { put(to.initResendFrom(), body); }
  void operator()(const SessionClosed& body) { put_id(to.initSessionClosed(), body.client); }
  void operator()(const Range& body) { put(to.initRange(), body); }
  void operator()(const ReadIndex& body) { put(to.initReadIndex(), body); }
  void operator()(const QueryResult& body) { put(to.initQueryResult(), body); }
  void operator()(const TransferChunk& body) { put(to.initTransferChunk(), body); }
  void operator()(const CheckpointDone& body) { put(to.initCheckpointDone(), body); }
  void operator()(const Stats& body) { put(to.initStats(), body); }
  void operator()(const SchemaRefused& body) { put(to.initSchemaRefused(), body.error); }
  void operator()(const LeaderFailed& body) { put(to.initLeaderFailed(), body.error); }
  void operator()(const TabQuery& body) { to.setTabQuery(body.call); }
  void operator()(const TabInfo& body) { put(to.initTabInfo(), body); }
};

MessageBody get_body(wire::Message::Reader from) {
  using M = wire::Message;
  switch (from.which()) {
    case M::APPEND_REQUESTS: return get(from.getAppendRequests());
    case M::SEEK: return Seek{};
    case M::JOIN: return get(from.getJoin());
    case M::ACKNOWLEDGE: return Acknowledge{{from.getAcknowledge()}};
    case M::RANGE_REQUEST: return get(from.getRangeRequest());
    case M::READ_INDEX_REQUEST: return ReadIndexRequest{from.getReadIndexRequest()};
    case M::QUERY_REQUEST: return get(from.getQueryRequest());
    case M::TRANSFER_REQUEST: return get(from.getTransferRequest());
    case M::CHECKPOINT_REQUEST: return CheckpointRequest{from.getCheckpointRequest()};
    case M::STATS_REQUEST: return StatsRequest{from.getStatsRequest()};
    case M::CLOSE_SESSION: return CloseSession{get_id<ClientId>(from.getCloseSession())};
    case M::DIGEST_DISPUTE: return DigestDispute{{from.getDigestDispute()}};
    case M::ANNOUNCE: return get(from.getAnnounce());
    case M::COMMITTED: return get(from.getCommitted());
    case M::ANSWERS: return get(from.getAnswers());
    case M::RESEND_FROM: return get(from.getResendFrom());
    case M::SESSION_CLOSED: return SessionClosed{get_id<ClientId>(from.getSessionClosed())};
    case M::RANGE: return get(from.getRange());
    case M::READ_INDEX: return get(from.getReadIndex());
    case M::QUERY_RESULT: return get(from.getQueryResult());
    case M::TRANSFER_CHUNK: return get(from.getTransferChunk());
    case M::CHECKPOINT_DONE: return get(from.getCheckpointDone());
    case M::STATS: return get(from.getStats());
    case M::SCHEMA_REFUSED: return SchemaRefused{get(from.getSchemaRefused())};
    case M::LEADER_FAILED: return LeaderFailed{get(from.getLeaderFailed())};
    case M::TAB_QUERY: return TabQuery{from.getTabQuery()};
    case M::TAB_INFO: return get(from.getTabInfo());
  }
  require(false, "unknown kind of message");
  return {};
}

// ---- sizes: what makes a message large

std::size_t words_of(const EncodedEntries& entries) {
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
          const auto* entries = std::get_if<EncodedEntries>(&value.result);
          return entries ? words_of(*entries) : 0;
        } else if constexpr (std::is_same_v<T, TransferChunk> || std::is_same_v<T, QueryResult>) {
          const auto* bytes = std::get_if<Bytes>(&value.result);
          return bytes ? codec::words_of_bytes(bytes->size()) : 0;
        } else if constexpr (std::is_same_v<T, AppendRequests>) {
          std::size_t words = 0;
          for (const AppendRequest& request : value.requests) {
            words += 12 + codec::words_of(request.payload);
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
  const auto* entries = std::get_if<EncodedEntries>(&result);
  return entries ? std::ranges::equal(*entries, std::get<EncodedEntries>(other.result), same)
                 : std::get<Error>(result) == std::get<Error>(other.result);
}

Bytes encode_message(const Message& message) {
  capnp::MallocMessageBuilder builder(
      static_cast<std::uint32_t>(kMessageWords + words_of(message.body)));
  auto root = builder.initRoot<wire::Message>();
  put_id(root.initStore(), message.store);
  root.setTerm(message.term.value);
  put_id(root.initFromTab(), message.from.tab);
  root.setFromRole(static_cast<std::uint8_t>(message.from.role));
  std::visit(PutBody{root}, message.body);

  Bytes bytes(capnp::computeSerializedSizeInWords(builder) * codec::kWordBytes);
  assert(bytes.size() <= kMessageBytesMax);  // whoever builds a message keeps within it
  kj::ArrayOutputStream out(
      kj::arrayPtr(reinterpret_cast<kj::byte*>(bytes.data()), bytes.size()));
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
    capnp::FlatArrayMessageReader reader(view, options);
    require(reader.getEnd() == view.end(), "bytes after its end");
    return get_message(reader.getRoot<wire::Message>());
  });
}

}  // namespace tablog
