#include <algorithm>
#include <string_view>

#include "log/codec_messages.h"

namespace tablog::codec {

namespace {

constexpr std::size_t kEntriesMax = 1U << 20U;  // in one message
constexpr std::size_t kAnswersMax = 1U << 20U;
constexpr std::size_t kTablesMax = 1U << 20U;
constexpr std::string_view kCut = " …";

ErrorCode to_error_code(std::uint8_t value) {
  require(is_error_code(value), "unknown error code");
  return static_cast<ErrorCode>(value);
}

// An error may quote what it is about, and that may be nearly as large as a message. Cut between
// two characters of UTF-8.
std::string quoted(const std::string& message) {
  if (message.size() <= kErrorMessageBytesMax) {
    return message;
  }
  constexpr auto is_inside = [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
  };
  std::size_t end = kErrorMessageBytesMax - kCut.size();
  while (end > 0 && is_inside(message[end])) --end;
  return message.substr(0, end).append(kCut);
}

void put(capnp::List<capnp::Data>::Builder to, const EncodedEntries& entries) {
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    to.set(i, to_kj(*entries[i]));
  }
}

EncodedEntries get(capnp::List<capnp::Data>::Reader from) {
  EncodedEntries entries;
  entries.reserve(bounded(from, kEntriesMax, "too many entries"));
  for (const auto data : from) {
    require(data.size() <= kEntryBytesMax, "too large an entry");
    entries.push_back(std::make_shared<const Bytes>(to_bytes(data)));
  }
  return entries;
}

}  // namespace

void put(wire::Error::Builder to, const Error& error) {
  to.setCode(static_cast<std::uint8_t>(error.code));
  to.setMessage(to_kj(quoted(error.message)));
  if (error.index) {
    to.initIndex().setValue(error.index->value);
  }
  if (error.offset) {
    to.initOffset().setValue(*error.offset);
  }
}

Error get(wire::Error::Reader from) {
  Error error{.code = to_error_code(from.getCode()),
              .message = to_string(from.getMessage()),
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

namespace {

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
    codec::put(to.initError(), std::get<Error>(answer.result));
  }
}

Answer get(wire::Answer::Reader from) {
  const RequestNumber number{from.getNumber()};
  switch (from.which()) {
    case wire::Answer::ACCEPTED:
      return {.number = number, .result = get(from.getAccepted())};
    case wire::Answer::ERROR:
      return {.number = number, .result = codec::get(from.getError())};
  }
  require(false, "unknown kind of answer");
  return {};
}

}  // namespace

void put(wire::Announce::Builder to, const Announce& message) {
  put(to.initLeader(), message.leader);
  to.setHead(message.head.value);
  put(to.initChain(), message.chain);
}

Announce get(wire::Announce::Reader from) {
  return {.leader = get_id<ClientId>(from.getLeader()),
          .head = {from.getHead()},
          .chain = get_id<ChainHash>(from.getChain())};
}

void put(wire::Committed::Builder to, const Committed& message) {
  to.setPrevious(message.previous.value);
  put(to.initPreviousChain(), message.previous_chain);
  put(to.initEntries(static_cast<std::uint32_t>(message.entries.size())), message.entries);
  to.setHead(message.head.value);
  to.setDurable(message.durable.value);
  to.setCheckpoint(message.checkpoint.value);
  if (message.digest) {
    put(to.initDigest(), *message.digest);
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

void put(wire::Answers::Builder to, const Answers& message) {
  put(to.initClient(), message.client);
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
  put(to.initClient(), message.client);
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
    to.setRows(to_kj(*rows));
  } else {
    put(to.initError(), std::get<Error>(message.result));
  }
}

QueryResult get(wire::QueryResult::Reader from) {
  QueryResult message{.call = from.getCall(), .result = {}};
  if (from.isRows()) {
    message.result = to_bytes(from.getRows());
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
  put(to.initChain(), message.chain);
  if (const auto* bytes = std::get_if<Bytes>(&message.result)) {
    to.setBytes(to_kj(*bytes));
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
    message.result = to_bytes(from.getBytes());
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

void put(wire::MaintenanceDone::Builder to, const MaintenanceDone& message) {
  to.setCall(message.call);
  if (const auto* index = std::get_if<Index>(&message.result)) {
    to.setIndex(index->value);
  } else {
    put(to.initError(), std::get<Error>(message.result));
  }
}

MaintenanceDone get(wire::MaintenanceDone::Reader from) {
  MaintenanceDone message{.call = from.getCall(), .result = {}};
  if (from.isIndex()) {
    message.result = Index{from.getIndex()};
  } else {
    require(from.isError(), "unknown kind of maintenance result");
    message.result = get(from.getError());
  }
  return message;
}

void put(wire::TableDigests::Builder to, const TableDigests& message) {
  to.setIndex(message.index.value);
  auto list = to.initTables(static_cast<std::uint32_t>(message.tables.size()));
  for (std::uint32_t i = 0; i < list.size(); ++i) {
    list[i].setName(to_kj(message.tables[i].first));
    put(list[i].initDigest(), message.tables[i].second);
  }
}

TableDigests get(wire::TableDigests::Reader from) {
  TableDigests message{.index = {from.getIndex()}, .tables = {}};
  const auto list = from.getTables();
  message.tables.reserve(bounded(list, kTablesMax, "too many tables"));
  for (const auto table : list) {
    message.tables.emplace_back(to_string(table.getName()), get_id<Digest>(table.getDigest()));
  }
  return message;
}

void put(wire::Working::Builder to, const Working& message) {
  to.setDone(message.done);
  to.setTotal(message.total);
}

Working get(wire::Working::Reader from) {
  return {.done = from.getDone(), .total = from.getTotal()};
}

void put(wire::Stats::Builder to, const Stats& message) {
  to.setCall(message.call);
  to.setJson(to_kj(message.json));
}

Stats get(wire::Stats::Reader from) {
  return {.call = from.getCall(), .json = to_string(from.getJson())};
}

// ---- replica <-> replica

void put(wire::TabInfo::Builder to, const TabInfo& message) {
  to.setCall(message.call);
  put(to.initTab(), message.tab);
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

}  // namespace tablog::codec
