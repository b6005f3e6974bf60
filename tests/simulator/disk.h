// Disk: the origin's files, opened and created as a browser does it: asynchronously, and not at
// once after their holder has died. Calls take time, and fail as the faults say.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/memory_file.h"
#include "tests/simulator/thread.h"

namespace tablog::simulator {

enum class Damage : std::uint8_t { kFailedWrite, kShortWrite, kFailedFlush, kSlowFlush };

// What happens at the next call of one kind, for scenarios.
struct Trap {
  std::string directory{};  // "log/" or "pool/"
  storage::FileOperation operation{};
  std::string containing{};                                   // of a write: text in it
  enum class When : std::uint8_t { kBefore, kAfter } when{};  // the call is made
  std::function<std::optional<storage::FileFault>()> act{};   // a fault: the call fails with it
  std::uint64_t count{1};                                     // of calls
};

class Disk {
 public:
  explicit Disk(World& world);
  ~Disk() { disk_.set_fault_hook({}); }

  // The worker whose calls take its time. One has the files at a time.
  void set_user(Thread* user) { user_ = user; }
  void let_go(const Thread* user) {
    if (user_ == user) user_ = nullptr;
  }

  // The first flush of the log since begin_step(), on its user's clock; zero: none.
  void begin_step() { log_flushed_ = {}; }
  void end_step() { spring(); }
  [[nodiscard]] microseconds log_flushed() const { return log_flushed_; }

  // Everything in the directory, and new files until there are `count`.
  [[nodiscard]] Result<std::vector<storage::Slot>> open(const std::string& directory,
                                                        std::size_t count);
  [[nodiscard]] Result<storage::Slot> create(const std::string& directory);

  // A new generation: the files as they are read now, flushed; who holds them keeps the old ones.
  void fork();

  // The holder of the files dies: handles linger, then another may open them. One that was stopped
  // may hold those of an earlier generation, which nobody opens.
  void holder_died(const Thread* holder, microseconds lag);
  // Also takes names that were not durable yet, where `names` are lost.
  void power_loss(storage::NewNames names = storage::NewNames::kKept,
                  std::optional<storage::Loss> loss = std::nullopt);
  // The site's data is deleted under whoever has it open: the files are gone, the handles dead.
  void clear();
  [[nodiscard]] std::uint64_t clears() const { return clears_; }

  // ---- what lies wrong on the disk, and can be undone: nothing may have been built on it
  // One bit of one log file, among what is written. None: there is nothing yet.
  bool flip_log_bit();
  void flip(const std::string& name, std::uint64_t offset, std::uint64_t bit);
  [[nodiscard]] bool is_damaged() const { return flip_ || !lost_.empty(); }
  [[nodiscard]] bool has_lost_log() const;  // a file with something in it
  // The flip lies there: what was cut off is what it made unreadable.
  [[nodiscard]] bool flip_lies_in(const std::string& name, std::uint64_t offset,
                                  std::uint64_t bytes) const;
  void forget_flip() { flip_.reset(); }
  void forget_lost() { lost_.clear(); }
  void undo_damage();

  // One thing goes wrong at some call from now on.
  void arm(Damage damage, std::uint64_t calls);
  // `done` runs in the middle of a step, after so many calls.
  void arm_crash(std::uint64_t calls, Task done);
  void add(Trap trap) { traps_.push_back(std::move(trap)); }
  void set_room(std::optional<std::uint64_t> bytes);  // left beyond what is there
  void heal();

  [[nodiscard]] std::vector<std::string> log_names() const;  // ascending
  // What a reader of the files sees now.
  void copy_to(storage::MemoryDisk& copy) const;

 private:
  [[nodiscard]] std::vector<std::string> names() const;  // of the newest generation
  [[nodiscard]] std::optional<storage::FileFault> on_call(const storage::FileCall& call);
  [[nodiscard]] std::optional<storage::FileFault> find_fault(const storage::FileCall& call);
  [[nodiscard]] std::optional<storage::FileFault> trapped(const storage::FileCall& call);
  void spring();  // what waited for a call to have been made

  struct Flip {
    std::string name;
    std::uint64_t offset{};
    std::byte bits{};
  };

  World& world_;
  storage::MemoryDisk disk_;
  std::set<std::string> named_;        // their names are durable
  std::set<std::string> forked_;       // of earlier generations
  std::map<std::string, Bytes> lost_;  // their names were not
  std::optional<Flip> flip_;
  Thread* user_{};
  microseconds free_at_{};
  microseconds log_flushed_{};
  std::optional<Damage> damage_;
  std::uint64_t damage_in_{};
  Task crash_;
  std::uint64_t crash_in_{};
  std::vector<Trap> traps_;
  std::function<std::optional<storage::FileFault>()> sprung_;
  std::uint64_t created_{};
  std::uint64_t clears_{};
};

}  // namespace tablog::simulator
