#include <algorithm>
#include <type_traits>
#include <utility>

#include "log/overloaded.h"
#include "storage/profile.h"
#include "web/host/boundary.h"
#include "web/host/boundary_append.h"
#include "web/host/bytes.h"

namespace tablog::host {
namespace {

enum class In : std::uint8_t {
  kConfigure,
  kAppend,
  kQuery,
  kRead,
  kCheckpoint,
  kExport,
  kTabs,
  kStats,
  kClose,
  kMessage,
  kTick,
  kVisibility,
  kForget,
  kSeveral,
  kHandedAppend,
  kWatch,
  kHeard,
  kGuardedQuery,
  kExclusive,
  kDigests,
  kCompact,
  kAdopt
};
enum class Out : std::uint8_t {
  kSend,
  kTimer,
  kQueryLocks,
  kSettled,
  kReply,
  kStatus,
  kReady,
  kFailed,
  kEvent,
  kProgress,
  kChunk,
  kSuspects = 12,  // 11 is the leader's
  kWatched
};

double to_ms(std::chrono::microseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// What a query and a watch have in common.
void read_question(Reader& reader, replica::Query& query) {
  query.not_before = Index{reader.u64()};
  query.noted = reader.u32();
  query.sql = reader.text();
  query.params = reader.args();
}

// The inputs that go to the machine as they are.
std::optional<replica::Input> read_call(In kind, Reader& reader) {
  switch (kind) {
    case In::kQuery: {
      replica::Query query;
      query.call = reader.u32();
      query.consistency = replica::Consistency{reader.u8()};
      read_question(reader, query);
      if (query.consistency > replica::Consistency::kLocal) return std::nullopt;
      return query;
    }
    case In::kExclusive:
      return replica::AskExclusive{.call = reader.u32(), .release = reader.boolean()};
    case In::kCheckpoint:
      return replica::Checkpoint{.call = reader.u32()};
    case In::kExport: {
      const replica::Export request{.call = reader.u32(), .kind = TransferKind{reader.u8()}};
      if (request.kind < TransferKind::kLogExport || request.kind > TransferKind::kBase)
        return std::nullopt;
      return request;
    }
    case In::kCompact: {
      replica::Compact compact{.call = reader.u32(), .wanted = {}};
      compact.wanted.retain_from = Index{reader.u64()};
      compact.wanted.since_ms = reader.i64();
      compact.wanted.keep_bytes = reader.u64();
      return compact;
    }
    case In::kAdopt:
      return replica::Adopt{.call = reader.u32(), .generation = Generation{reader.u64()}};
    case In::kTabs: {
      replica::Tabs tabs{.call = reader.u32(), .tabs = {}};
      tabs.tabs.resize(reader.count(sizeof(ClientId)));
      for (ClientId& tab : tabs.tabs) tab = reader.id<ClientId>();
      return tabs;
    }
    case In::kStats:
      return replica::GetStats{.call = reader.u32()};
    case In::kClose:
      return replica::Close{.call = reader.u32()};
    case In::kTick:
      return replica::Ticked{};
    case In::kVisibility:
      return replica::Visibility{.visible = reader.boolean()};
    case In::kForget:
      return replica::Forget{.call = reader.u32()};
    default:
      return std::nullopt;
  }
}

void write(Writer& out, const Entry& entry) {
  out.u64(entry.index.value);
  out.u64(entry.term.value);
  out.f64(static_cast<double>(entry.time_ms));
  const RequestStamp stamp = entry.request.value_or(RequestStamp{.count = 0});
  out.id(stamp.client);
  out.u64(stamp.number.value);
  out.u32(stamp.position);
  out.u32(stamp.count);
  out.u32(entry.schema_version);
  std::visit(Overloaded{
                 [&](const Event& event) {
                   out.u8(0);
                   out.text(event.type);
                   out.args(event.args);
                 },
                 [&](const Exec& exec) {
                   out.u8(1);
                   out.text(exec.sql);
                   out.args(exec.params);
                   out.i64(exec.changes);
                 },
                 [&](const Void&) { out.u8(2); },
                 [&](const TermStart& start) {
                   out.u8(3);
                   out.id(start.leader);
                 },
                 [&](const Schema& schema) {
                   out.u8(4);
                   out.u32(schema.version);
                 },
                 [&](const CheckpointMark& mark) {
                   out.u8(5);
                   out.u64(mark.index.value);
                 },
                 [&](const SessionClose& close) {
                   out.u8(6);
                   out.id(close.client);
                 },
             },
             entry.body);
}

void write_payload(Writer& out, const Replied& replied) {
  std::visit(Overloaded{
                 [&](const Error& error) {
                   out.u8(1);
                   out.error(error);
                 },
                 [&](const RepliedRows& rows) {
                   out.u8(0);
                   if (rows.hash) out.id(*rows.hash);
                   out.raw(rows.rows.data(), rows.rows.size());
                 },
                 [&](const RepliedEntries& read) {
                   out.u8(0);
                   out.u32(static_cast<std::uint32_t>(read.entries.size()));
                   for (const Entry& entry : read.entries) write(out, entry);
                   out.u64(read.next.value);
                 },
                 [&](const RepliedEncoded& read) {
                   out.u8(0);
                   out.u32(static_cast<std::uint32_t>(read.entries.size()));
                   for (const auto& entry : read.entries) out.bytes(*entry);
                   out.u64(read.next.value);
                 },
                 [&](const RepliedDigests& digests) {
                   out.u8(0);
                   write_digests(out, digests.index, digests.tables);
                 },
                 [&](const Index& index) {
                   out.u8(0);
                   out.u64(index.value);
                 },
                 [&](const std::vector<replica::TabState>& tabs) {
                   out.u8(0);
                   out.u32(static_cast<std::uint32_t>(tabs.size()));
                   for (const replica::TabState& tab : tabs) {
                     out.id(tab.tab);
                     out.u8(static_cast<std::uint8_t>(tab.role));
                     out.boolean(tab.visible);
                     out.u64(tab.applied.value);
                     out.f64(to_ms(tab.round_trip));
                     out.f64(0);  // it has just answered
                   }
                 },
                 [&](const std::string& json) {
                   out.u8(0);
                   out.text(json);
                 },
                 [&](std::monostate) { out.u8(0); },
             },
             replied.result);
}

void write(Writer& out, const ReplicaEffect& effect) {
  const auto kind = [&](Out value) { out.u8(static_cast<std::uint8_t>(value)); };
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
                   out.f64(to_ms(timer.delay));
                 },
                 [&](const QueryLocks&) { kind(Out::kQueryLocks); },
                 [&](const Suspects&) { kind(Out::kSuspects); },
                 [&](const replica::Settled& settled) {
                   kind(Out::kSettled);
                   write_settled(out, settled.number, settled.result, settled.outcome);
                 },
                 [&](const Replied& replied) {
                   kind(Out::kReply);
                   out.u32(replied.call);
                   write_payload(out, replied);
                 },
                 [&](const Watched& watched) {
                   kind(Out::kWatched);
                   out.u32(watched.call);
                   out.id(watched.hash);
                   out.raw(watched.rows.data(), watched.rows.size());
                 },
                 [&](const replica::Status& status) {
                   kind(Out::kStatus);
                   out.u64(status.term.value);
                   out.u64(status.term.generation().value);
                   out.id(status.leader.value_or(ClientId{}));
                   out.u64(status.head.value);
                   out.u64(status.durable.value);
                   out.u64(status.applied.value);
                   out.u64(status.checkpoint.value);
                   out.boolean(status.leader_unresponsive);
                 },
                 [&](const Ready&) { kind(Out::kReady); },
                 [&](const Error& error) {
                   kind(Out::kFailed);
                   out.error(error);
                 },
                 [&](const replica::Noted& noted) {
                   kind(Out::kEvent);
                   out.u8(static_cast<std::uint8_t>(noted.kind));
                   out.u64(noted.index.value);
                   out.text(noted.detail);
                 },
                 [&](const replica::Progress& progress) {
                   kind(Out::kProgress);
                   out.f64(static_cast<double>(progress.done));
                   out.f64(static_cast<double>(progress.total));
                 },
                 [&](const replica::Chunk& chunk) {
                   kind(Out::kChunk);
                   out.u32(chunk.call);
                   out.u64(chunk.offset);
                   out.bytes(chunk.bytes);
                 },
             },
             effect);
}

}  // namespace

