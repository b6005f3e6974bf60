// Private to codec_message.cc, codec_to_leader.cc and codec_to_replica.cc: the bodies of messages
// with more than one field, each as in log/message.h and log/wire.capnp. Reading throws, as in
// codec_wire.h.
#pragma once

#include "log/codec_wire.h"
#include "log/wire.capnp.h"

namespace tablog::codec {

using EncodedEntries = std::vector<std::shared_ptr<const Bytes>>;

// ---- parts: codec_to_replica.cc

void put(wire::Error::Builder to, const Error& error);
[[nodiscard]] Error get(wire::Error::Reader from);

// ---- replica -> leader: codec_to_leader.cc

void put(wire::AppendRequests::Builder to, const AppendRequests& message);
[[nodiscard]] AppendRequests get(wire::AppendRequests::Reader from);
void put(wire::Join::Builder to, const Join& message);
[[nodiscard]] Join get(wire::Join::Reader from);
void put(wire::RangeRequest::Builder to, const RangeRequest& message);
[[nodiscard]] RangeRequest get(wire::RangeRequest::Reader from);
void put(wire::QueryRequest::Builder to, const QueryRequest& message);
[[nodiscard]] QueryRequest get(wire::QueryRequest::Reader from);
void put(wire::ExclusiveRequest::Builder to, const ExclusiveRequest& message);
[[nodiscard]] ExclusiveRequest get(wire::ExclusiveRequest::Reader from);
[[nodiscard]] std::size_t words_of(std::span<const ReadGuard> reads);
void put(wire::CompactRequest::Builder to, const CompactRequest& message);
[[nodiscard]] CompactRequest get(wire::CompactRequest::Reader from);
void put(wire::AdoptRequest::Builder to, const AdoptRequest& message);
[[nodiscard]] AdoptRequest get(wire::AdoptRequest::Reader from);
void put(wire::TransferRequest::Builder to, const TransferRequest& message);
[[nodiscard]] TransferRequest get(wire::TransferRequest::Reader from);

// ---- leader -> replica, replica <-> replica: codec_to_replica.cc

void put(wire::Announce::Builder to, const Announce& message);
[[nodiscard]] Announce get(wire::Announce::Reader from);
void put(wire::Committed::Builder to, const Committed& message);
[[nodiscard]] Committed get(wire::Committed::Reader from);
void put(wire::Answers::Builder to, const Answers& message);
[[nodiscard]] Answers get(wire::Answers::Reader from);
void put(wire::ResendFrom::Builder to, const ResendFrom& message);
[[nodiscard]] ResendFrom get(wire::ResendFrom::Reader from);
void put(wire::Range::Builder to, const Range& message);
[[nodiscard]] Range get(wire::Range::Reader from);
void put(wire::ReadIndex::Builder to, const ReadIndex& message);
[[nodiscard]] ReadIndex get(wire::ReadIndex::Reader from);
void put(wire::QueryResult::Builder to, const QueryResult& message);
[[nodiscard]] QueryResult get(wire::QueryResult::Reader from);
void put(wire::TransferChunk::Builder to, const TransferChunk& message);
[[nodiscard]] TransferChunk get(wire::TransferChunk::Reader from);
void put(wire::CheckpointDone::Builder to, const CheckpointDone& message);
[[nodiscard]] CheckpointDone get(wire::CheckpointDone::Reader from);
void put(wire::MaintenanceDone::Builder to, const MaintenanceDone& message);
[[nodiscard]] MaintenanceDone get(wire::MaintenanceDone::Reader from);
void put(wire::TableDigests::Builder to, const TableDigests& message);
[[nodiscard]] TableDigests get(wire::TableDigests::Reader from);
void put(wire::Working::Builder to, const Working& message);
[[nodiscard]] Working get(wire::Working::Reader from);
void put(wire::Stats::Builder to, const Stats& message);
[[nodiscard]] Stats get(wire::Stats::Reader from);
void put(wire::TabInfo::Builder to, const TabInfo& message);
[[nodiscard]] TabInfo get(wire::TabInfo::Reader from);

}  // namespace tablog::codec
