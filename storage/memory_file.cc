#include "storage/memory_file.h"

#include <algorithm>
#include <cassert>
#include <map>

#include "log/size.h"

namespace tablog::storage {

namespace {

// A write or, without data, a truncation, that no flush has made durable.
struct Change {
  std::uint64_t offset{};  // of a truncation: the new size
  std::optional<Bytes> data{};
};

void write_at(Bytes& content, std::uint64_t offset, ByteView data) {
  content.resize(std::max(content.size(), to_size(offset + data.size())));
  std::ranges::copy(data, content.begin() + static_cast<std::ptrdiff_t>(offset));
}

void replay(Bytes& content, const Change& change) {
  if (change.data) {
    write_at(content, change.offset, *change.data);
  } else {
    content.resize(to_size(change.offset));
  }
}

// Calls `visit(offset, bytes)` for each piece of a write that lies in one sector.
template <class Visit>
void for_each_sector(const Change& change, std::uint64_t sector_bytes, Visit&& visit) {
  ByteView rest = *change.data;
  for (std::uint64_t offset = change.offset; !rest.empty();) {
    const std::uint64_t room = sector_bytes - offset % sector_bytes;
    const ByteView piece = rest.first(to_size(std::min<std::uint64_t>(room, rest.size())));
    visit(offset, piece);
    offset += piece.size();
    rest = rest.subspan(piece.size());
  }
}

// A prefix of the changes; of the one after it, the sectors up to a random one.
void keep_torn(Bytes& durable, const std::vector<Change>& changes, const Crash& crash) {
  const std::size_t whole = to_size(crash.random() % (changes.size() + 1));
  for (std::size_t i = 0; i < whole; ++i) {
    replay(durable, changes[i]);
  }
  if (whole < changes.size() && changes[whole].data) {
    const std::uint64_t sectors = changes[whole].data->size() / crash.sector_bytes + 1;
    std::uint64_t kept = crash.random() % (sectors + 1);
    for_each_sector(changes[whole], crash.sector_bytes, [&](std::uint64_t offset, ByteView piece) {
      if (kept > 0) {
        write_at(durable, offset, piece);
        --kept;
      }
    });
  }
}

void keep_reordered(Bytes& durable, const std::vector<Change>& changes, const Crash& crash) {
  for (const Change& change : changes) {
    if (!change.data) {
      if (crash.random() % 2 == 0) {
        replay(durable, change);
      }
      continue;
    }
    for_each_sector(change, crash.sector_bytes, [&](std::uint64_t offset, ByteView piece) {
      if (crash.random() % 2 == 0) {
        write_at(durable, offset, piece);
      }
    });
  }
}

}  // namespace

struct MemoryDisk::Node {
  Bytes written{};
  Bytes durable{};
  std::vector<Change> changes{};  // that make `written` of `durable`, while no flush has failed
  std::uint64_t holder{};         // number of the handle that holds it; 0: none
  bool named{};                   // its name is durable

  void put(std::uint64_t offset, ByteView data) {
    write_at(written, offset, data);
    changes.push_back({offset, Bytes(data.begin(), data.end())});
  }
};

struct MemoryDisk::State {
  std::map<std::string, Node> nodes{};
  FaultHook hook{};
  std::optional<std::uint64_t> quota{};
  std::uint64_t calls{};
  std::uint64_t flushes{};
  std::uint64_t last_handle{};

  [[nodiscard]] std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [name, node] : nodes) {
      sum += node.written.size();
    }
    return sum;
  }

  // How many bytes `node` may have in all.
  [[nodiscard]] std::uint64_t size_max(const Node& node) const {
    if (!quota) {
      return UINT64_MAX;
    }
    const std::uint64_t others = bytes() - node.written.size();
    return *quota > others ? *quota - others : 0;
  }
};

