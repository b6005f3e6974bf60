#include "storage/pool.h"

#include <sqlite3.h>

#include <algorithm>
#include <cassert>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "storage/ballast.h"
#include "storage/url_path.h"

namespace tablog::storage {
namespace {

// A database, its WAL, the ballast, and a spare for the journal that the switch to WAL needs.
constexpr std::size_t kSlotsWanted = 4;
constexpr std::size_t kSparesWanted = 1;

// A slot's content as a file of its own. The slot is held exclusively, so its size is known once
// asked.
class Payload final : public File {
 public:
  Payload(File& slot, Ballast& ballast) : slot_(slot), ballast_(ballast) {}

  [[nodiscard]] Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override {
    return slot_.read(kPoolHeaderBytes + offset, out);
  }

  [[nodiscard]] Result<void> write(std::uint64_t offset, ByteView data) override {
    auto written =
        ballast_.spend(data.size(), [&] { return slot_.write(kPoolHeaderBytes + offset, data); });
    if (!written) {
      size_.reset();
    } else if (size_) {
      size_ = std::max(*size_, offset + data.size());
    }
    return written;
  }

  [[nodiscard]] Result<void> flush() override { return slot_.flush(); }

  [[nodiscard]] Result<std::uint64_t> size() override {
    if (!size_) {
      const auto bytes = slot_.size();
      if (!bytes) return bytes;
      size_ = *bytes - std::min(*bytes, kPoolHeaderBytes);
    }
    return *size_;
  }

  [[nodiscard]] Result<void> truncate(std::uint64_t bytes) override {
    size_.reset();
    auto done = ballast_.spend(bytes, [&] { return slot_.truncate(kPoolHeaderBytes + bytes); });
    if (done) size_ = bytes;
    return done;
  }

 private:
  File& slot_;
  Ballast& ballast_;
  std::optional<std::uint64_t> size_;
};

enum class Use { kFree, kFile, kQuarantined };

struct Member {
  Slot slot;
  Payload payload;
  Use use = Use::kFree;
  std::string pathname{};
  std::uint32_t flags{};
  bool blank{};  // the header on disk is all zeros, and nothing stale can turn up behind it

  Member(Slot s, Ballast& ballast) : slot(std::move(s)), payload(*slot.file, ballast) {}

  void release() {
    use = Use::kFree;
    pathname.clear();
    flags = 0;
  }
};

}  // namespace

struct Pool::Impl {
  Ballast ballast;
  std::vector<std::unique_ptr<Member>> members;  // in the host's order; addresses are handed out
  std::map<std::string, Member*, std::less<>> files;
  std::set<std::string, std::less<>> conflicts;
  std::vector<std::string> quarantined;

  void quarantine(Member& member) {
    member.use = Use::kQuarantined;
    quarantined.push_back(member.slot.name);
  }

  // ---- open
  [[nodiscard]] Result<void> load(Member& member);
  void resolve(const std::string& pathname, const std::vector<Member*>& claimants);
  void tidy();

