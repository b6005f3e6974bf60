#include "tests/simulator/disk.h"

#include <algorithm>
#include <utility>

namespace tablog::simulator {

using namespace std::chrono_literals;
using storage::FileFault;
using storage::FileOperation;

Disk::Disk(World& world) : world_(world) {
  disk_.set_fault_hook([this](const storage::FileCall& call) { return on_call(call); });
}

std::optional<FileFault> Disk::on_call(const storage::FileCall& call) {
  spring();
  auto fault = trapped(call);
  if (!fault) fault = find_fault(call);
  const bool mends = flip_ && !fault && call.operation == FileOperation::kWrite &&
                     call.name == flip_->name && call.offset <= flip_->offset &&
                     flip_->offset < call.offset + call.bytes;
  if (mends) flip_.reset();  // whatever is written there now is no flip
  const bool flushes_log = call.operation == FileOperation::kFlush && call.name.starts_with("log/");
  if (flushes_log && user_ != nullptr && log_flushed_ == 0us) log_flushed_ = user_->now();
  return fault;
}

std::optional<FileFault> Disk::trapped(const storage::FileCall& call) {
  const auto trap = std::ranges::find_if(traps_, [&](const Trap& each) {
    const std::string_view data(reinterpret_cast<const char*>(call.data.data()), call.data.size());
    return each.operation == call.operation && call.name.starts_with(each.directory) &&
           data.find(each.containing) != std::string_view::npos;
  });
  if (trap == traps_.end()) return std::nullopt;
  const auto act = trap->act;
  const bool before = trap->when == Trap::When::kBefore;
  if (--trap->count == 0) traps_.erase(trap);
  if (before) return act();
  sprung_ = act;
  return std::nullopt;
}

void Disk::spring() {
  if (sprung_) (void)std::exchange(sprung_, nullptr)();
}

std::optional<FileFault> Disk::find_fault(const storage::FileCall& call) {
  const bool flushes = call.operation == FileOperation::kFlush;
  if (user_ != nullptr) user_->spend(flushes ? world_.random().between(150us, 400us) : 5us);
  if (crash_ && crash_in_-- == 0)
    std::exchange(crash_, nullptr)();  // the handle is dead from here on
  if (!damage_) return std::nullopt;
  if (damage_in_ > 0) {
    --damage_in_;
    return std::nullopt;
  }
  const bool writes = call.operation == FileOperation::kWrite;
  const bool fits =
      *damage_ == Damage::kFailedFlush || *damage_ == Damage::kSlowFlush ? flushes : writes;
  if (!fits) return std::nullopt;
  const Damage damage = *std::exchange(damage_, std::nullopt);
  static constexpr const char* kNames[] = {"failed write", "short write", "failed flush",
                                           "slow flush"};
  world_.count(kNames[static_cast<std::size_t>(damage)]);
  world_.trace("disk", std::string(flushes ? "flush of " : "write to ") + call.name +
                           (damage == Damage::kSlowFlush ? " is slow" : " fails"));
  if (damage == Damage::kSlowFlush) {
    if (user_ != nullptr) user_->spend(world_.random().between(500ms, 4s));
    return std::nullopt;
  }
  const std::uint64_t done =
      damage == Damage::kShortWrite ? world_.random().below(call.bytes + 1) : 0;
  return FileFault{.bytes_done = done};
}

Result<std::vector<storage::Slot>> Disk::open(const std::string& directory, std::size_t count) {
  if (world_.now() < free_at_)
    return fail(ErrorCode::kStorageUnavailable, "handles of the dead linger");
  std::vector<storage::Slot> slots;
  for (const std::string& name : names()) {
    if (!name.starts_with(directory + '/')) continue;
    auto file = disk_.open(name);
    if (!file) return fail(file.error());
    slots.push_back({.name = name, .file = std::move(*file)});
  }
  while (slots.size() < count) {
    auto slot = create(directory);
    if (!slot) return fail(slot.error());
    slots.push_back(std::move(*slot));
  }
  return slots;
}

Result<storage::Slot> Disk::create(const std::string& directory) {
  const std::string name = directory + '/' + std::to_string(1000 + ++created_);
  auto file = disk_.open(name);
  if (!file) return fail(file.error());
  // A browser writes names later than content, however often that is flushed.
  world_.after(world_.random().between(1ms, 1s), [this, name] { named_.insert(name); });
  return storage::Slot{.name = name, .file = std::move(*file)};
}

void Disk::fork() {
  for (const std::string& name : names()) {
    const std::string copy = name.substr(0, name.find('/') + 1) + std::to_string(1000 + ++created_);
    disk_.overwrite(copy, disk_.written(name));
    named_.insert(copy);
    forked_.insert(name);
    if (flip_ && flip_->name == name) flip_->name = copy;
  }
}

std::vector<std::string> Disk::names() const {
  auto names = disk_.names();
  std::erase_if(names, [this](const std::string& name) { return forked_.contains(name); });
  return names;
}

void Disk::holder_died(const Thread* holder, microseconds lag) {
  if (user_ != holder) return;
  disk_.crash({.loss = storage::Loss::kNothing});
  free_at_ = world_.now() + lag;
}

void Disk::power_loss(storage::NewNames names, std::optional<storage::Loss> loss) {
  using storage::Loss;
  static constexpr Loss kLosses[] = {Loss::kUnflushed, Loss::kTorn, Loss::kReordered};
  disk_.crash({.loss = loss ? *loss : world_.random().pick(kLosses),
               .sector_bytes = world_.random().one_in(2) ? 512U : 4096U,
               .random = [this] { return world_.random().next(); }});
  free_at_ = world_.now();
  for (const std::string& name : disk_.names()) {
    if (names == storage::NewNames::kKept || named_.contains(name)) continue;
    lost_[name] = disk_.written(name);
    disk_.remove(name);
  }
}

void Disk::clear() {
  ++clears_;
  disk_.crash({.loss = storage::Loss::kNothing});
  for (const std::string& name : disk_.names()) disk_.remove(name);
  flip_.reset();
  lost_.clear();
}

bool Disk::flip_log_bit() {
  struct Written {
    std::string name;
    std::uint64_t bytes;
  };
  std::vector<Written> files;
  for (const std::string& name : names()) {
    const Bytes content = disk_.written(name);
    const auto end = std::find_if(content.rbegin(), content.rend(),
                                  [](std::byte byte) { return byte != std::byte{}; });
    if (name.starts_with("log/") && end != content.rend())
      files.push_back({name, static_cast<std::uint64_t>(content.rend() - end)});
  }
  if (files.empty()) return false;
  Random& random = world_.random();
  const Written& file = files[random.below(files.size())];
  flip(file.name, random.below(file.bytes), random.below(8));
  return true;
}

void Disk::flip(const std::string& name, std::uint64_t offset, std::uint64_t bit) {
  flip_ = Flip{.name = name, .offset = offset, .bits = std::byte{1} << static_cast<int>(bit)};
  disk_.flip(flip_->name, flip_->offset, flip_->bits);
  world_.trace("disk", "flips a bit of " + flip_->name + " at " + std::to_string(flip_->offset));
}

bool Disk::has_lost_log() const {
  return std::ranges::any_of(lost_, [](const auto& each) {
    const auto& [name, content] = each;
    return name.starts_with("log/") &&
           std::ranges::any_of(content, [](std::byte byte) { return byte != std::byte{}; });
  });
}

bool Disk::flip_lies_in(const std::string& name, std::uint64_t offset, std::uint64_t bytes) const {
  return flip_ && flip_->name == name && flip_->offset >= offset && flip_->offset < offset + bytes;
}

void Disk::undo_damage() {
  if (flip_) disk_.flip(flip_->name, flip_->offset, flip_->bits);
  flip_.reset();
  for (auto& [name, content] : lost_) disk_.overwrite(name, std::move(content));
  lost_.clear();
}

void Disk::arm(Damage damage, std::uint64_t calls) {
  damage_ = damage;
  damage_in_ = calls;
}

void Disk::arm_crash(std::uint64_t calls, Task done) {
  crash_ = std::move(done);
  crash_in_ = calls;
}

void Disk::set_room(std::optional<std::uint64_t> bytes) {
  disk_.set_quota(bytes ? std::optional(disk_.bytes() + *bytes) : std::nullopt);
}

void Disk::heal() {
  damage_.reset();
  crash_ = nullptr;
  traps_.clear();
  sprung_ = nullptr;
  set_room(std::nullopt);
}

std::vector<std::string> Disk::log_names() const {
  std::vector<std::string> names = this->names();
  std::erase_if(names, [](const std::string& name) { return !name.starts_with("log/"); });
  return names;
}

void Disk::copy_to(storage::MemoryDisk& copy) const {
  for (const std::string& name : names()) copy.overwrite(name, disk_.written(name));
}

}  // namespace tablog::simulator
