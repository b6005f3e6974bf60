// ImportBoundary: the module of a worker that makes the files of a new generation from an exported
// log or a SQLite database (docs/boundary.md, importer). What it says is sound a leader adopts.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "storage/import.h"
#include "storage/replay.h"
#include "web/host/boundary.h"

namespace tablog::host {

class ImportBoundary {
 public:
  ImportBoundary(LeaderBoundary::OpenFile open_file, storage::OnProgress on_progress)
      : open_file_(std::move(open_file)), on_progress_(std::move(on_progress)) {}
  [[nodiscard]] Bytes step(ByteView input);

 private:
  struct Handle {
    std::string name;
    std::uint32_t number{};
  };
  [[nodiscard]] bool handle(ByteView input);
  [[nodiscard]] Result<std::uint32_t> begin(std::uint8_t kind, std::uint64_t total,
                                            ByteView beginning);
  [[nodiscard]] Result<void> open(Generation generation, std::vector<Handle> log,
                                  std::vector<Handle> pool);
  [[nodiscard]] Result<void> write(ByteView piece);
  [[nodiscard]] Result<Index> finish(StoreId store, std::uint64_t seed, std::int64_t now_ms);
  [[nodiscard]] Result<void> check(const storage::Store& store) const;
  [[nodiscard]] std::vector<storage::Slot> slots(const std::vector<Handle>& handles) const;

  LeaderBoundary::OpenFile open_file_;
  storage::OnProgress on_progress_;
  Schema schema_;  // of the page
  Generation generation_;
  std::vector<Handle> log_;
  std::vector<Handle> pool_;
  // While it is written:
  std::vector<storage::Slot> log_slots_;
  std::unique_ptr<storage::Pool> files_;
  std::optional<storage::LogImport> export_;  // else a database
  storage::File* database_{};
  std::uint64_t written_{};
  Outputs outputs_;
};

}  // namespace tablog::host
