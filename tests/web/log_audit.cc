#include "tests/web/log_audit.h"

#include <algorithm>

#include "log/chain.h"
#include "log/codec.h"
#include "storage/log_reader.h"

namespace tablog::host {

using testing::AssertionFailure;
using testing::AssertionResult;
using testing::AssertionSuccess;

Result<std::vector<EncodedEntry>> read_log(const storage::MemoryDisk& disk) {
  storage::MemoryDisk copy;
  for (const std::string& name : disk.names()) {
    if (name.starts_with("log/")) copy.overwrite(name, disk.written(name));
  }
  auto reader = storage::LogReader::from_slots(std::move(copy.open_slots("log/").value()));
  if (!reader) return fail(reader.error());
  std::vector<EncodedEntry> entries;
  ChainHash chain;
  for (;;) {
    const auto frame = (*reader)->next();
    if (!frame) return fail(frame.error());
    if (!*frame) return entries;
    if ((*frame)->commit) continue;
    auto entry = decode_entry((*frame)->body);
    if (!entry) return fail(entry.error());
    chain = extend_chain(chain, (*frame)->body);
    if (entry->index.value != entries.size() + 1 || chain != (*frame)->chain) {
      return fail({.code = ErrorCode::kCorrupt, .message = "out of order", .index = entry->index});
    }
    entries.push_back(
        {.entry = std::move(*entry),
         .bytes = std::make_shared<const Bytes>((*frame)->body.begin(), (*frame)->body.end())});
  }
}

Result<std::unique_ptr<storage::StateDatabase>> replayed(const std::vector<EncodedEntry>& entries) {
  auto state = storage::StateDatabase::in_memory();
  if (!state) return state;
  for (const EncodedEntry& each : entries) {
    if (const auto applied = (*state)->apply(each.entry, *each.bytes); !applied)
      return fail(applied.error());
  }
  if (const auto committed = (*state)->commit(); !committed) return fail(committed.error());
  return state;
}

namespace {

std::string name_of(const Asked& asked) {
  return "request " + to_hex(asked.client.bytes).substr(0, 2) + '#' +
         std::to_string(asked.request.number.value);
}

bool is_of(const EncodedEntry& entry, const Asked& asked) {
  const auto& stamp = entry.entry.request;
  return stamp && stamp->client == asked.client && stamp->number == asked.request.number;
}

// Whether the leader that followed the one of `accepted` began without it.
bool was_cut(const Accepted& accepted, const std::vector<EncodedEntry>& entries) {
  const Index last{accepted.first_index.value + accepted.count - 1};
  return std::ranges::any_of(entries, [&](const EncodedEntry& each) {
    return std::holds_alternative<TermStart>(each.entry.body) && each.entry.term > accepted.term &&
           each.entry.index <= last;
  });
}

// One request against the log: whole, once, and as it was answered.
AssertionResult check(const Asked& asked, const std::vector<EncodedEntry>& entries,
                      MayLose may_lose) {
  const auto first = std::ranges::find_if(entries, [&](const auto& e) { return is_of(e, asked); });
  const auto count = static_cast<std::uint64_t>(
      std::ranges::count_if(entries, [&](const auto& e) { return is_of(e, asked); }));
  if (count > 0) {
    const std::uint32_t expected = first->entry.request->count;
    if (count != expected) {
      return AssertionFailure() << name_of(asked) << " has " << count << " of " << expected
                                << " entries";
    }
    for (std::uint32_t i = 0; i < expected; ++i) {
      const EncodedEntry& entry = *(first + i);
      if (!is_of(entry, asked) || entry.entry.request->position != i)
        return AssertionFailure() << name_of(asked) << " is not in one piece";
    }
  }
  if (asked.rejected() != nullptr && count > 0)
    return AssertionFailure() << name_of(asked) << " was rejected, and is in the log";
  const Accepted* accepted = asked.accepted();
  if (accepted == nullptr) return AssertionSuccess();
  if (count > 0 && first->entry.index == accepted->first_index && count == accepted->count)
    return AssertionSuccess();
  const bool relaxed = asked.request.durability == Durability::kRelaxed;
  if (count == 0 && relaxed && was_cut(*accepted, entries) && may_lose == MayLose::kRelaxed)
    return AssertionSuccess();
  return AssertionFailure() << name_of(asked) << " was acknowledged as entry "
                            << accepted->first_index.value << ", and there "
                            << (count > 0 ? "it stands elsewhere" : "it is lost") << " (of "
                            << entries.size() << ")";
}

AssertionResult check_state(storage::StateDatabase& actual,
                            const std::vector<EncodedEntry>& entries) {
  const auto expected = replayed(entries);
  if (!expected) return AssertionFailure() << "no replay: " << expected.error().message;
  if (actual.applied() != (*expected)->applied())
    return AssertionFailure() << "the state is at " << actual.applied().value;
  if (actual.chain() != (*expected)->chain()) return AssertionFailure() << "other chain";
  if (actual.sessions() != (*expected)->sessions()) return AssertionFailure() << "other sessions";
  const auto theirs = (*expected)->recompute_digest();
  const auto ours = actual.recompute_digest();
  if (!theirs || !ours || *theirs != *ours) return AssertionFailure() << "other content";
  if (actual.digest() != *ours) return AssertionFailure() << "its digest is not of its content";
  return AssertionSuccess();
}

}  // namespace

AssertionResult audit(const storage::MemoryDisk& disk, LeaderKit& kit, const Model& model) {
  const auto entries = read_log(disk);
  if (!entries) return AssertionFailure() << "the log does not read: " << entries.error().message;
  if (kit.store()->log().head().index.value != entries->size())
    return AssertionFailure() << "the leader's head is another than the log's";
  for (const EncodedEntry& each : *entries) {
    const auto known = [&](const Asked& asked) { return is_of(each, asked); };
    if (each.entry.request && std::ranges::none_of(model.asked, known))
      return AssertionFailure() << "entry " << each.entry.index.value << " was never asked for";
  }
  for (const Asked& asked : model.asked) {
    if (auto checked = check(asked, *entries, model.may_lose); !checked) return checked;
  }
  return check_state(kit.store()->state(), *entries);
}

}  // namespace tablog::host