  // ---- slots
  [[nodiscard]] Member* take_free();
  [[nodiscard]] Result<void> write_header(Member& member, const PoolHeaderFields& fields);
  [[nodiscard]] Result<void> make_blank(Member& member);
  [[nodiscard]] std::size_t count(Use use) const;
};

Result<void> Pool::Impl::load(Member& member) {
  PoolHeaderFields fields{};  // a file that is shorter reads as zeros
  if (const auto got = member.slot.file->read(0, fields); !got) return fail(got.error());
  const auto payload_bytes = member.payload.size();
  if (!payload_bytes) return fail(payload_bytes.error());

  PoolHeader header = decode_pool_header(fields);
  member.blank = fields == PoolHeaderFields{};
  if (header.content == SlotContent::kFile) {
    member.use = Use::kFile;
    member.pathname = std::move(header.pathname);
    member.flags = header.flags;
  } else if (header.content == SlotContent::kDamaged && *payload_bytes > 0) {
    quarantine(member);
  }
  return {};
}

// One path, several slots: a slot without content is what a failed create() left, and proves
// nothing.
void Pool::Impl::resolve(const std::string& pathname, const std::vector<Member*>& claimants) {
  const auto has_content = [](Member* m) { return m->payload.size().value_or(1) > 0; };
  std::vector<Member*> full;
  std::ranges::copy_if(claimants, std::back_inserter(full), has_content);
  if (full.empty()) full.push_back(claimants.front());
  if (full.size() == 1) {
    files.emplace(pathname, full.front());
  } else {
    conflicts.insert(pathname);
    for (Member* member : full) quarantine(*member);
  }
  for (Member* member : claimants) {
    if (std::ranges::find(full, member) == full.end()) member->release();
  }
}

// Brings free slots to what other readers of the format expect, a blank header and nothing behind
// it, but for the ballast of an earlier session. Best effort: what fails now is done again before
// the slot is used.
void Pool::Impl::tidy() {
  const auto held = [](const auto& member) {
    const bool candidate = member->use == Use::kFree && member->blank;
    return candidate ? member->payload.size().value_or(0) : 0;
  };
  const auto largest = std::ranges::max_element(members, {}, held);
  if (largest != members.end() && held(*largest) > 0) {
    ballast.adopt(*(*largest)->slot.file, kPoolHeaderBytes, held(*largest));
  }
  for (const auto& member : members) {
    if (member->use == Use::kFree && !ballast.in(*member->slot.file))
      std::ignore = make_blank(*member);
  }
}

Member* Pool::Impl::take_free() {
  const auto is_free = [&](const auto& m) {
    return m->use == Use::kFree && !ballast.in(*m->slot.file);
  };
  auto found = std::ranges::find_if(members, is_free);
  if (found == members.end()) {
    found = std::ranges::find_if(members, [](const auto& m) { return m->use == Use::kFree; });
    if (found == members.end()) return nullptr;
    ballast.abandon();
  }
  return found->get();
}

Result<void> Pool::Impl::write_header(Member& member, const PoolHeaderFields& fields) {
  auto written =
      ballast.spend(kPoolHeaderBytes, [&] { return member.slot.file->write(0, fields); });
  if (written) written = member.slot.file->flush();
  return written;
}

// Content first, and flushed: a header that is torn later on then has nothing behind it, and is no
// damage.
Result<void> Pool::Impl::make_blank(Member& member) {
  const auto size = member.slot.file->size();
  if (!size) return fail(size.error());
  if (member.blank && *size == kPoolHeaderBytes) return {};
  member.blank = false;
  auto done = member.payload.truncate(0);
  if (done && *size > kPoolHeaderBytes) done = member.slot.file->flush();
  if (done) done = write_header(member, PoolHeaderFields{});
  member.blank = done.has_value();
  return done;
}

std::size_t Pool::Impl::count(Use use) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(members, [use](const auto& m) { return m->use == use; }));
}

Pool::Pool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pool::~Pool() = default;

Result<std::unique_ptr<Pool>> Pool::open(std::vector<Slot> slots) {
  auto impl = std::make_unique<Impl>();
  std::map<std::string, std::vector<Member*>> claims;
  for (auto& slot : slots) {
    auto& member =
        *impl->members.emplace_back(std::make_unique<Member>(std::move(slot), impl->ballast));
    if (auto loaded = impl->load(member); !loaded) return fail(loaded.error());
    if (member.use == Use::kFile) claims[member.pathname].push_back(&member);
  }
  for (const auto& [pathname, claimants] : claims) impl->resolve(pathname, claimants);
  impl->tidy();
  return std::unique_ptr<Pool>(new Pool(std::move(impl)));
}

std::vector<Pool::Entry> Pool::entries() const {
  const auto payload_bytes =
      [](const Member& member) {  // the ballast grows behind its Payload's back
        const auto bytes = member.slot.file->size().value_or(0);
        return bytes - std::min(bytes, kPoolHeaderBytes);
      };
  std::vector<Entry> entries;
  for (const auto& member : impl_->members) {
    if (member->use == Use::kQuarantined) continue;
    entries.push_back({.slot = member->slot.name,
                       .path = name_of_pathname(member->pathname),
                       .flags = member->flags,
                       .bytes = payload_bytes(*member)});
  }
  return entries;
}

File* Pool::find(std::string_view path) {
  const auto pathname = url_pathname(path);
  if (!pathname) return nullptr;
  const auto found = impl_->files.find(*pathname);
  return found == impl_->files.end() ? nullptr : &found->second->payload;
}

