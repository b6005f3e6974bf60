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
    auto log = store.log().begin_export(store.base_file());
    if (!log) return fail(std::move(log.error()));
    transfer.index = store.log().head().durable;
    transfer.log = std::move(*log);
    transfer.total_bytes = transfer.log->size_bytes();
    return transfer;
  }
  if (kind == TransferKind::kBase) {
    transfer.index = store.base();
    transfer.base = store.base_file();
    if (transfer.base == nullptr)
      return fail(ErrorCode::kInvalidArgument, "the log begins with entry 1: it has no base");
    const auto size = transfer.base->size();
    if (!size) return fail(size.error());
    transfer.total_bytes = *size;
    return transfer;
  }
  // Several tabs that open at the same index share one image.
  for (const auto& [id, other] : transfers_) {
    if (other.image && other.index == transfer.index) {
      transfer.image = other.image;
      transfer.total_bytes = other.total_bytes;
      return transfer;
    }
  }
  auto image = store.state().snapshot();
  if (!image) return fail(std::move(image.error()));
  transfer.image = std::make_shared<const Bytes>(std::move(*image));
  transfer.total_bytes = transfer.image->size();
  return transfer;
}

Result<Bytes> Transfers::read(Transfer& transfer, std::uint64_t offset, std::size_t size) {
  if (transfer.log) return transfer.log->read(offset, size);
  if (transfer.image) {
    const auto first = transfer.image->begin() + static_cast<std::ptrdiff_t>(offset);
    return Bytes(first, first + static_cast<std::ptrdiff_t>(size));
  }
  Bytes bytes(size);
  const auto got = transfer.base->read(offset, bytes);
  if (!got) return fail(got.error());
  if (*got != size) return fail(ErrorCode::kCorrupt, "the log's base has become shorter");
  return bytes;
}

void Transfers::drop_files() {
  std::erase_if(transfers_, [](const auto& each) { return !each.second.image; });
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
  chunk.total_bytes = transfer.total_bytes;
  const std::uint64_t offset = std::min(request.offset, chunk.total_bytes);
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(kChunkBytes, chunk.total_bytes - offset));
  if (auto bytes = read(transfer, offset, size)) {
    chunk.result = std::move(*bytes);
  } else {
    chunk.result = std::move(bytes.error());
  }
  return chunk;
}

}  // namespace tablog::host
