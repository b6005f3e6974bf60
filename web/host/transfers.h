// Transfers: images on their way to other tabs, pulled chunk by chunk. Each is bounded in time, so
// that a tab that dies in the middle does not keep one in memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>

#include "log/message.h"
#include "storage/store.h"

namespace tablog::host {

class Transfers {
 public:
  // The next chunk, or the first of a new transfer of the store as it stands; nothing for `done`.
  [[nodiscard]] std::optional<TransferChunk> serve(storage::Store& store,
                                                   const TransferRequest& request,
                                                   std::chrono::microseconds now);
  void clear() { transfers_.clear(); }
  void drop_files();  // those that read the store's files as they go

 private:
  struct Transfer {
    std::unique_ptr<storage::LogFiles::Export> log;  // or:
    storage::File* base{};                           // or:
    std::shared_ptr<const Bytes> image;
    std::uint64_t total_bytes{};
    Index index;
    ChainHash chain;
    std::chrono::microseconds used{};
  };
  [[nodiscard]] Result<Transfer> begin(storage::Store& store, TransferKind kind);
  [[nodiscard]] static Result<Bytes> read(Transfer& transfer, std::uint64_t offset,
                                          std::size_t size);
  void drop_idle(std::chrono::microseconds now);

  std::map<std::uint64_t, Transfer> transfers_;
  std::uint64_t last_{};
};

}  // namespace tablog::host
