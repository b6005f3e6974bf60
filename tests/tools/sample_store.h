// What the tests of the tool share: a store on real files in a directory of its own, written by the
// code that a browser's leader runs, and the tool run on them as a function.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "log/batch.h"
#include "storage/store.h"
#include "tests/storage/samples.h"
#include "tools/exit_code.h"

namespace tablog::tools {

namespace samples = storage::samples;

struct Ran {
  int code{};
  std::string data{};   // standard output
  std::string notes{};  // standard error

  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(data); }
  [[nodiscard]] std::vector<nlohmann::json> lines() const;  // of ndjson
};

// `tablog` with these arguments, in this process.
[[nodiscard]] Ran tablog(const std::vector<std::string>& arguments);

// A directory that is gone with the object.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string at(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

[[nodiscard]] Bytes read_file(const std::string& path);
void write_file(const std::string& path, ByteView bytes);
void write_text(const std::string& path, std::string_view text);
void flip_byte(const std::string& path, std::uint64_t offset);
void resize(const std::string& path, std::uint64_t bytes);

class SampleStore {
 public:
  SampleStore();

  // Of its newest generation.
  [[nodiscard]] std::string directory() const {
    return scratch_.at("g" + std::to_string(generation_));
  }
  [[nodiscard]] std::string at(const std::string& name) const { return scratch_.at(name); }
  // The file of the segment with this sequence, counted from 1.
  [[nodiscard]] std::string slot(std::uint64_t sequence) const;

  void open();
  void close() { store_.reset(); }
  [[nodiscard]] storage::Store& store() { return *store_; }

  // Sequenced, logged, flushed, committed: what a leader does with one batch.
  void append(std::vector<BatchItem> items);
  void append_in_term(Term term, std::vector<BatchItem> items);
  // A term start, the schema of samples::schema(), `count` to-dos; one batch each.
  void fill(std::size_t count);
  // A batch in the file that nobody flushed, its last bytes missing.
  void tear_tail();
  // A batch in the file that nobody flushed, whole.
  void append_unflushed(std::vector<BatchItem> items);
  // Frees what is before `retain`; the first entry that can be read.
  [[nodiscard]] Index compact(Index retain);
  // The next generation takes a copy of the files, and goes on.
  void fork();
  void remove();      // all files
  void begin_anew();  // as another store, in place of what was removed
  [[nodiscard]] std::string export_log(const std::string& name = "notes.tablog");

 private:
  ScratchDirectory scratch_;
  std::unique_ptr<storage::Store> store_;
  std::int64_t time_ms_{1'700'000'000'000};
  std::uint64_t generation_{};
  std::uint8_t id_{0x5A};
};

}  // namespace tablog::tools
