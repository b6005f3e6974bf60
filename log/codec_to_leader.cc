#include <algorithm>

#include "log/codec_messages.h"

namespace tablog::codec {

namespace {

constexpr std::size_t kRequestsMax = 1U << 20U;  // in one message

void put(wire::ReadGuard::Builder to, const ReadGuard& guard) {
  to.setSql(to_kj(guard.sql));
  codec::put(to.initParams(static_cast<std::uint32_t>(guard.params.size())), guard.params);
  codec::put(to.initHash(), guard.hash);
}

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
  if (request.reads.empty()) return;
  auto reads = to.initReads(static_cast<std::uint32_t>(request.reads.size()));
  for (std::uint32_t i = 0; i < reads.size(); ++i) put(reads[i], request.reads[i]);
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
      .payload = codec::get(from.getPayload()),
      .reads = {}};
  if (from.hasExpectedIndex()) {
    request.expected_index = Index{from.getExpectedIndex().getValue()};
  }
  const auto reads = from.getReads();
  request.reads.reserve(bounded(reads, kReadGuardsMax, "too many reads"));
  for (const auto guard : reads) {
    request.reads.push_back({.sql = to_string(guard.getSql()),
                             .params = codec::get(guard.getParams()),
                             .hash = get_id<RowsHash>(guard.getHash())});
  }
  return request;
}

}  // namespace

void put(wire::AppendRequests::Builder to, const AppendRequests& message) {
  put(to.initClient(), message.client);
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
  put(to.initChain(), message.chain);
  to.setWantsEntries(message.wants_entries);
  put(to.initSchema(), message.schema);
}

Join get(wire::Join::Reader from) {
  return {.applied = {from.getApplied()},
          .chain = get_id<ChainHash>(from.getChain()),
          .wants_entries = from.getWantsEntries(),
          .schema = get(from.getSchema())};
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
  to.setSql(to_kj(message.sql));
  put(to.initParams(static_cast<std::uint32_t>(message.params.size())), message.params);
}

QueryRequest get(wire::QueryRequest::Reader from) {
  return {.call = from.getCall(),
          .not_before = {from.getNotBefore()},
          .linearizable = from.getLinearizable(),
          .sql = to_string(from.getSql()),
          .params = get(from.getParams())};
}

void put(wire::ExclusiveRequest::Builder to, const ExclusiveRequest& message) {
  to.setCall(message.call);
  to.setRelease(message.release);
}

ExclusiveRequest get(wire::ExclusiveRequest::Reader from) {
  return {.call = from.getCall(), .release = from.getRelease()};
}

void put(wire::CompactRequest::Builder to, const CompactRequest& message) {
  to.setCall(message.call);
  to.setRetainFrom(message.retain_from.value);
  to.setSinceMs(message.since_ms);
  to.setKeepBytes(message.keep_bytes);
}

CompactRequest get(wire::CompactRequest::Reader from) {
  return {.call = from.getCall(),
          .retain_from = {from.getRetainFrom()},
          .since_ms = from.getSinceMs(),
          .keep_bytes = from.getKeepBytes()};
}

void put(wire::AdoptRequest::Builder to, const AdoptRequest& message) {
  to.setCall(message.call);
  to.setGeneration(message.generation.value);
}

AdoptRequest get(wire::AdoptRequest::Reader from) {
  return {.call = from.getCall(), .generation = {from.getGeneration()}};
}

std::size_t words_of(std::span<const ReadGuard> reads) {
  std::size_t words = 0;
  for (const ReadGuard& guard : reads) {
    words += 6 + words_of_bytes(guard.sql.size()) + words_of(std::span(guard.params));
  }
  return words;
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
          .kind = to_enum(from.getKind(), TransferKind::kBase, "unknown transfer"),
          .transfer = from.getTransfer(),
          .offset = from.getOffset(),
          .done = from.getDone()};
}

}  // namespace tablog::codec
