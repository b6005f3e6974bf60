// A store on a memory disk, used as a leader uses it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "storage/memory_file.h"
#include "storage/store.h"
#include "tests/storage/samples.h"

namespace tablog::storage {

struct StoreKit {
  StoreKit() {
    for (int i = 0; i < 6; ++i) (void)disk.open("db/" + std::to_string(i));
    more_log_slots();
  }

  void more_log_slots() {
    for (int i = 0; i < 3; ++i) (void)disk.open("log/" + std::to_string(slots++));
  }

  [[nodiscard]] Result<std::unique_ptr<Store>> try_open(std::uint8_t fresh = 1) {
    StoreOptions options{.fresh = {}, .generation = {}, .salt_seed = ++opened};
    options.fresh.bytes.fill(static_cast<std::byte>(fresh));
    options.log.segment_bytes = segment_bytes;
    return open(disk, options);
  }

  [[nodiscard]] static Result<std::unique_ptr<Store>> open(MemoryDisk& disk,
                                                           const StoreOptions& options) {
    return Store::open(
        StoreFiles{.log = disk.open_slots("log/").value(), .pool = disk.open_slots("db/").value()},
        options);
  }

  [[nodiscard]] std::unique_ptr<Store> open(std::uint8_t fresh = 1) {
    auto store = try_open(fresh);
    if (!store) {
      ADD_FAILURE() << store.error().message;
      return nullptr;
    }
    return std::move(*store);
  }

  // What a leader does with a batch: execute, append, flush, commit.
  static std::vector<EncodedEntry> append(Store& store, std::vector<BatchItem> items) {
    EXPECT_TRUE(store.reserve(64 << 10));
    const BatchResult result =
        samples::run(store.state(), std::move(items),
                     samples::context(1'700'000'000'000, store.state().applied().value));
    const auto made = samples::entries(result);
    if (made.empty()) return made;
    EXPECT_TRUE(store.log().append(made, result.digest));
    EXPECT_TRUE(store.log().flush());
    EXPECT_TRUE(store.commit_state());
    return made;
  }

  MemoryDisk disk;
  int slots{};
  std::uint64_t opened{};
  std::uint64_t segment_bytes = 16384;
};

}  // namespace tablog::storage