class MemoryDisk::Handle final : public File {
 public:
  Handle(std::shared_ptr<State> state, std::string name, std::uint64_t number)
      : state_(std::move(state)), name_(std::move(name)), number_(number) {}

  ~Handle() override {
    if (Node* node = held()) {
      node->holder = 0;
    }
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) override {
    const auto begun = begin({FileOperation::kRead, name_, offset, out.size(), {}});
    if (!begun) {
      return fail(begun.error().error);
    }
    const Bytes& content = (*begun)->written;
    if (offset >= content.size()) {
      return 0;
    }
    const ByteView source = ByteView(content).subspan(to_size(offset));
    const std::size_t size = std::min(source.size(), out.size());
    std::ranges::copy(source.first(size), out.begin());
    return size;
  }

  Result<void> write(std::uint64_t offset, ByteView data) override {
    const auto begun = begin({FileOperation::kWrite, name_, offset, data.size(), data});
    if (!begun) {
      const Failed& failed = begun.error();
      if (failed.node != nullptr && failed.bytes_done > 0) {
        failed.node->put(
            offset, data.first(to_size(std::min<std::uint64_t>(failed.bytes_done, data.size()))));
      }
      return fail(failed.error);
    }
    Node& node = **begun;
    const std::uint64_t size_max = state_->size_max(node);
    if (offset + data.size() > std::max<std::uint64_t>(size_max, node.written.size())) {
      node.put(offset, data.first(size_max > offset ? to_size(size_max - offset) : 0));
      return fail(ErrorCode::kQuotaExceeded, "the memory disk's quota is exceeded");
    }
    node.put(offset, data);
    return {};
  }

  Result<void> flush() override {
    const auto begun = begin({FileOperation::kFlush, name_, 0, 0, {}});
    if (!begun) {
      if (Node* node = begun.error().node) {
        node->changes.clear();
      }
      return fail(begun.error().error);
    }
    for (const Change& change : (*begun)->changes) {
      replay((*begun)->durable, change);
    }
    (*begun)->changes.clear();
    ++state_->flushes;
    return {};
  }

  Result<std::uint64_t> size() override {
    const Node* node = held();
    if (node == nullptr) {
      return fail(dead());
    }
    return node->written.size();
  }

  Result<void> truncate(std::uint64_t size) override {
    const auto begun = begin({FileOperation::kTruncate, name_, size, 0, {}});
    if (!begun) {
      return fail(begun.error().error);
    }
    Node& node = **begun;
    if (size > std::max<std::uint64_t>(state_->size_max(node), node.written.size())) {
      return fail(ErrorCode::kQuotaExceeded, "the memory disk's quota is exceeded");
    }
    node.changes.push_back({size, {}});
    replay(node.written, node.changes.back());
    return {};
  }

 private:
  struct Failed {
    Error error{};
    Node* node{};  // none: the handle is dead
    std::uint64_t bytes_done{};
  };

  [[nodiscard]] Error dead() const {
    return {.code = ErrorCode::kStorageUnavailable, .message = name_ + " is no longer open"};
  }

  [[nodiscard]] Node* held() {
    const auto found = state_->nodes.find(name_);
    return found != state_->nodes.end() && found->second.holder == number_ ? &found->second
                                                                           : nullptr;
  }

  [[nodiscard]] std::expected<Node*, Failed> begin(const FileCall& call) {
    if (held() == nullptr) {
      return std::unexpected(Failed{.error = dead()});
    }
    ++state_->calls;
    const auto fault = state_->hook ? state_->hook(call) : std::nullopt;
    Node* node = held();  // the hook may have crashed the disk
    if (node == nullptr) {
      return std::unexpected(Failed{.error = dead()});
    }
    if (fault) {
      return std::unexpected(Failed{.error = {.code = fault->code, .message = "injected fault"},
                                    .node = node,
                                    .bytes_done = fault->bytes_done});
    }
    return node;
  }

  std::shared_ptr<State> state_;
  std::string name_;
  std::uint64_t number_;
};

