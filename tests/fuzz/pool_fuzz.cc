// The headers of the pool's slots, and a pool of fuzzed slots. Asserts: a header that names a file
// is encoded to one that names the same; a pool always opens, keeps what is damaged as it was,
// finds what it lists, makes and removes a file, and is the same when it is opened again; what is
// quarantined can be let go of.
#include "storage/memory_file.h"
#include "storage/pool.h"
#include "storage/pool_header.h"
#include "storage/url_path.h"
#include "tests/fuzz/fuzz.h"

namespace tablog::fuzz {
namespace {

using storage::kPoolHeaderBytes;
using storage::MemoryDisk;
using storage::Pool;
using storage::PoolHeaderFields;
using storage::SlotContent;

constexpr std::size_t kSlotsMax = 6;
constexpr std::uint8_t kAsItIs = 1;  // the header's fields come from the input, digest and all
constexpr std::uint32_t kMainDb = 0x106;

void check_header(const PoolHeaderFields& fields) {
  const auto header = storage::decode_pool_header(fields);
  if (header.content == SlotContent::kFree || header.content == SlotContent::kDamaged) {
    return check(header.pathname.empty(), "only a file has a name");
  }
  check(!header.pathname.empty() && header.pathname.size() < storage::kPoolPathFieldBytes &&
            !header.pathname.contains('\0'),
        "a name is one");
  if (header.pathname.size() > storage::kPoolPathBytesMax) return;
  const auto again =
      storage::decode_pool_header(storage::encode_pool_header(header.pathname, header.flags));
  check(again.content == header.content && again.pathname == header.pathname,
        "a header is encoded to one that says the same");
}

PoolHeaderFields take_fields(Input& input, std::uint8_t kind) {
  PoolHeaderFields fields{};
  if ((kind & kAsItIs) != 0) {
    std::ranges::copy(input.bytes(input.u16() % (fields.size() + 1)), fields.begin());
    return fields;
  }
  const auto flags = input.number<std::uint32_t>();
  const ByteView raw = input.bytes(input.u8());
  std::string path(reinterpret_cast<const char*>(raw.data()), raw.size());
  std::erase(path, '\0');
  return path.empty() ? fields : storage::encode_pool_header(path, flags);
}

struct MadeSlot {
  Bytes file;
  std::string pathname;  // of the file in it; empty: none
};

MadeSlot take_slot(Input& input) {
  const std::uint8_t kind = input.u8();
  const PoolHeaderFields fields = take_fields(input, kind);
  check_header(fields);
  MadeSlot made{.file = Bytes(fields.begin(), fields.end()), .pathname = {}};
  made.file.resize((kind & 2U) != 0 ? input.u16() : kPoolHeaderBytes);
  const auto header = storage::decode_pool_header(fields);
  if (header.content == SlotContent::kFile && made.file.size() >= fields.size())
    made.pathname = header.pathname;
  const ByteView payload = input.bytes(input.u8());
  made.file.insert(made.file.end(), payload.begin(), payload.end());
  return made;
}

std::vector<std::pair<std::string, std::uint64_t>> files_of(const Pool& pool) {
  std::vector<std::pair<std::string, std::uint64_t>> files;
  for (const Pool::Entry& entry : pool.entries()) {
    if (!entry.path.empty()) files.emplace_back(entry.path, entry.bytes);
  }
  std::ranges::sort(files);
  return files;
}

std::unique_ptr<Pool> open(MemoryDisk& disk) {
  auto pool = Pool::open(disk.open_slots("p").value());
  check(pool.has_value(), "a pool opens whatever stands in its slots");
  return std::move(*pool);
}

void check_listed(Pool& pool, MemoryDisk& disk, const std::vector<MadeSlot>& made) {
  check(pool.entries().size() + pool.quarantined().size() == made.size(), "every slot is told");
  for (const std::string& name : pool.quarantined()) {
    const auto number = static_cast<std::size_t>(name.back() - '0');
    check(disk.written(name) == made[number].file, "what is damaged is kept as it was");
  }
  for (const MadeSlot& slot : made) {
    const std::string name = storage::name_of_pathname(slot.pathname);
    if (storage::url_pathname(name) != slot.pathname)
      continue;  // another writer's: no name gives it
    check(pool.find(name) != nullptr || pool.conflicted(name), "a file is found, or conflicted");
  }
}

void check_use(MemoryDisk& disk) {
  const auto pool = open(disk);
  const auto before = files_of(*pool);
  if (pool->find("/of the fuzzer") != nullptr) return;
  const auto made = pool->create("/of the fuzzer", kMainDb);
  if (!made) return check_code(made.error(), {ErrorCode::kStorageUnavailable, ErrorCode::kCorrupt});
  check((*made)->write(0, Bytes(3, std::byte{1})).has_value(), "a new file is written");
  check(files_of(*pool).size() == before.size() + 1, "a new file is listed");
  check(pool->remove("/of the fuzzer").has_value() && files_of(*pool) == before,
        "a removed file is gone, and no other");
}

}  // namespace
}  // namespace tablog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tablog::fuzz;
  Input input(view_of(data, size));
  MemoryDisk disk;
  std::vector<MadeSlot> made;
  while (!input.empty() && made.size() < kSlotsMax) {
    made.push_back(take_slot(input));
    disk.overwrite("p" + std::to_string(made.size() - 1), made.back().file);
  }
  auto pool = open(disk);
  check_listed(*pool, disk, made);
  const auto files = files_of(*pool);
  const auto quarantined = pool->quarantined();
  pool.reset();
  pool = open(disk);
  check(files_of(*pool) == files && pool->quarantined() == quarantined,
        "a pool that is opened again is the same");
  pool.reset();
  check_use(disk);
  pool = open(disk);
  check(pool->discard_quarantined().has_value() && pool->quarantined().empty(),
        "what is quarantined can be let go of");
  return 0;
}
