#include "tests/web/starts.h"

#include <algorithm>

namespace tablog::host {

using storage::Loss;
using storage::MemoryDisk;

namespace {

constexpr Durability kFull = Durability::kFull;
constexpr Durability kRelaxed = Durability::kRelaxed;

}  // namespace

std::string padded(std::int64_t id, std::size_t bytes) {
  return std::to_string(id) + std::string(bytes, 'x');
}

void several(LeaderKit& kit, Durability durability, std::int64_t from, std::int64_t to,
             std::size_t bytes) {
  for (std::int64_t id = from; id <= to; ++id) kit.append(durability, one(id, padded(id, bytes)));
}

void nothing(MemoryDisk&, Model&, const KitOptions&) {}

void led(MemoryDisk& disk, Model& model, const KitOptions& options) {
  {
    LeaderKit kit(disk, model, options);
    kit.start();
    several(kit, kFull, 901, 904);
  }
  disk.crash({.loss = Loss::kNothing});
}

void torn(MemoryDisk& disk, Model& model, const KitOptions& options) {
  std::string slot;
  Bytes whole;
  {
    LeaderKit kit(disk, model, options);
    kit.start();
    several(kit, kFull, 901, 904);
    slot = kit.store()->log().segments().back().slot;
    kit.append(kRelaxed, events({todo(905, padded(905, 600)), todo(906, padded(906, 600))}));
    whole = disk.written(slot);
  }
  disk.crash({.loss = Loss::kUnflushed});
  model.may_lose = MayLose::kRelaxed;
  const Bytes kept = disk.written(slot);
  for (std::size_t at = 4096; at < whole.size(); ++at) {  // half of what is not on the disk
    if (kept[at] == whole[at]) continue;
    std::fill(whole.begin() + static_cast<std::ptrdiff_t>(at) + 300, whole.end(), std::byte{0});
    disk.overwrite(slot, whole);
    return;
  }
}

void without_database(MemoryDisk& disk, Model& model, const KitOptions& options) {
  led(disk, model, options);
  for (const std::string& name : disk.names()) {
    if (name.starts_with("pool/")) disk.overwrite(name, {});
  }
}

void with_a_damaged_database(MemoryDisk& disk, Model& model, const KitOptions& options) {
  {
    LeaderKit kit(disk, model, options);
    kit.start();
    several(kit, kFull, 901, 904);
    kit.checkpoint();
  }
  disk.crash({.loss = Loss::kNothing});
  for (const std::string& name : disk.names()) {
    Bytes content = disk.written(name);
    if (!name.starts_with("pool/") || content.size() < 8192) continue;
    for (std::size_t at = 4200; at < content.size(); at += 40) content[at] ^= std::byte{0x5a};
    disk.overwrite(name, content);
  }
}

void on_a_full_disk(MemoryDisk& disk, Model& model, const KitOptions& options) {
  led(disk, model, options);
  disk.set_quota(disk.bytes());
}

void torn_on_a_full_disk(MemoryDisk& disk, Model& model, const KitOptions& options) {
  MemoryDisk other;
  Model same;
  led(other, same, options);
  torn(disk, model, options);
  disk.set_quota(std::max(disk.bytes(), other.bytes()));
}

}  // namespace tablog::host
