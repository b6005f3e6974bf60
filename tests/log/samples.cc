#include "tests/log/samples.h"

#include <limits>
#include <utility>
#include <variant>

namespace tablog::samples {

namespace {

std::vector<std::shared_ptr<const Bytes>> encoded_entries() {
  return {encoded(Index{41}).bytes, encoded(Index{42}, 100).bytes};
}

Error error() {
  return {.code = ErrorCode::kCorrupt, .message = "half", .index = Index{7}, .offset = 4096};
}

TransferChunk chunk(std::variant<Bytes, Error> result) {
  return {.call = 1,
          .transfer = 2,
          .offset = 3,
          .total_bytes = 4,
          .index = {5},
          .chain = id<ChainHash>(12),
          .result = std::move(result)};
}

std::vector<AppendRequest> requests() {
  AppendRequest first{.number = {5},
                      .settled_through = {3},
                      .schema_version = 2,
                      .durability = Durability::kRelaxed,
                      .expected_index = Index{40},
                      .leader_deaths = 2,
                      .request_hash = 0x0123456789ABCDEF,
                      .payload = std::vector<Event>{event(), event()}};
  AppendRequest second = first;
  second.number = {6};
  second.expected_index.reset();
  second.durability = Durability::kFull;
  second.payload = exec();
  AppendRequest third = second;
  third.number = {7};
  third.payload = Void{};
  AppendRequest fourth = first;
  fourth.number = {8};
  fourth.reads = {ReadGuard{.sql = "SELECT ?", .params = exec().params, .hash = id<RowsHash>(7)},
                  ReadGuard{.sql = "SELECT 2", .hash = id<RowsHash>(8)}};
  return {first, second, third, fourth};
}

std::vector<MessageBody> to_leader() {
  return {
      AppendRequests{.client = id<ClientId>(1), .requests = requests()},
      Seek{},
      Join{.applied = {9}, .chain = id<ChainHash>(3), .wants_entries = true, .schema = schema()},
      Acknowledge{{10}},
      RangeRequest{.call = 1, .from = {2}, .to = {3}, .bytes_max = 4},
      ReadIndexRequest{5},
      ExclusiveRequest{.call = 6, .release = true},
      QueryRequest{.call = 1,
                   .not_before = {2},
                   .linearizable = true,
                   .sql = "SELECT ?",
                   .params = exec().params},
      TransferRequest{
          .call = 1, .kind = TransferKind::kBase, .transfer = 2, .offset = 3, .done = true},
      CheckpointRequest{6},
      StatsRequest{7},
      CloseSession{id<ClientId>(4)},
      DigestDispute{{8}},
      CompactRequest{.call = 1, .retain_from = {2}, .since_ms = -3, .keep_bytes = 4},
      AdoptRequest{.call = 1, .generation = {2}}};
}

std::vector<MessageBody> to_replica() {
  const Committed committed{.previous = {40},
                            .previous_chain = id<ChainHash>(5),
                            .entries = encoded_entries(),
                            .head = {42},
                            .durable = {42},
                            .checkpoint = {30},
                            .digest = id<Digest>(6)};
  Committed head_only = committed;
  head_only.entries.clear();
  head_only.digest.reset();
  return {
      Announce{.leader = id<ClientId>(7), .head = {42}, .chain = id<ChainHash>(8)},
      committed,
      head_only,
      Answers{.client = id<ClientId>(9),
              .answers = {{.number = {5},
                           .result = Accepted{.first_index = {41},
                                              .count = 2,
                                              .term = {3},
                                              .time_ms = -4,
                                              .changes = 5,
                                              .voided = true}},
                          {.number = {6}, .result = error()}}},
      ResendFrom{.client = id<ClientId>(10), .number = {4}},
      SessionClosed{id<ClientId>(11)},
      Range{.call = 1, .result = encoded_entries(), .head = {42}},
      Range{.call = 1, .result = error(), .head = {42}},
      ReadIndex{.call = 1, .index = {42}},
      QueryResult{.call = 1, .result = bytes("rows")},
      QueryResult{.call = 1, .result = error()},
      chunk(bytes("chunk")),
      chunk(error()),
      CheckpointDone{.call = 1, .result = Index{42}},
      CheckpointDone{.call = 1, .result = error()},
      MaintenanceDone{.call = 1, .result = Index{42}},
      MaintenanceDone{.call = 1, .result = error()},
      TableDigests{.index = {42}, .tables = {{"todo", id<Digest>(1)}, {"other", id<Digest>(2)}}},
      Working{.done = 1, .total = 2},
      Stats{.call = 1, .json = "{\"appends\":1}"},
      SchemaRefused{error()},
      LeaderFailed{error()},
      TabQuery{1},
      TabInfo{.call = 1,
              .tab = id<ClientId>(13),
              .role = Role::kLeader,
              .visible = true,
              .applied = {41}}};
}

}  // namespace

Event event() {
  return {.type = "todo.added",
          .args = {{"none", std::monostate{}},
                   {"integer", std::numeric_limits<std::int64_t>::min()},
                   {"float", -0.5},
                   {"text", std::string("zero \0 inside, ü", 17)},
                   {"blob", bytes("\xFF\x01")},
                   {"empty", std::string()},
                   {"nothing", Bytes()}}};
}

Exec exec() {
  return {.sql = "UPDATE todo SET done = ?1",
          .params = {{"1", std::int64_t{1}}, {"2", std::string("two")}},
          .changes = 0};
}

Schema schema() {
  return {.version = 2,
          .migrations = {"CREATE TABLE todo(id, title, done)", "CREATE INDEX i ON todo(title)"},
          .materializers = {{"todo.added", "INSERT INTO todo VALUES (:id, :title, 0)"}},
          .upcasters = {{"todo.added", 1, "json_object('id', :id)"}},
          .flags = 1,
          .engine = "3.54.1",
          .compile_options = "THREADSAFE=0",
          .profile_hash = 0xFEDCBA9876543210};
}

RequestStamp stamp() {
  return {.client = id<ClientId>(0x10),
          .number = {12},
          .position = 1,
          .count = 3,
          .settled_through = {10},
          .request_hash = 0x1122334455667788};
}

std::vector<EntryBody> bodies() {
  Exec sequenced = exec();
  sequenced.changes = 3;
  return {event(),
          sequenced,
          Void{},
          TermStart{id<ClientId>(0x20)},
          schema(),
          CheckpointMark{{99}},
          SessionClose{id<ClientId>(0x30)}};
}

Entry entry(Index index) {
  return {.index = index,
          .term = Term::of(Generation{0}, 3),
          .time_ms = 1'795'000'000'000,
          .wall_ms = 1'795'000'000'000,
          .seed = 0x9E3779B97F4A7C15,
          .schema_version = 1,
          .request = RequestStamp{.client = id<ClientId>(0x10),
                                  .number = {12},
                                  .position = 0,
                                  .count = 1,
                                  .settled_through = {11},
                                  .request_hash = 0x1122334455667788},
          .body = Event{.type = "todo.added",
                        .args = {{"id", std::int64_t{7}}, {"title", std::string("milk")}}}};
}

EncodedEntry encoded(Index index) {
  return *encode(entry(index));
}

EncodedEntry encoded(Index index, std::size_t text_bytes) {
  Entry large = entry(index);
  std::get<Event>(large.body).args[1].value = std::string(text_bytes, 'x');
  return *encode(std::move(large));
}

std::vector<Message> messages() {
  std::vector<MessageBody> all = to_leader();
  for (MessageBody& body : to_replica()) {
    all.push_back(std::move(body));
  }
  std::vector<Message> result;
  for (MessageBody& body : all) {
    result.push_back({.store = id<StoreId>(0x40),
                      .term = Term::of(Generation{1}, 2),
                      .from = {.tab = id<ClientId>(0x50), .role = Role::kLeader},
                      .body = std::move(body)});
  }
  return result;
}

}  // namespace tablog::samples
