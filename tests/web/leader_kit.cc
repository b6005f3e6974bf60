#include "tests/web/leader_kit.h"

#include <algorithm>

#include "log/codec.h"
#include "tests/storage/samples.h"

namespace tablog::host {

using namespace std::chrono_literals;

namespace {

constexpr int kGrantsMax = 3;  // a leader that steps down gets the lock again, but not for ever

const ClientId kLeaderTab = storage::samples::client(200);

}  // namespace

Model::Model() {
  new_session();
}

void Model::new_session() {
  client = storage::samples::client(
      client.is_zero() ? 1 : static_cast<std::uint8_t>(client.bytes[0]) + 1);
}

Asked& Model::ask(Durability durability, Payload payload) {
  const auto count = std::ranges::count(asked, client, &Asked::client);
  AppendRequest request{.number = RequestNumber{static_cast<std::uint64_t>(count) + 1},
                        .schema_version = schema_version,
                        .durability = durability,
                        .request_hash = hash_payload(payload),
                        .payload = std::move(payload)};
  return asked.emplace_back(Asked{.client = client, .request = std::move(request)});
}

void Model::answer(const ClientId& from, const Answer& answer) {
  const auto found = std::ranges::find_if(asked, [&](const Asked& each) {
    return each.client == from && each.request.number == answer.number;
  });
  if (found != asked.end() && !found->answer) found->answer = answer.result;
}

RequestNumber Model::settled_through() const {
  RequestNumber through;
  for (const Asked& each : asked) {
    if (each.client != client) continue;
    if (!each.answer) break;
    through = each.request.number;
  }
  return through;
}

void Model::forget_answers() {
  RequestNumber told;
  for (const Asked& each : asked) {
    if (each.client == client) told = std::max(told, each.request.settled_through);
  }
  for (Asked& each : asked) {
    if (each.client == client && each.request.number > told) each.answer.reset();
  }
}

LeaderKit::LeaderKit(storage::MemoryDisk& disk, Model& model, const KitOptions& options)
    : disk_(disk), model_(model), now_(1h + model.leaders * 10min) {
  ++model_.leaders;
  LeaderConfig config{.self = kLeaderTab,
                      .fresh = {},
                      .seed = 0x9E3779B97F4A7C15 * model_.leaders,
                      .options = {},
                      .log = options.log};
  config.fresh.bytes.fill(static_cast<std::byte>(0x40 + model_.leaders));
  config.options.leader.checkpoint_entries = options.checkpoint_entries;
  host_ = std::make_unique<LeaderHost>(config, [this] {
    now_ += 10us;
    constexpr std::chrono::milliseconds kEpoch{1'700'000'000'000};
    return Clock{.monotonic = now_,
                 .wall = kEpoch + std::chrono::duration_cast<std::chrono::milliseconds>(now_)};
  });
}

LeaderKit::~LeaderKit() = default;

// ---- what the tab does

void LeaderKit::start() {
  carry_out(host_->step(node::LockGranted{}));
  settle();
}

void LeaderKit::receive(MessageBody body) {
  const Message message{.store = {},
                        .term = host_->node().term(),
                        .from = {.tab = model_.client, .role = Role::kReplica},
                        .body = std::move(body)};
  carry_out(host_->receive(encode_message(message)));
}

void LeaderKit::hear(ByteView message) {
  carry_out(host_->receive(message));
  settle();
}

void LeaderKit::join() {
  receive(Join{.schema = storage::samples::schema(model_.schema_version)});
  settle();
}

void LeaderKit::send() {
  AppendRequests message{.client = model_.client};
  for (Asked& each : model_.asked) {
    if (each.client != model_.client || each.answer) continue;
    each.request.settled_through = model_.settled_through();
    message.requests.push_back(each.request);
  }
  if (!message.requests.empty()) receive(std::move(message));
  settle();
}

void LeaderKit::append(Durability durability, Payload payload) {
  model_.ask(durability, std::move(payload));
  send();
}

void LeaderKit::checkpoint() {
  receive(CheckpointRequest{.call = 1});
  settle();
}

void LeaderKit::close_session() {
  receive(CloseSession{.client = model_.client});
  model_.new_session();
  settle();
}

void LeaderKit::dispute(Index index) {
  receive(DigestDispute{.index = index});
  settle();
}

Result<Bytes> LeaderKit::query(const std::string& sql) {
  rows_.reset();
  receive(QueryRequest{.call = 1, .sql = sql});
  settle();
  if (!rows_) return fail(ErrorCode::kLeaderUnresponsive, "no answer to a query");
  if (auto* rows = std::get_if<Bytes>(&rows_->result)) return std::move(*rows);
  return fail(std::get<Error>(rows_->result));
}

std::optional<Range> LeaderKit::range(Index from) {
  receive(RangeRequest{.from = from, .bytes_max = 1U << 20U});
  settle();
  return std::exchange(range_, std::nullopt);
}

void LeaderKit::transfer(TransferKind kind) {
  TransferRequest request{.call = 1, .kind = kind};
  do {
    chunk_.reset();
    receive(request);
    settle();
    const auto* bytes = chunk_ ? std::get_if<Bytes>(&chunk_->result) : nullptr;
    if (bytes == nullptr) return;
    request.transfer = chunk_->transfer;
    request.offset += bytes->size();
  } while (request.offset < chunk_->total_bytes);
}

void LeaderKit::elapse(std::chrono::milliseconds time) {
  now_ += time;
  if (!timer_ || now_ < *timer_) return;
  timer_.reset();
  carry_out(host_->step(leader::Input{leader::Ticked{}}));
  settle();
}

// ---- what the browser does

void LeaderKit::settle() {
  while (!tasks_.empty()) {
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
  }
}

void LeaderKit::carry_out(std::vector<LeaderEffect> effects) {
  for (const LeaderEffect& effect : effects) {
    std::visit([this](const auto& each) { carry_out(each); }, effect);
  }
}

void LeaderKit::carry_out(const SendBytes& effect) {
  if (tells) tells(effect);
  Message message = *decode_message(effect.bytes);
  if (std::holds_alternative<Announce>(message.body)) {
    post([this] { join(); });
    post([this] { send(); });
  } else if (const auto* answers = std::get_if<Answers>(&message.body)) {
    for (const Answer& each : answers->answers) model_.answer(answers->client, each);
  } else if (auto* rows = std::get_if<QueryResult>(&message.body)) {
    rows_ = std::move(*rows);
  } else if (auto* chunk = std::get_if<TransferChunk>(&message.body)) {
    chunk_ = std::move(*chunk);
  } else if (auto* range = std::get_if<Range>(&message.body)) {
    range_ = std::move(*range);
  } else if (const auto* done = std::get_if<CheckpointDone>(&message.body)) {
    if (const auto* index = std::get_if<Index>(&done->result)) model_.checkpoint = *index;
  } else if (const auto* refused = std::get_if<SchemaRefused>(&message.body)) {
    model_.errors.push_back(refused->error);
  } else if (const auto* failed = std::get_if<LeaderFailed>(&message.body); failed && effect.to) {
    model_.errors.push_back(failed->error);
  }
}

void LeaderKit::carry_out(const SetTimer& effect) {
  timer_ = now_ + effect.delay;
}

void LeaderKit::carry_out(const QueryLocks& /*effect*/) {
  post([this, began = now_] {
    std::set<ClientId> tabs = others;
    tabs.insert({kLeaderTab, model_.client});
    carry_out(host_->step(
        leader::Input{leader::LocksSeen{.began = began, .held = true, .tabs = std::move(tabs)}}));
  });
}

void LeaderKit::carry_out(const ArmBatch& /*effect*/) {
  post([this] { carry_out(host_->step(leader::Input{leader::BatchDue{}})); });
}

void LeaderKit::carry_out(const ArmWork& /*effect*/) {
  post([this] { carry_out(host_->work()); });
}

void LeaderKit::carry_out(const Answer& effect) {
  ADD_FAILURE() << "the leading tab's page appends nothing, and is told of " << effect.number.value;
}

storage::Slot LeaderKit::create(const char* directory) {
  std::string name = std::string(directory) + std::to_string(1000 + ++model_.files);
  auto file = disk_.open(name);
  return storage::Slot{.name = std::move(name), .file = std::move(file.value())};
}

std::vector<storage::Slot> LeaderKit::open(const char* directory, std::size_t count) {
  auto slots = std::move(disk_.open_slots(directory).value());
  while (slots.size() < count) slots.push_back(create(directory));
  return slots;
}

void LeaderKit::carry_out(const OpenFiles& effect) {
  post([this, effect] {
    storage::StoreFiles files{.log = open("log/", effect.log_slots),
                              .pool = open("pool/", effect.pool_slots)};
    carry_out(host_->open(FilesOpened{.files = std::move(files)}));
  });
}

void LeaderKit::add(Directory directory) {
  post([this, directory] {
    if (host_->store() == nullptr) return;
    const char* name = directory == Directory::kLog ? "log/" : "pool/";
    carry_out(host_->add(SlotAdded{.directory = directory, .slot = create(name)}));
  });
}

void LeaderKit::carry_out(const KeepSnapshot& /*effect*/) {}  // nothing depends on it

void LeaderKit::carry_out(const WantSlots& effect) {
  for (std::size_t i = 0; i < effect.log_slots; ++i) add(Directory::kLog);
  for (std::size_t i = 0; i < effect.pool_slots; ++i) add(Directory::kPool);
}

void LeaderKit::carry_out(const CloseFiles& /*effect*/) {}

// The one tab that there is forks from nobody.
void LeaderKit::carry_out(LockAction action) {
  if (action != LockAction::kRelease) return;
  if (++grants_ >= kGrantsMax) return;
  post([this] { carry_out(host_->step(node::LockGranted{})); });
}

void LeaderKit::carry_out(const RoleChanged& /*effect*/) {}

void LeaderKit::carry_out(const Error& effect) {
  model_.errors.push_back(effect);
}

// ---- requests

Event todo(std::int64_t id, std::string title) {
  return {.type = "todo.added",
          .args = {{.name = "id", .value = id}, {.name = "title", .value = std::move(title)}}};
}

Payload events(std::vector<Event> events) {
  return events;
}

Payload one(std::int64_t id, std::string title) {
  return std::vector{todo(id, std::move(title))};
}

Payload exec(std::string sql) {
  return Exec{.sql = std::move(sql)};
}

}  // namespace tablog::host