Schema read_schema(Reader& reader) {
  Schema schema;
  schema.version = reader.u32();
  schema.migrations.resize(reader.count(4));
  for (std::string& migration : schema.migrations) migration = reader.text();
  schema.materializers.resize(reader.count(8));
  for (Materializer& each : schema.materializers) {
    each.type = reader.text();
    each.sql = reader.text();
  }
  // An object's order is no part of what a schema says.
  std::ranges::sort(schema.materializers, {}, &Materializer::type);
  schema.upcasters.resize(reader.count(12));
  for (Upcaster& each : schema.upcasters) {
    each.type = reader.text();
    each.from = reader.u32();
    each.args_sql = reader.text();
  }
  schema.flags = reader.u32();
  storage::stamp_engine(schema);
  return schema;
}

void Outputs::add(ByteView output) {
  const auto size = static_cast<std::uint32_t>(output.size());
  const auto* first = reinterpret_cast<const std::byte*>(&size);
  out_.insert(out_.end(), first, first + sizeof size);
  out_.insert(out_.end(), output.begin(), output.end());
}

void ReplicaBoundary::emit(const std::vector<ReplicaEffect>& effects) {
  Writer out;
  for (const ReplicaEffect& effect : effects) {
    write(out, effect);
    outputs_.add(out.take());
  }
}

