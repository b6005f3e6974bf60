// A log on a memory disk, with a model of what it has to hold beside it.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "log/codec.h"
#include "storage/log_files.h"
#include "storage/memory_file.h"
#include "tests/log/samples.h"

namespace tablog::storage {

struct LogKit {
  MemoryDisk disk{};
  LogOptions options{.segment_bytes = 8192, .preallocate_bytes = 4096};
  std::uint64_t opened{};  // times; each has salts of its own, and two more slots

  // All slots of the disk, and two fresh ones.
  [[nodiscard]] std::vector<Slot> slots() {
    for (int i = 0; i < 2; ++i) {
      static_cast<void>(disk.open("log-" + std::to_string(1000 + 2 * opened + i)));
    }
    ++opened;
    return disk.open_slots("log-").value();
  }

  [[nodiscard]] Result<std::unique_ptr<LogFiles>> try_open(Index proven = {}) {
    return LogFiles::open(slots(), {.index = proven}, samples::id<StoreId>(0x40), Generation{},
                          opened, options);
  }

  [[nodiscard]] std::unique_ptr<LogFiles> open(Index proven = {}) {
    return std::move(try_open(proven).value());
  }
};

// The next `count` entries, of some size each; `text` tells them from others of the same index.
[[nodiscard]] inline std::vector<EncodedEntry> make_entries(Index after, std::size_t count,
                                                            const std::string& text) {
  std::vector<EncodedEntry> entries;
  for (std::size_t i = 1; i <= count; ++i) {
    Entry entry = samples::entry(Index{after.value + i});
    std::get<Event>(entry.body).args[1].value = text;
    entries.push_back(*encode(std::move(entry)));
  }
  return entries;
}

[[nodiscard]] inline Digest digest_of(Index index) {
  return samples::id<Digest>(static_cast<std::uint8_t>(index.value));
}

// reserve, append; not flushed.
[[nodiscard]] inline Result<void> append(LogFiles& log, std::span<const EncodedEntry> entries) {
  std::uint64_t bytes = 0;
  for (const EncodedEntry& entry : entries) {
    bytes += entry.bytes->size();
  }
  if (const auto reserved = log.reserve(LogFiles::batch_bytes(entries.size(), bytes)); !reserved) {
    return reserved;
  }
  return log.append(entries, digest_of(entries.back().entry.index));
}

[[nodiscard]] inline Result<void> append_flushed(LogFiles& log, std::size_t count,
                                                 const std::string& text) {
  const auto appended = append(log, make_entries(log.head().index, count, text));
  return appended ? log.flush() : appended;
}

// The text of every entry, read `bytes_max` at a time.
[[nodiscard]] inline Result<std::vector<std::string>> texts(LogFiles& log,
                                                            std::uint64_t bytes_max = 1U << 20U) {
  std::vector<std::string> result;
  Index last{log.first().value - 1};
  while (last < log.head().index) {
    const auto batch = log.read(next(last), log.head().index, bytes_max);
    if (!batch) {
      return fail(batch.error());
    }
    for (const auto& bytes : batch->entries) {
      const auto entry = decode_entry(*bytes);
      if (!entry) {
        return fail(entry.error());
      }
      EXPECT_EQ(entry->index, next(last));
      last = entry->index;
      result.push_back(std::get<std::string>(std::get<Event>(entry->body).args[1].value));
    }
  }
  return result;
}

}  // namespace tablog::storage
