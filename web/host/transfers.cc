#include "web/host/transfers.h"

#include <algorithm>
#include <utility>

namespace tablog::host {
namespace {

constexpr std::size_t kChunkBytes = 1U << 20U;
constexpr std::size_t kTransfersMax = 16;  // of other tabs at one time
constexpr std::chrono::seconds kIdle{30};

}  // namespace

Result<Transfers::Transfer> Transfers::begin(storage::Store& store, TransferKind kind) {
  Transfer transfer;
  transfer.index = store.state().committed();
  transfer.chain = store.state().committed_chain();
  if (kind == TransferKind::kLogExport) {
    auto log = store.log().begin_export();
    if (!log) return fail(std::move(log.error()));
    transfer.index = store.log().head().durable;
    transfer.log = std::move(*log);
    return transfer;
  }
  // Several tabs that open at the same index share one image.
  for (const auto& [id, other] : transfers_) {
    if (other.image && other.index == transfer.index) {
      transfer.image = other.image;
      return transfer;
    }
  }
  auto image = store.state().snapshot();
  if (!image) return fail(std::move(image.error()));
  transfer.image = std::make_shared<const Bytes>(std::move(*image));
  return transfer;
}

void Transfers::drop_idle(std::chrono::microseconds now) {
  std::erase_if(transfers_, [&](const auto& each) { return now - each.second.used > kIdle; });
}

std::optional<TransferChunk> Transfers::serve(storage::Store& store, const TransferRequest& request,
                                              std::chrono::microseconds now) {
  drop_idle(now);
  if (request.done) {
    transfers_.erase(request.transfer);
    return std::nullopt;
  }
  TransferChunk chunk{.call = request.call, .transfer = request.transfer, .offset = request.offset};
  if (request.transfer == 0) {
    if (transfers_.size() >= kTransfersMax) {
      chunk.result = Error{.code = ErrorCode::kLeaderUnresponsive,
                           .message = "the leader serves many tabs at the moment; try again"};
      return chunk;
    }
    auto transfer = begin(store, request.kind);
    if (!transfer) {
      chunk.result = std::move(transfer.error());
      return chunk;
    }
    chunk.transfer = ++last_;
    transfers_.emplace(chunk.transfer, std::move(*transfer));
  }
  const auto found = transfers_.find(chunk.transfer);
  if (found == transfers_.end()) {
    chunk.result = Error{.code = ErrorCode::kLeaderUnresponsive,
                         .message = "the leader changed or dropped this transfer; begin again"};
    return chunk;
  }
  Transfer& transfer = found->second;
  transfer.used = now;
  chunk.index = transfer.index;
  chunk.chain = transfer.chain;
  chunk.total_bytes = transfer.log ? transfer.log->size_bytes() : transfer.image->size();
  const std::uint64_t offset = std::min(request.offset, chunk.total_bytes);
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(kChunkBytes, chunk.total_bytes - offset));
  if (!transfer.log) {
    const auto first = transfer.image->begin() + static_cast<std::ptrdiff_t>(offset);
    chunk.result = Bytes(first, first + static_cast<std::ptrdiff_t>(size));
  } else if (auto bytes = transfer.log->read(offset, size)) {
    chunk.result = std::move(*bytes);
  } else {
    chunk.result = std::move(bytes.error());
  }
  return chunk;
}

}  // namespace tablog::host