void write_digests(Writer& out, Index index, const DigestsByTable& tables) {
  out.u64(index.value);
  out.u32(static_cast<std::uint32_t>(tables.size()));
  for (const auto& [name, digest] : tables) {
    out.text(name);
    out.id(digest);
  }
}

Error other_build() {
  return Error{.code = ErrorCode::kLoadFailed,
               .message =
                   "the page, its workers and their module are not of one build of tablog: load "
                   "the files of one"};
}

Writer begin_reply(std::uint32_t call) {
  Writer out;
  out.u8(static_cast<std::uint8_t>(Out::kReply));
  out.u32(call);
  return out;
}

Bytes other_build_reply() {
  Writer out = begin_reply(0);
  out.u8(1);
  out.error(other_build());
  return out.take();
}

Bytes ReplicaBoundary::step(ByteView input) {
  if (!handle(input)) emit({other_build()});
  flush_appends();
  return outputs_.take();
}

// Appends that follow each other go on in one message.
void ReplicaBoundary::flush_appends() {
  if (appends_.requests.empty()) return;
  emit(host_->append(std::exchange(appends_, {}), std::exchange(optimistic_, {})));
}

bool ReplicaBoundary::configure(Reader& reader) {
  const auto client = reader.id<ClientId>();
  replica::Options options;
  options.mode = reader.u8() == 0 ? replica::Mode::kMemory : replica::Mode::kNone;
  options.replica_bytes_max = reader.u64();
  constexpr std::chrono::milliseconds kCopyTakes{150};  // about
  constexpr std::chrono::milliseconds kSuspectAfterMin{100};
  constexpr node::Options kFork{};
  constexpr std::chrono::milliseconds kForkTakes =
      kFork.life_interval + kFork.leader.lease + kFork.lease_margin + kCopyTakes;
  options.unresponsive_after = std::chrono::milliseconds{reader.u32()};
  options.suspect_after = std::max(options.unresponsive_after - kForkTakes, kSuspectAfterMin);
  const Schema schema = read_schema(reader);
  if (!reader.done() || host_) return false;
  host_ = std::make_unique<ReplicaHost>(client, schema, options, now_);
  emit(host_->step(replica::Started{}));
  return true;
}

bool ReplicaBoundary::handle(ByteView input) {
  Reader reader(input);
  const auto kind = static_cast<In>(reader.u8());
  if (kind == In::kConfigure) return configure(reader);
  if (!host_) return false;
  if (kind == In::kAppend || kind == In::kHandedAppend) {
    PageAppend append = read_append(reader);
    if (!reader.done()) return false;
    const bool handed = kind == In::kHandedAppend;
    if (handed != appends_.handed) flush_appends();
    appends_.handed = handed;
    if (append.optimistic) optimistic_.push_back(append.request.number);
    appends_.requests.push_back(std::move(append.request));
    return true;
  }
  if (kind == In::kSeveral) {
    constexpr std::size_t kInputBytesMin = 5;
    bool ok = true;
    for (std::uint32_t left = reader.count(kInputBytesMin); left > 0; --left) {
      const ByteView each = reader.bytes();
      // One level: what is in here cannot hold several itself.
      ok = ok && !each.empty() && static_cast<In>(each.front()) != In::kSeveral && handle(each);
    }
    return ok && reader.done();
  }
  flush_appends();
  const bool is_read = kind == In::kRead;
  if (is_read) {
    const replica::ReadLog read{.call = reader.u32(),
                                .from = Index{reader.u64()},
                                .to = Index{reader.u64()},
                                .limit = reader.u32()};
    ReadFilter filter;
    filter.types.resize(reader.count(4));
    for (std::string& type : filter.types) type = reader.text();
    filter.control = reader.boolean();
    filter.encoded = reader.boolean();
    if (reader.done()) emit(host_->read(read, std::move(filter)));
    return reader.done();
  }
  if (kind == In::kMessage) {
    const ByteView message = reader.bytes();
    if (reader.done()) emit(host_->receive(message));
    return reader.done();
  }
  if (kind == In::kWatch) {
    replica::Query query;
    query.call = reader.u32();
    const auto known = reader.id<RowsHash>();
    read_question(reader, query);
    if (reader.done()) emit(host_->watch(std::move(query), known));
    return reader.done();
  }
  if (kind == In::kGuardedQuery) {
    replica::Query query;
    query.call = reader.u32();
    read_question(reader, query);
    if (reader.done()) emit(host_->guarded_query(query));
    return reader.done();
  }
  if (kind == In::kDigests) {
    const replica::CallId call = reader.u32();
    if (reader.done()) emit(host_->digests(call));
    return reader.done();
  }
  if (kind == In::kHeard) {
    const replica::CallId call = reader.u32();
    if (reader.done()) emit(host_->heard(call));
    return reader.done();
  }
  const std::optional<replica::Input> call = read_call(kind, reader);
  if (!call || !reader.done()) return false;
  emit(host_->step(*call));
  return true;
}

}  // namespace tablog::host