MemoryDisk::MemoryDisk() : state_(std::make_shared<State>()) {}
MemoryDisk::~MemoryDisk() = default;

Result<std::unique_ptr<File>> MemoryDisk::open(const std::string& name) {
  Node& node = state_->nodes[name];
  if (node.holder != 0) {
    return fail(ErrorCode::kStorageUnavailable, name + " is held by another handle");
  }
  node.holder = ++state_->last_handle;
  return std::make_unique<Handle>(state_, name, node.holder);
}

std::vector<std::string> MemoryDisk::names() const {
  std::vector<std::string> names;
  for (const auto& [name, node] : state_->nodes) {
    names.push_back(name);
  }
  return names;
}

Result<std::vector<Slot>> MemoryDisk::open_slots(const std::string& prefix) {
  std::vector<Slot> slots;
  for (const std::string& name : names()) {
    if (!name.starts_with(prefix)) {
      continue;
    }
    auto file = open(name);
    if (!file) {
      return fail(file.error());
    }
    slots.push_back({name, std::move(*file)});
  }
  return slots;
}

void MemoryDisk::remove(const std::string& name) {
  assert(!state_->nodes.contains(name) || state_->nodes.at(name).holder == 0);
  state_->nodes.erase(name);
}

void MemoryDisk::crash(const Crash& crash) {
  if (crash.names == NewNames::kLost) {
    std::erase_if(state_->nodes, [](const auto& each) { return !each.second.named; });
  }
  sync_names();
  for (auto& [name, node] : state_->nodes) {
    node.holder = 0;
    switch (crash.loss) {
      case Loss::kNothing:
        continue;
      case Loss::kUnflushed:
        break;
      case Loss::kTorn:
        keep_torn(node.durable, node.changes, crash);
        break;
      case Loss::kReordered:
        keep_reordered(node.durable, node.changes, crash);
        break;
    }
    node.changes.clear();
    node.written = node.durable;
  }
}

void MemoryDisk::set_fault_hook(FaultHook hook) {
  state_->hook = std::move(hook);
}
void MemoryDisk::set_quota(std::optional<std::uint64_t> bytes) {
  state_->quota = bytes;
}
void MemoryDisk::set_quota_at_least(std::uint64_t bytes) {
  if (state_->quota) {
    state_->quota = std::max(*state_->quota, bytes);
  }
}
std::uint64_t MemoryDisk::calls() const {
  return state_->calls;
}
std::uint64_t MemoryDisk::flushes() const {
  return state_->flushes;
}
std::uint64_t MemoryDisk::bytes() const {
  return state_->bytes();
}

Bytes MemoryDisk::written(const std::string& name) const {
  return state_->nodes.at(name).written;
}
Bytes MemoryDisk::durable(const std::string& name) const {
  return state_->nodes.at(name).durable;
}

void MemoryDisk::overwrite(const std::string& name, Bytes content) {
  Node& node = state_->nodes[name];
  node.changes.clear();
  node.written = content;
  node.durable = std::move(content);
}

void MemoryDisk::flip(const std::string& name, std::uint64_t offset, std::byte bits) {
  Node& node = state_->nodes.at(name);
  node.written.at(to_size(offset)) ^= bits;
  if (offset < node.durable.size()) {
    node.durable[to_size(offset)] ^= bits;
  }
}

void MemoryDisk::leave(const std::string& name, std::uint64_t offset, ByteView data) {
  state_->nodes.at(name).put(offset, data);
}

void MemoryDisk::sync_names() {
  for (auto& [name, node] : state_->nodes) {
    node.named = true;
  }
}

void MemoryDisk::copy_to(MemoryDisk& copy) const {
  copy.state_->nodes = state_->nodes;
  copy.state_->quota = state_->quota;
  for (auto& [name, node] : copy.state_->nodes) {
    node.holder = 0;
  }
}

}  // namespace tablog::storage