Result<File*> Pool::create(std::string_view path, std::uint32_t open_flags) {
  const auto pathname = url_pathname(path);
  if (!pathname || pathname->size() > kPoolPathBytesMax) {
    return fail(ErrorCode::kInvalidArgument,
                "not a name for a file of a pool: " + std::string(path));
  }
  if (impl_->conflicts.contains(*pathname)) {
    return fail(ErrorCode::kCorrupt,
                "two slots of the pool claim to be " + *pathname + "; both are kept");
  }
  assert(!impl_->files.contains(*pathname));
  Member* const member = impl_->take_free();
  if (member == nullptr) return fail(ErrorCode::kStorageUnavailable, "no slot of the pool is free");

  auto done = impl_->make_blank(*member);
  member->blank = false;
  if (done) done = impl_->write_header(*member, encode_pool_header(*pathname, open_flags));
  if (!done) {
    // The header may be there or not. Not, if this succeeds; else open() finds a file without
    // content.
    std::ignore = impl_->make_blank(*member);
    return fail(done.error());
  }
  member->use = Use::kFile;
  member->pathname = *pathname;
  member->flags = open_flags;
  impl_->files.emplace(*pathname, member);
  return &member->payload;
}

Result<void> Pool::remove(std::string_view path) {
  const auto pathname = url_pathname(path);
  if (!pathname) return {};
  const auto found = impl_->files.find(*pathname);
  if (found == impl_->files.end()) return {};
  Member& member = *found->second;
  if (auto done = impl_->make_blank(member); !done) return done;
  member.release();
  impl_->files.erase(found);
  return {};
}

Result<void> Pool::rename(std::string_view from, std::string_view to) {
  const auto old_name = url_pathname(from);
  const auto new_name = url_pathname(to);
  if (!old_name || !new_name || new_name->size() > kPoolPathBytesMax)
    return fail(ErrorCode::kInvalidArgument, "not a name for a file of a pool: " + std::string(to));
  const auto found = impl_->files.find(*old_name);
  assert(found != impl_->files.end() && !impl_->files.contains(*new_name));
  Member* const member = found->second;
  if (auto done = impl_->write_header(*member, encode_pool_header(*new_name, member->flags)); !done)
    return done;
  impl_->files.erase(found);
  member->pathname = *new_name;
  impl_->files.emplace(*new_name, member);
  return {};
}

Result<File*> create_database(Pool& pool, std::string_view path) {
  return pool.create(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB);
}

Result<void> remove_database(Pool& pool, const std::string& path) {
  for (const char* suffix : {"", "-wal", "-journal"}) {
    if (auto removed = pool.remove(path + suffix); !removed) return removed;
  }
  return {};
}

const std::vector<std::string>& Pool::quarantined() const {
  return impl_->quarantined;
}

bool Pool::conflicted(std::string_view path) const {
  const auto pathname = url_pathname(path);
  return pathname && impl_->conflicts.contains(*pathname);
}

Result<void> Pool::discard_quarantined() {
  for (const auto& member : impl_->members) {
    if (member->use != Use::kQuarantined) continue;
    if (auto done = impl_->make_blank(*member); !done) return done;
    std::erase(impl_->quarantined, member->slot.name);
    member->release();
  }
  impl_->conflicts.clear();
  return {};
}

Result<void> Pool::reserve(std::uint64_t bytes) {
  Ballast& ballast = impl_->ballast;
  if (ballast.held() >= bytes) return {};
  if (!ballast.adopted()) {
    Member* const member = impl_->take_free();
    if (member == nullptr)
      return fail(ErrorCode::kStorageUnavailable, "no slot of the pool is free");
    if (auto done = impl_->make_blank(*member); !done) return done;
    ballast.adopt(*member->slot.file, kPoolHeaderBytes, 0);
  }
  return ballast.hold(bytes);
}

std::uint64_t Pool::reserved() const {
  return impl_->ballast.held();
}

std::size_t Pool::slots() const {
  return impl_->members.size();
}

std::size_t Pool::slots_wanted() const {
  const std::size_t free = impl_->count(Use::kFree);
  const std::size_t spare = free - std::min<std::size_t>(free, impl_->ballast.adopted() ? 1 : 0);
  const std::size_t usable = free + impl_->count(Use::kFile);
  return std::max(kSlotsWanted - std::min(kSlotsWanted, usable),
                  kSparesWanted - std::min(kSparesWanted, spare));
}

void Pool::add_slot(Slot slot) {
  auto& member =
      *impl_->members.emplace_back(std::make_unique<Member>(std::move(slot), impl_->ballast));
  std::ignore = impl_->make_blank(member);  // done again where the slot is used
}

std::uint64_t Pool::bytes() const {
  return std::transform_reduce(impl_->members.begin(), impl_->members.end(), std::uint64_t{},
                               std::plus{},
                               [](const auto& m) { return m->slot.file->size().value_or(0); });
}

}  // namespace tablog::storage
