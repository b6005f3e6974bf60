#include <utility>

#include "log/overloaded.h"
#include "web/host/boundary.h"
#include "web/host/boundary_append.h"
#include "web/host/bytes.h"

namespace tablog::host {
namespace {

enum class In : std::uint8_t {
  kConfigure,
  kLockGranted,
  kFilesOpened,
  kFilesFailed,
  kMessage,
  kBatchDue,
  kTick,
  kLocksSeen,
  kSlotAdded,
  kLockLost,
  kSuspected,
  kForkLock,
  kNewestSnapshot,
  kSeveral = 13,       // the page's, as the replica gets it
  kHandedAppend = 14,  // in it
  kWork
};
enum class Out : std::uint8_t {
  kSend,
  kTimer,
  kQueryLocks,
  kArmBatch,
  kOpenFiles,
  kWantSlots,
  kCloseFiles,
  kReleaseLock,
  kRole,
  kFailed,
  kStealLock,
  kSettled,  // the replica's number
  kAskForkLock,
  kReleaseForkLock,
  kKeepSnapshot,
  kArmWork,
  kDropSnapshots
};

// A time that no clock shows has no integer.
std::chrono::microseconds read_ms(Reader& reader) {
  constexpr double kMsMax = 1e12;
  const double ms = reader.f64();
  const bool shown = ms >= 0 && ms <= kMsMax;  // not: NaN
  if (!shown) reader.fail();
  return std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::duration<double, std::milli>(shown ? ms : 0));
}

void write(Writer& out, const LeaderEffect& effect) {
  const auto kind = [&](Out value) { out.u8(static_cast<std::uint8_t>(value)); };
  const auto counts = [&](std::size_t log, std::size_t pool) {
    out.u32(static_cast<std::uint32_t>(log));
    out.u32(static_cast<std::uint32_t>(pool));
  };
  std::visit(Overloaded{
                 [&](const SendBytes& send) {
                   kind(Out::kSend);
                   out.boolean(!send.to);
                   const Address to = send.to.value_or(Address{});
                   out.id(to.tab);
                   out.u8(static_cast<std::uint8_t>(to.role));
                   out.bytes(send.bytes);
                 },
                 [&](const SetTimer& timer) {
                   kind(Out::kTimer);
                   out.f64(std::chrono::duration<double, std::milli>(timer.delay).count());
                 },
                 [&](const QueryLocks&) { kind(Out::kQueryLocks); },
                 [&](const ArmBatch&) { kind(Out::kArmBatch); },
                 [&](const ArmWork&) { kind(Out::kArmWork); },
                 [&](const Answer& answer) {
                   kind(Out::kSettled);
                   write_settled(out, answer.number, answer.result, replica::Outcome::kNone);
                 },
                 [&](const OpenFiles& open) {
                   kind(Out::kOpenFiles);
                   counts(open.log_slots, open.pool_slots);
                   out.boolean(open.fork);
                   out.u64(open.adopt.value);
                 },
                 [&](const WantSlots& want) {
                   kind(Out::kWantSlots);
                   counts(want.log_slots, want.pool_slots);
                 },
                 [&](const CloseFiles&) { kind(Out::kCloseFiles); },
                 [&](const KeepSnapshot& snapshot) {
                   kind(Out::kKeepSnapshot);
                   out.u64(snapshot.index.value);
                   out.bytes(snapshot.image);
                 },
                 [&](const DropSnapshots& drop) {
                   kind(Out::kDropSnapshots);
                   out.u64(drop.before.value);
                 },
                 [&](LockAction action) {
                   static constexpr Out kKinds[] = {Out::kReleaseLock, Out::kStealLock,
                                                    Out::kAskForkLock, Out::kReleaseForkLock};
                   kind(kKinds[static_cast<std::size_t>(action)]);
                 },
                 [&](const RoleChanged& role) {
                   kind(Out::kRole);
                   out.u8(static_cast<std::uint8_t>(role.state));
                   out.u64(role.term.value);
                 },
                 [&](const Error& error) {
                   kind(Out::kFailed);
                   out.error(error);
                 },
             },
             effect);
}

// A configuration of the worker, without the files that come later.
std::optional<LeaderConfig> read_config(Reader& reader) {
  LeaderConfig config;
  config.self = reader.id<ClientId>();
  config.fresh = reader.id<StoreId>();
  config.seed = reader.u64();
  config.schema_version = reader.u32();
  (void)reader.boolean();  // memory: the platform's handles are in memory then
  config.keeps_snapshots = reader.boolean();
  if (!reader.done()) return std::nullopt;
  return config;
}

std::optional<node::Input> read_input(In kind, Reader& reader) {
  switch (kind) {
    case In::kLockGranted:
      return node::LockGranted{};
    case In::kLockLost:
      return node::LockLost{};
    case In::kSuspected:
      return node::Suspected{};
    case In::kForkLock:
      return node::ForkLock{.granted = reader.boolean()};
    case In::kBatchDue:
      return leader::Input{leader::BatchDue{}};
    case In::kTick:
      return leader::Input{leader::Ticked{}};
    case In::kLocksSeen: {
      leader::LocksSeen seen{.began = read_ms(reader), .held = reader.boolean(), .tabs = {}};
      for (std::uint32_t left = reader.count(sizeof(ClientId)); left > 0; --left) {
        seen.tabs.insert(reader.id<ClientId>());
      }
      if (const auto holder = reader.id<ClientId>(); !holder.is_zero()) seen.holder = holder;
      return leader::Input{std::move(seen)};
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

void LeaderBoundary::emit(const std::vector<LeaderEffect>& effects) {
  Writer out;
  for (const LeaderEffect& effect : effects) {
    write(out, effect);
    outputs_.add(out.take());
  }
}

Bytes LeaderBoundary::step(ByteView input) {
  if (!handle(input)) emit({other_build()});
  return outputs_.take();
}

std::vector<storage::Slot> LeaderBoundary::slots(Reader& reader) {
  constexpr std::size_t kSlotBytesMin = 8;
  std::vector<storage::Slot> slots(reader.count(kSlotBytesMin));
  for (storage::Slot& slot : slots) {
    slot.name = reader.text();
    slot.file = open_file_(reader.u32());
  }
  return slots;
}

// Of what the page had in one task: the rest is the replica's.
bool LeaderBoundary::append(Reader& reader) {
  constexpr std::size_t kInputBytesMin = 5;
  std::vector<AppendRequest> requests;
  for (std::uint32_t left = reader.count(kInputBytesMin); left > 0; --left) {
    Reader each(reader.bytes());
    if (static_cast<In>(each.u8()) != In::kHandedAppend) continue;
    requests.push_back(read_append(each).request);
    if (!each.done()) return false;
  }
  if (!reader.done()) return false;
  if (!requests.empty()) emit(host_->append(std::move(requests)));
  return true;
}

bool LeaderBoundary::handle(ByteView input) {
  Reader reader(input);
  const auto kind = static_cast<In>(reader.u8());
  if (kind == In::kConfigure) {
    auto config = read_config(reader);
    if (!config || host_) return false;
    host_ = std::make_unique<LeaderHost>(*config, now_);
    return true;
  }
  if (!host_) return false;
  switch (kind) {
    case In::kFilesOpened: {
      FilesOpened opened;
      opened.generation = Generation{reader.u32()};
      opened.files.log = slots(reader);
      opened.files.pool = slots(reader);
      if (reader.done()) emit(host_->open(std::move(opened)));
      return reader.done();
    }
    case In::kNewestSnapshot: {
      const Index newest{reader.u64()};
      if (reader.done()) host_->know_newest_snapshot(newest);
      return reader.done();
    }
    case In::kFilesFailed: {
      Error error = reader.error();
      if (reader.done()) emit(host_->open_failed({.error = std::move(error)}));
      return reader.done();
    }
    case In::kMessage: {
      const ByteView message = reader.bytes();
      if (reader.done()) emit(host_->receive(message));
      return reader.done();
    }
    case In::kSlotAdded: {
      const auto directory = static_cast<Directory>(reader.u8());
      storage::Slot slot{.name = reader.text(), .file = nullptr};
      slot.file = open_file_(reader.u32());
      if (reader.done()) emit(host_->add({.directory = directory, .slot = std::move(slot)}));
      return reader.done();
    }
    case In::kSeveral:
      return append(reader);
    case In::kWork:
      if (reader.done()) emit(host_->work());
      return reader.done();
    default:
      break;
  }
  const auto other = read_input(kind, reader);
  if (!other || !reader.done()) return false;
  emit(host_->step(*other));
  return true;
}

}  // namespace tablog::host
