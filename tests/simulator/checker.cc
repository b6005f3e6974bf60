#include "tests/simulator/checker.h"

#include <algorithm>

#include "log/chain.h"
#include "log/codec.h"
#include "storage/log_reader.h"
#include "storage/state_database.h"

namespace tablog::simulator {

using namespace std::chrono_literals;

namespace {

std::uint64_t notes_in(const Payload& payload) {
  const auto* events = std::get_if<std::vector<Event>>(&payload);
  if (events == nullptr) return 0;
  return static_cast<std::uint64_t>(std::ranges::count_if(
      *events, [](const Event& event) { return event.type == "note.added"; }));
}

std::unique_ptr<storage::LogReader> open_log(const World& world, storage::MemoryDisk& copy) {
  auto slots = copy.open_slots("log/");
  if (!slots) world.fail("the log's files do not open: " + slots.error().message);
  auto reader = storage::LogReader::from_slots(std::move(*slots));
  if (!reader) world.fail("the log does not open: " + reader.error().message);
  return std::move(*reader);
}

void copy_files(const storage::MemoryDisk& from, storage::MemoryDisk& to) {
  for (const std::string& name : from.names()) to.overwrite(name, from.written(name));
}

}  // namespace

std::string Checker::name(const ClientId& client, RequestNumber number) {
  return "append " + to_hex(client.bytes).substr(0, 6) + '#' + std::to_string(number.value);
}

Checker::Append& Checker::find(const ClientId& client, RequestNumber number) {
  const auto found = appends_.find({client, number});
  if (found == appends_.end()) world_.fail(name(client, number) + " was never issued");
  return found->second;
}

void Checker::issued(const ClientId& client, const AppendRequest& request, const StoreId& store) {
  const bool deleted = !deleted_.empty() && (store.is_zero() || deleted_.contains(store));
  const auto [place, added] =
      appends_.emplace(Key{client, request.number}, Append{.payload = request.payload,
                                                           .durability = request.durability,
                                                           .orphaned = deleted,
                                                           .notes = notes_in(request.payload)});
  count(&Notes::issued, client, place->second, 1);
}

void Checker::withdrawn(const ClientId& client, RequestNumber number) {
  find(client, number).withdrawn = true;
}

void Checker::count(std::uint64_t Notes::* what, const ClientId& client, const Append& append,
                    std::int64_t sign) {
  const auto change = static_cast<std::uint64_t>(sign) * append.notes;
  notes_[client].*what += change;
  all_notes_.*what += change;
}

void Checker::accepted(const ClientId& client, RequestNumber number, const Accepted& accepted) {
  Append& append = find(client, number);
  if (append.fate != Fate::kPending) world_.fail(name(client, number) + " is settled twice");
  append.first = accepted.first_index;
  append.count = accepted.count;
  append.fate = accepted.voided ? Fate::kVoid : Fate::kAccepted;
  ++acknowledged_;
  if (append.orphaned) append.fate = Fate::kLost;  // perhaps by the store that is gone
  if (append.fate == Fate::kAccepted) count(&Notes::accepted, client, append, 1);
}

void Checker::rejected(const ClientId& client, RequestNumber number, const Error& error,
                       replica::Outcome outcome) {
  Append& append = find(client, number);
  const std::string who = name(client, number);
  if (append.fate != Fate::kPending) world_.fail(who + " is settled twice");
  const bool lost = (append.orphaned && error.code == ErrorCode::kStorageUnavailable) ||
                    (told_ && error.code == ErrorCode::kCorrupt);
  if (outcome == replica::Outcome::kUnknown) {
    if (!lost) world_.fail(who + " is told that its outcome is unknown: " + error.message);
    append.fate = Fate::kUnknown;
    return;
  }
  switch (error.code) {
    case ErrorCode::kRejected:
    case ErrorCode::kConflict:
    case ErrorCode::kUnknownEvent:
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kQuotaExceeded:
    case ErrorCode::kSchemaTooOld:
    case ErrorCode::kSchemaConflict:
      break;
    default:
      if (!lost) world_.fail(who + " ends with " + error.message);
  }
  append.fate = Fate::kRejected;
  count(&Notes::issued, client, append, -1);
}

void Checker::died(const ClientId& client) {
  for (auto each = appends_.lower_bound({client, RequestNumber{}});
       each != appends_.end() && each->first.first == client; ++each) {
    if (each->second.fate == Fate::kPending) each->second.fate = Fate::kUnknown;
  }
}

void Checker::observed(const std::string& who, const StoreId& store, Index index,
                       const ChainHash& chain, const Digest& digest) {
  const auto [place, added] = history_.try_emplace({store, index}, chain, digest);
  if (added) return;
  if (place->second.first != chain) {
    world_.fail(who + " has another history than others at index " + std::to_string(index.value));
  }
  if (place->second.second != digest) {
    world_.fail(who + " has another content than others at index " + std::to_string(index.value));
  }
}

void Checker::led(const std::string& who, const StoreId& store, Term term) {
  Term& last = terms_[store];
  // One that was stopped while it opened the store goes on in files that nobody reads: it has no
  // lease, and what it says is held against that.
  if (term.generation() < last.generation()) return;
  if (term <= last)
    world_.fail(who + " leads in a term that is not new: " + std::to_string(term.value));
  last = term;
}

void Checker::started_over(const std::string& who, const std::string& why) {
  if (!may_start_over_) world_.fail(who + " starts over: " + why);
}

// ---- what takes acknowledged entries away ------------------------------------------------------

void Checker::power_lost(const storage::MemoryDisk& files) {
  storage::MemoryDisk copy;
  copy_files(files, copy);
  lose({.after = open_log(world_, copy)->last()});
  // A term whose record was lost was never announced, or its word is lost with all who heard it.
  terms_.clear();
}

void Checker::cut(Index after) {
  may_start_over_ = true;
  lose({.after = after, .durable_too = true});
}

void Checker::cleared() {
  may_start_over_ = true;
  lose({.after = Index{}, .durable_too = true});
  for (const auto& [store, term] : terms_) deleted_.insert(store);
  orphan_pending();
}

void Checker::led_without_files(const StoreId& store) {
  deleted_.insert(store);
  orphan_pending();
}

void Checker::orphan_pending() {
  for (auto& [key, append] : appends_) {
    append.orphaned = append.orphaned || append.fate == Fate::kPending;
  }
}

void Checker::lose(Cut cut) {
  ++losses_;
  latest_ = 0;
  for (auto& [key, append] : appends_) {
    if (append.fate != Fate::kAccepted && append.fate != Fate::kVoid) continue;
    if (append.first.value + append.count - 1 <= cut.after.value) continue;
    if (append.durability == Durability::kFull && !cut.durable_too) {
      world_.fail(name(key.first, key.second) + " was acknowledged at index " +
                  std::to_string(append.first.value) +
                  ", and after the power loss the log ends at " + std::to_string(cut.after.value));
    }
    if (append.fate == Fate::kAccepted) count(&Notes::accepted, key.first, append, -1);
    append.fate = Fate::kLost;
  }
  std::erase_if(history_, [&](const auto& each) { return each.first.second > cut.after; });
}

void Checker::mended() {
  damaged_ = false;
  mended_at_ = world_.now();
}

void Checker::told_corrupt(const std::string& who, const Error& error) {
  const bool read_before = world_.now() < mended_at_ + 3s;  // and told only now
  if (!damaged_ && !read_before) world_.fail(who + " finds corruption: " + error.message);
  told_ = true;
}

void Checker::check_entry(const Entry& entry, const Entry* previous) {
  const std::uint64_t index = entry.index.value;
  if (index != (previous != nullptr ? previous->index.value + 1 : 1)) {
    world_.fail("entry " + std::to_string(index) + " is out of place");
  }
  if (previous != nullptr && entry.term < previous->term) {
    world_.fail("the term goes back at entry " + std::to_string(index));
  }
  if (previous != nullptr && entry.term == previous->term && entry.time_ms < previous->time_ms) {
    world_.fail("leader time goes back at entry " + std::to_string(index));
  }
  const bool begins = previous == nullptr || entry.term > previous->term;
  if (begins != std::holds_alternative<TermStart>(entry.body)) {
    world_.fail("a term does not begin with its record at entry " + std::to_string(index));
  }
  if (entry.request) check_request(entry);
}

void Checker::check_request(const Entry& entry) {
  const RequestStamp& stamp = *entry.request;
  Append& append = find(stamp.client, stamp.number);
  const std::string who =
      name(stamp.client, stamp.number) + " at entry " + std::to_string(entry.index.value);
  if (append.seen != stamp.position)
    world_.fail(who + ": applied twice, or its events do not stand together");
  ++append.seen;
  if (stamp.position == 0) {
    RequestNumber& last = last_logged_[stamp.client];
    if (stamp.number <= last) world_.fail(who + ": out of the order of its session");
    last = stamp.number;
  }
  const bool voided = std::holds_alternative<Void>(entry.body);
  switch (append.fate) {
    case Fate::kRejected:
      if (!voided) world_.fail(who + ": was rejected, and is in the log");
      return;
    case Fate::kVoid:
      if (!voided) world_.fail(who + ": was withdrawn, and is in the log");
      return;
    case Fate::kAccepted:
      if (entry.index.value != append.first.value + stamp.position || stamp.count != append.count) {
        world_.fail(who + ": was acknowledged at index " + std::to_string(append.first.value));
      }
      if (voided) world_.fail(who + ": was acknowledged, and is void in the log");
      break;
    case Fate::kPending:
      world_.fail(who + ": is in the log and still pending");
    case Fate::kUnknown:
    case Fate::kLost:
      break;
  }
  check_content(who, append, entry);
}

void Checker::check_content(const std::string& who, const Append& append,
                            const Entry& entry) const {
  if (std::holds_alternative<Void>(entry.body)) return;
  bool same = true;
  if (const auto* events = std::get_if<std::vector<Event>>(&append.payload)) {
    const RequestStamp& stamp = *entry.request;
    const auto* event = std::get_if<Event>(&entry.body);
    same = event != nullptr && stamp.count == events->size() && *event == (*events)[stamp.position];
  } else if (const auto* exec = std::get_if<Exec>(&append.payload)) {
    const auto* logged = std::get_if<Exec>(&entry.body);
    same = logged != nullptr && logged->sql == exec->sql;
  }
  if (!same) world_.fail(who + ": is not what was appended");
}

void Checker::read(const std::string& who, const std::vector<Entry>& entries) const {
  for (const Entry& entry : entries) {
    const std::string where = who + " reads entry " + std::to_string(entry.index.value);
    if (entry.index.value !=
        entries.front().index.value + static_cast<std::uint64_t>(&entry - entries.data()))
      world_.fail(where + " out of place");
    if (!entry.request) continue;
    const auto append = appends_.find({entry.request->client, entry.request->number});
    if (append == appends_.end()) world_.fail(where + ", which was never issued");
    check_content(where, append->second, entry);
  }
}

Digest Checker::check_log(const storage::MemoryDisk& files) {
  storage::MemoryDisk copy;
  copy_files(files, copy);
  const auto reader = open_log(world_, copy);
  auto state = storage::StateDatabase::in_memory();
  if (!state) world_.fail("no database in memory: " + state.error().message);
  (*state)->set_store(reader->store());
  std::optional<Entry> previous;
  ChainHash chain;
  for (;;) {
    auto frame = reader->next();
    if (!frame) world_.fail("the log is damaged: " + frame.error().message);
    if (!*frame) break;
    if ((*frame)->commit) continue;
    auto entry = decode_entry((*frame)->body);
    if (!entry) world_.fail("an entry does not decode: " + entry.error().message);
    chain = extend_chain(chain, (*frame)->body);
    check_entry(*entry, previous ? &*previous : nullptr);
    if (auto applied = (*state)->apply(*entry, (*frame)->body); !applied) {
      world_.fail("entry " + std::to_string(entry->index.value) +
                  " does not replay: " + applied.error().message);
    }
    if (ends_request(*entry)) {
      if (auto done = (*state)->commit(); !done) world_.fail("replay: " + done.error().message);
    }
    observed("the replay", reader->store(), entry->index, chain, (*state)->digest());
    previous = std::move(*entry);
  }
  for (const auto& [key, append] : appends_) {
    if (append.fate == Fate::kPending) world_.fail(name(key.first, key.second) + " never resolved");
    if (append.fate == Fate::kAccepted && append.seen != append.count) {
      world_.fail(name(key.first, key.second) + " was acknowledged and is not in the log");
    }
  }
  return (*state)->digest();
}

std::uint64_t Checker::notes_accepted(const std::optional<ClientId>& client) const {
  if (!client) return all_notes_.accepted;
  const auto found = notes_.find(*client);
  return found == notes_.end() ? 0 : found->second.accepted;
}

std::uint64_t Checker::notes_issued(const std::optional<ClientId>& client) const {
  if (!client) return all_notes_.issued;
  const auto found = notes_.find(*client);
  return found == notes_.end() ? 0 : found->second.issued;
}

}  // namespace tablog::simulator
