#include "tests/simulator/tab.h"

#include <algorithm>
#include <utility>

#include "tests/simulator/workload.h"
#include "web/host/bytes.h"

namespace tablog::simulator {

using namespace std::chrono_literals;

namespace {

// The one integer of a result of one row: docs/boundary.md#encoding.
std::optional<std::int64_t> single_number(ByteView rows) {
  host::Reader reader(rows);
  for (std::uint32_t columns = reader.count(4); columns > 0; --columns) (void)reader.text();
  if (reader.u32() != 1) return std::nullopt;
  const Value value = reader.value();
  const auto* number = std::get_if<std::int64_t>(&value);
  return reader.done() && number != nullptr ? std::optional(*number) : std::nullopt;
}

}  // namespace

Tab::Tab(Origin& origin, std::string name, const TabOptions& options)
    : origin_(origin),
      name_(std::move(name)),
      options_(options),
      client_(origin.world.random().id<ClientId>()),
      page_(std::make_shared<Thread>(origin.world, name_)) {
  origin_.world.trace(name_, "opens");
  origin_.channels.name(client_, name_);
  // Granted before the first request: nobody else asks for a name that was minted here.
  origin_.locks.request(kTabLocks + to_hex(client_.bytes), name_, [] {});
  start_replica();
  start_leader();
}

Tab::~Tab() {
  kill();
}

void Tab::start_replica() {
  const std::uint64_t incarnation = ++incarnation_;
  noted_ = 0;
  const auto hear_it = [this, incarnation](const ToPage& what) {
    page_->post([this, incarnation, what] {
      if (alive_ && incarnation == incarnation_) hear(what);
    });
  };
  replica_ = std::make_unique<ReplicaWorker>(
      origin_, client_, name_ + "/replica" + std::to_string(incarnation), options_, hear_it);
  std::vector<RequestNumber> numbers;
  for (const auto& [number, each] : unanswered_) numbers.push_back(number);
  if (!numbers.empty()) send(numbers);
}

void Tab::start_leader() {
  if (leader_) {
    leader_->kill();
    dead_leaders_.push_back(std::move(leader_));
  }
  const std::uint64_t life = ++leader_life_;
  leader_ = std::make_unique<LeaderWorker>(
      origin_, client_, name_ + "/leader" + std::to_string(life), options_.version,
      [this, life](const replica::Settled& settled) {
        page_->post([this, life, settled] {
          if (alive_ && life == leader_life_) hear(settled);
        });
      });
}

void Tab::restart_replica() {
  origin_.world.trace(name_, "its replica worker dies");
  replica_->kill();
  dead_replicas_.push_back(std::move(replica_));
  questions_.clear();  // the page asks again; here it just asks others
  current_call_.reset();
  start_replica();
}

void Tab::restart_leader() {
  origin_.world.trace(name_, "its leader worker dies");
  start_leader();
}

void Tab::close() {
  closing_ = true;
  replica_->post(replica::Close{.call = ++last_call_});
  origin_.world.after(5ms, [this] {
    if (!pause_) kill();  // else when it goes on
  });
}

void Tab::kill() {
  if (!std::exchange(alive_, false)) return;
  origin_.world.trace(name_, "ends");
  page_->kill();
  replica_->kill();
  leader_->kill();
  origin_.locks.uncache(name_);
  origin_.locks.abandon(name_, origin_.world.random().between(1ms, 30ms));
  origin_.checker.died(client_);
}

// ---- a page that stands still ----------------------------------------------------------------

void Tab::stand_still(const std::vector<Thread*>& threads) {
  for (Thread* thread : threads) thread->stand_still();
}

void Tab::pause(Pause how) {
  static constexpr const char* kHow[] = {"is stopped", "is frozen",
                                         "goes into the back/forward cache",
                                         "goes into the back/forward cache with its leader worker"};
  if (!is_running()) return;
  origin_.world.trace(name_, kHow[static_cast<std::size_t>(how)]);
  pause_ = how;
  ++pauses_;
  if (how == Pause::kFrozen || how == Pause::kCached) leader_->kill();
  if (how != Pause::kStopped) replica_->post(replica::Visibility{.visible = false});
  stand_still({page_.get(), &replica_->thread(), &leader_->thread()});
  if (how != Pause::kCached && how != Pause::kCachedLeading) return;
  origin_.locks.cache(name_, [this, pause = pauses_] {
    if (!alive_ || !pause_ || pause != pauses_) return;
    origin_.world.trace(name_, "is evicted from the back/forward cache");
    kill();
  });
}

void Tab::stop_for(microseconds time) {
  if (!is_running()) return;
  origin_.world.trace(name_, "is stopped within a step");
  pause_ = Pause::kStopped;
  ++pauses_;
  stopped_until_ = origin_.world.now() + time;
  leader_->thread().spend(time);
  stand_still({page_.get(), &replica_->thread()});
  origin_.world.at(stopped_until_, [this] { go_on(); });
}

void Tab::go_on() {
  if (!alive_ || !pause_ || origin_.world.now() < stopped_until_) return;
  const Pause how = *std::exchange(pause_, std::nullopt);
  origin_.world.trace(name_, "goes on");
  origin_.locks.uncache(name_);
  for (Thread* thread : {page_.get(), &replica_->thread(), &leader_->thread()}) thread->go_on();
  if (how != Pause::kStopped) replica_->post(replica::Visibility{.visible = true});
  if (closing_) return kill();
  if (how == Pause::kFrozen || how == Pause::kCached) start_leader();
}

// ---- the app -----------------------------------------------------------------------------------

RequestNumber Tab::settled_through() const {
  return unanswered_.empty() ? last_ : RequestNumber{unanswered_.begin()->first.value - 1};
}

std::string Tab::next_label() const {
  return name_ + '#' + std::to_string(last_.value + 1);
}

AppendRequest Tab::new_request(Payload payload) {
  last_ = next(last_);
  return AppendRequest{.number = last_, .payload = std::move(payload)};
}

void Tab::append_some() {
  if (closing_ || pending() > 400) return;
  Random& random = origin_.world.random();
  std::vector<AppendRequest> requests;
  for (std::uint64_t i = random.one_in(10) ? random.below(60) : random.between(std::uint64_t{1}, 4);
       i > 0; --i) {
    AppendRequest request =
        new_request(random_payload(random, next_label(), client_, options_.version));
    request.durability = random.one_in(3) ? Durability::kRelaxed : Durability::kFull;
    if (random.one_in(25)) request.expected_index = replica_->replica().applied();
    requests.push_back(std::move(request));
  }
  issue(std::move(requests));
}

void Tab::append(std::vector<Payload> payloads, Durability durability) {
  std::vector<AppendRequest> requests;
  for (Payload& payload : payloads) {
    requests.push_back(new_request(std::move(payload)));
    requests.back().durability = durability;
  }
  issue(std::move(requests));
}

void Tab::append_note() {
  if (closing_) return;
  append(
      {std::vector<Event>{note(origin_.world.random(), next_label(), client_, options_.version)}},
      Durability::kFull);
}

void Tab::issue(std::vector<AppendRequest> requests) {
  std::vector<RequestNumber> numbers;
  for (AppendRequest& request : requests) {
    origin_.checker.issued(client_, request, replica_->replica().store());
    const RequestNumber number = request.number;
    numbers.push_back(number);
    unanswered_.emplace(number, Unanswered{.request = std::move(request)});
  }
  if (!numbers.empty()) send(numbers);
}

void Tab::withdraw_one() {
  if (unanswered_.empty()) return;
  withdraw(std::next(unanswered_.begin(),
                     static_cast<std::ptrdiff_t>(origin_.world.random().below(unanswered_.size())))
               ->first);
}

void Tab::withdraw(RequestNumber number) {
  const auto each = unanswered_.find(number);
  if (each == unanswered_.end()) return;
  each->second.withdrawn = true;
  origin_.checker.withdrawn(client_, number);
  send({number});
}

void Tab::send(const std::vector<RequestNumber>& numbers) {
  replica::Appends appends;
  for (const RequestNumber number : numbers) {
    const Unanswered& each = unanswered_.at(number);
    AppendRequest request = each.request;
    request.settled_through = settled_through();
    if (each.withdrawn) request.payload = Void{};
    appends.requests.push_back(std::move(request));
  }
  // The page does so only where nothing else is on its way to the leader; here out of order, too.
  appends.handed = leader_->is_leading() && origin_.world.random().one_in(2);
  if (appends.handed) leader_->post(appends.requests);
  replica_->post(std::move(appends));
}

void Tab::ask(Question question, replica::Consistency consistency, const char* sql,
              std::vector<Argument> params) {
  const replica::CallId call = ++last_call_;
  question.losses = origin_.checker.losses();
  question.store = replica_->replica().store();
  questions_.emplace(call, question);
  replica_->post(replica::Query{.call = call,
                                .consistency = consistency,
                                .not_before = accepted_,
                                .noted = noted_,
                                .sql = sql,
                                .params = std::move(params)});
}

void Tab::ask_session() {
  if (origin_.world.random().one_in(4)) {
    return ask({.invariants = true}, replica::Consistency::kSession, kInvariants, {});
  }
  if (own_seen_losses_ != origin_.checker.losses()) own_seen_ = 0;
  ask({.expected = std::max(own_seen_, origin_.checker.notes_accepted(client_))},
      replica::Consistency::kSession, kCountNotes,
      {{.name = "client", .value = to_hex(client_.bytes)}});
}

// What was acknowledged to anybody, or seen by anybody, before the question was asked.
void Tab::ask_latest() {
  ask({.expected = origin_.checker.latest(), .latest = true}, replica::Consistency::kLinearizable,
      kCountAllNotes, {});
}

void Tab::read_log() {
  const std::uint64_t head = replica_->replica().applied().value;
  if (head == 0) return;
  const replica::CallId call = ++last_call_;
  questions_.emplace(call, Question{.losses = origin_.checker.losses(),
                                    .store = replica_->replica().store(),
                                    .log = true});
  replica_->post(replica::ReadLog{
      .call = call, .from = Index{1 + origin_.world.random().below(head)}, .to = Index{head}});
}

bool Tab::is_current() {
  if (pending() > 0) return false;  // asks when nothing is on its way any more
  if (!current_ && !current_call_) {
    ask_latest();
    current_call_ = last_call_;
  }
  return current_;
}

// ---- what the replica worker says --------------------------------------------------------------

void Tab::hear(const ToPage& what) {
  if (const auto* settled = std::get_if<replica::Settled>(&what)) return hear(*settled);
  if (const auto* replied = std::get_if<host::Replied>(&what)) return hear(*replied);
  if (std::holds_alternative<replica::Noted>(what)) {
    ++noted_;
    accepted_ = {};
    return;
  }
  if (std::holds_alternative<host::Suspects>(what)) return leader_->suspect();
  if (std::holds_alternative<host::Ready>(what)) return origin_.world.trace(name_, "is ready");
  hear(std::get<Error>(what));
}

void Tab::hear(const Error& error) {
  origin_.world.trace(name_, "error: " + error.message);
  outdated_ = outdated_ || error.code == ErrorCode::kSchemaTooOld;
  if (error.code == ErrorCode::kCorrupt) origin_.checker.told_corrupt(name_, error);
}

void Tab::hear(const replica::Settled& settled) {
  if (unanswered_.erase(settled.number) == 0) return;  // answered by an earlier worker
  const std::string number = '#' + std::to_string(settled.number.value);
  if (const auto* accepted = std::get_if<Accepted>(&settled.result)) {
    origin_.world.trace(name_, number + " -> " + std::to_string(accepted->first_index.value));
    accepted_ = std::max(accepted_, Index{accepted->first_index.value + accepted->count - 1});
    return origin_.checker.accepted(client_, settled.number, *accepted);
  }
  const Error& error = std::get<Error>(settled.result);
  origin_.world.trace(name_, number + " rejected: " + error.message);
  outdated_ = outdated_ || error.code == ErrorCode::kSchemaTooOld;
  if (error.code == ErrorCode::kCorrupt) origin_.checker.told_corrupt(name_, error);
  origin_.checker.rejected(client_, settled.number, error, settled.outcome);
}

void Tab::hear(const host::Replied& replied) {
  const auto found = questions_.find(replied.call);
  if (found == questions_.end()) return;
  const Question question = found->second;
  questions_.erase(found);
  const bool current = current_call_ == replied.call;
  if (current) current_call_.reset();
  if (const auto* error = std::get_if<Error>(&replied.result)) {
    if (error->code == ErrorCode::kCorrupt) return origin_.checker.told_corrupt(name_, *error);
    // SQLite's own words too: where it cannot read the schema's cookie it judges by an old schema.
    const bool of_deleted_files =
        origin_.checker.was_cleared() &&
        (error->code == ErrorCode::kStorageUnavailable || error->code == ErrorCode::kQueryFailed);
    const bool told = of_deleted_files || error->code == ErrorCode::kLeaderUnresponsive ||
                      (outdated_ && error->code == ErrorCode::kSchemaTooOld);
    if (!told) origin_.world.fail(name_ + " query: " + error->message);
    return;
  }
  if (const auto* read = std::get_if<host::RepliedEntries>(&replied.result)) {
    if (!origin_.checker.is_deleted(question.store)) origin_.checker.read(name_, read->entries);
    return;
  }
  const auto number = single_number(std::get<host::RepliedRows>(replied.result).rows);
  if (!number) origin_.world.fail(name_ + " gets rows that do not decode");
  check_rows(question, static_cast<std::uint64_t>(*number));
  current_ = current_ || current;
}

void Tab::check_rows(const Question& question, std::uint64_t rows) {
  Checker& checker = origin_.checker;
  if (question.invariants) {
    if (rows != 0) origin_.world.fail(name_ + " sees a state that breaks the app's invariants");
    return;
  }
  const StoreId store = replica_->replica().store();
  const bool same = store == question.store && question.losses == checker.losses();
  if (!same || checker.is_deleted(store)) return;  // what it was to see is gone
  if (rows < question.expected) {
    origin_.world.fail(name_ + " sees " + std::to_string(rows) + " notes, where " +
                       std::to_string(question.expected) +
                       " were acknowledged, or seen, before it asked");
  }
  const std::uint64_t issued =
      checker.notes_issued(question.latest ? std::nullopt : std::optional(client_));
  if (rows > issued) {
    origin_.world.fail(name_ + " sees " + std::to_string(rows) + " notes, where " +
                       std::to_string(issued) + " were issued");
  }
  if (question.latest) return checker.read_latest(rows);
  own_seen_ = std::max(own_seen_, rows);
  own_seen_losses_ = checker.losses();
}

}  // namespace tablog::simulator
