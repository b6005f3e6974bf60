#include "tests/tools/sample_store.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "log/segment.h"
#include "storage/posix_file.h"
#include "tools/command_line.h"
#include "tools/source.h"

namespace tablog::tools {

namespace fs = std::filesystem;

namespace {

constexpr int kSlots = 6;
// Several segments from a few dozen entries.
constexpr storage::LogOptions kSmallSegments{.segment_bytes = 12U << 10U,
                                             .preallocate_bytes = 4U << 10U};

std::vector<storage::Slot> open_slots(const fs::path& path) {
  auto slots = storage::open_posix_slots(path.string(), storage::PosixMode::kExclusive);
  EXPECT_TRUE(slots) << slots.error().message;
  return slots ? *std::move(slots) : std::vector<storage::Slot>{};
}

void make_slots(const fs::path& path) {
  fs::create_directories(path);
  for (int i = 1; i <= kSlots; ++i) {
    std::ofstream(path / ("slot" + std::to_string(i)));
  }
}

}  // namespace

std::vector<nlohmann::json> Ran::lines() const {
  std::vector<nlohmann::json> parsed;
  std::istringstream stream(data);
  for (std::string line; std::getline(stream, line);) {
    parsed.push_back(nlohmann::json::parse(line));
  }
  return parsed;
}

Ran tablog(const std::vector<std::string>& arguments) {
  std::vector<const char*> words{"tablog"};
  for (const std::string& argument : arguments) {
    words.push_back(argument.c_str());
  }
  std::ostringstream data;
  std::ostringstream notes;
  const ExitCode code = run_command_line(words, {.data = data, .notes = notes});
  return {static_cast<int>(code), data.str(), notes.str()};
}

ScratchDirectory::ScratchDirectory() {
  std::string pattern = testing::TempDir() + "/tablog-tools-XXXXXX";
  const char* made = mkdtemp(pattern.data());
  EXPECT_NE(made, nullptr);
  path_ = pattern;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Bytes read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  const std::string content = text.str();
  const auto bytes = std::as_bytes(std::span(content));
  return {bytes.begin(), bytes.end()};
}

void write_file(const std::string& path, ByteView bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

void write_text(const std::string& path, std::string_view text) {
  write_file(path, std::as_bytes(std::span(text)));
}

void flip_byte(const std::string& path, std::uint64_t offset) {
  Bytes bytes = read_file(path);
  ASSERT_LT(offset, bytes.size());
  bytes[offset] ^= std::byte{0x40};
  write_file(path, bytes);
}

void resize(const std::string& path, std::uint64_t bytes) {
  fs::resize_file(path, bytes);
}

SampleStore::SampleStore() {
  begin_anew();
}

void SampleStore::begin_anew() {
  make_slots(fs::path(directory()) / "log");
  make_slots(fs::path(directory()) / "db" / ".opaque");
  open();
}

void SampleStore::remove() {
  close();
  fs::remove_all(directory());
  ++id_;
}

void SampleStore::fork() {
  close();
  const std::string from = directory();
  ++generation_;
  fs::copy(from, directory(), fs::copy_options::recursive);
  open();
  std::ofstream(fs::path(directory()) / "ready") << ready_record(generation_);
}

void SampleStore::open() {
  auto opened = storage::Store::open({.log = open_slots(fs::path(directory()) / "log"),
                                      .pool = open_slots(fs::path(directory()) / "db" / ".opaque")},
                                     {.fresh = {.bytes = samples::client(id_).bytes},
                                      .generation = Generation{generation_},
                                      .salt_seed = 1,
                                      .log = kSmallSegments});
  ASSERT_TRUE(opened) << opened.error().message;
  store_ = *std::move(opened);
}

void SampleStore::append(std::vector<BatchItem> items) {
  append_in_term(store_->log().head().term, std::move(items));
}

void SampleStore::append_in_term(Term term, std::vector<BatchItem> items) {
  time_ms_ += 1000;
  const BatchContext context{.term = term, .time_ms = time_ms_, .wall_ms = time_ms_, .seed = 42};
  ASSERT_TRUE(store_->reserve(16U << 10U));
  const auto done = store_->state().execute(context, items);
  ASSERT_TRUE(done) << done.error().message;
  const auto entries = samples::entries(*done);
  ASSERT_TRUE(store_->log().append(entries, done->digest));
  ASSERT_TRUE(store_->log().flush());
  ASSERT_TRUE(store_->commit_state());
  while (store_->log_slots_wanted() > 0) {
    const std::string name =
        "more" + std::to_string(time_ms_) + "-" + std::to_string(store_->log_slots_wanted());
    const std::string path = directory() + "/log/" + name;
    auto file = storage::open_posix_file(path, storage::PosixMode::kExclusive);
    ASSERT_TRUE(file) << file.error().message;
    store_->add_log_slot({name, *std::move(file)});
  }
}

void SampleStore::fill(std::size_t count) {
  append_in_term(Term{1}, {samples::control(TermStart{samples::client(9)})});
  append({samples::control(samples::schema())});
  for (std::size_t i = 1; i <= count; ++i) {
    append({samples::added(static_cast<std::int64_t>(i), "todo " + std::to_string(i))});
  }
}

void SampleStore::append_unflushed(std::vector<BatchItem> items) {
  // What the state database proves must stay whole, so the batch is one that it has not seen.
  ASSERT_TRUE(store_->reserve(16U << 10U));
  const auto done = store_->state().execute({.term = store_->log().head().term,
                                             .time_ms = time_ms_ + 1,
                                             .wall_ms = time_ms_ + 1,
                                             .seed = 1},
                                            items);
  ASSERT_TRUE(done) << done.error().message;
  ASSERT_TRUE(store_->log().append(samples::entries(*done), done->digest));
}

void SampleStore::tear_tail() {
  const auto segment = store_->log().segments().back();
  append_unflushed({samples::added(1'000'000, "lost")});
  const std::string path = directory() + "/log/" + segment.slot;
  close();
  flip_byte(path, segment.bytes + 60);
}

Index SampleStore::compact(Index retain) {
  const auto through = store_->compactable({.retain_from = retain});
  EXPECT_TRUE(through) << through.error().message;
  EXPECT_TRUE(store_->begin_compaction(*through));
  for (auto stage = storage::NextBase::Stage::kWorking;
       stage != storage::NextBase::Stage::kReady;) {
    const auto advanced = store_->advance_compaction([] { return true; });
    EXPECT_TRUE(advanced) << advanced.error().message;
    stage = advanced.value_or(storage::NextBase::Stage::kReady);
  }
  EXPECT_TRUE(store_->finish_compaction());
  return store_->log().first();
}

std::string SampleStore::slot(std::uint64_t sequence) const {
  for (const auto& file : fs::directory_iterator(fs::path(directory()) / "log")) {
    const Bytes bytes = read_file(file.path().string());
    const auto header = decode_segment_header(bytes);
    if (header && header->sequence == sequence) {
      return file.path().string();
    }
  }
  ADD_FAILURE() << "no segment " << sequence;
  return {};
}

std::string SampleStore::export_log(const std::string& name) {
  auto begun = store_->log().begin_export(store_->base_file());
  EXPECT_TRUE(begun) << begun.error().message;
  Bytes whole;
  while (whole.size() < (*begun)->size_bytes()) {
    const auto piece = (*begun)->read(whole.size(), 64U << 10U);
    EXPECT_TRUE(piece);
    whole.insert(whole.end(), piece->begin(), piece->end());
  }
  write_file(at(name), whole);
  return at(name);
}

}  // namespace tablog::tools
