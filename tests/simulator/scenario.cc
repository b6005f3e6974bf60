#include "tests/simulator/scenario.h"

#include <utility>

#include "tests/simulator/ending.h"
#include "tests/simulator/workload.h"

namespace tablog::simulator {

using namespace std::chrono_literals;
using storage::FileFault;
using storage::FileOperation;

namespace {

constexpr std::uint64_t kSeed = 1;
constexpr microseconds kPatience = 30s;  // of `until`
constexpr const char* kThief = "a thief";
constexpr const char* kPoison = "poison poison poison poison poison poison";

microseconds ms(std::uint64_t count) {
  return std::chrono::milliseconds(count);
}

}  // namespace

Scenario::Scenario() : world_(kSeed, Trace::kMessages), origin_(world_), tabs_(origin_) {
  origin_.channels.set_weather({.delay_max = 200us});
  world_.set_listener([this](const std::string& line) { say(line); });
}

std::string Scenario::run(const std::string& script) {
  try {
    Words lines(script);
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty() && line.front() != '#') execute(line);
    }
    finish();
  } catch (const Failure& failure) {
    say("FAIL " + failure.what);
  }
  std::string text;
  for (const std::string& line : transcript_) text += line + '\n';
  return text;
}

void Scenario::say(const std::string& line) {
  if (transcript_.empty() || transcript_.back() != line) transcript_.push_back(line);
}

void Scenario::finish() {
  Ending ending(origin_, tabs_, [this](Tab& tab) {
    tab.kill();
    tabs_.open(tab.name() + "'", {.mode = tab.mode(), .version = 2});
  });
  world_.set_listener([](const std::string&) {});  // what comes now is the same everywhere
  ending.settle();
  ending.check();
  say("all is well: " +
      std::to_string(tabs_.leading()->leader().host().node().leader()->head().value) + " entries");
}

// ---- the script --------------------------------------------------------------------------------

void Scenario::execute(const std::string& line) {
  static const std::map<std::string, Command> kCommands = {
      {"open", &Scenario::open},
      {"wait", &Scenario::wait},
      {"until", &Scenario::wait_until},
      {"append", &Scenario::append},
      {"batch", &Scenario::append_batch},
      {"bad", &Scenario::append_bad},
      {"poison", &Scenario::append_poison},
      {"read", &Scenario::read},
      {"withdraw", &Scenario::withdraw},
      {"at", &Scenario::trap},
      {"power-loss", &Scenario::lose_power},
      {"lose", &Scenario::lose},
      {"double", &Scenario::twice},
      {"hold", &Scenario::hold},
      {"release", &Scenario::release},
      {"steal", &Scenario::steal},
      {"sleep", &Scenario::sleep},
      {"room", &Scenario::fill_disk},
      {"flip", &Scenario::flip},
      {"clear", &Scenario::clear},
  };
  line_ = line;
  say("= " + line);
  Words words(line);
  std::string what;
  words >> what;
  const auto command = kCommands.find(what);
  if (command == kCommands.end()) return act_on_tab(what, words);
  (this->*command->second)(words);
}

void Scenario::misunderstood(const std::string& what) const {
  world_.fail("the script has \"" + line_ + "\": " + what);
}

Tab& Scenario::tab(Words& words) {
  std::string name;
  words >> name;
  const auto found = named_.find(name);
  if (found == named_.end()) misunderstood("there is no tab " + name);
  return *found->second;
}

std::uint64_t Scenario::number(Words& words, std::uint64_t otherwise) {
  std::uint64_t value = 0;
  return words >> value ? value : otherwise;
}

void Scenario::pass(microseconds time) {
  const microseconds until = world_.now() + time;
  world_.at(until, [] {});
  while (world_.now() < until && world_.step()) {
  }
}

void Scenario::open(Words& words) {
  std::string name;
  words >> name;
  TabOptions options;
  for (std::string option; words >> option;) {
    if (option == "none") options.mode = replica::Mode::kNone;
    if (option == "v2") options.version = 2;
  }
  named_[name] = tabs_.open(name, options);
}

void Scenario::wait(Words& words) {
  pass(ms(number(words)));
}

void Scenario::wait_until(Words& words) {
  Tab& who = tab(words);
  std::string what;
  words >> what;
  const std::map<std::string, std::function<bool()>> kConditions = {
      {"leads", [&] { return who.leader().is_leading(); }},
      {"answered", [&] { return who.pending() == 0; }},
      {"dead", [&] { return !who.is_alive(); }},
      {"goes-on", [&] { return who.is_running(); }},
  };
  const auto condition = kConditions.find(what);
  if (condition == kConditions.end()) misunderstood("until what?");
  const microseconds deadline = world_.now() + kPatience;
  while (!condition->second() && world_.now() < deadline && world_.step()) {
  }
  if (!condition->second()) say("it does not come to that");
}

// ---- what apps do ------------------------------------------------------------------------------

Event Scenario::note_of(Tab& tab) {
  return note(world_.random(), tab.name() + std::to_string(++notes_), tab.client(), tab.version());
}

void Scenario::append(Words& words) {
  Tab& who = tab(words);
  Durability durability = Durability::kFull;
  std::uint64_t count = 1;
  for (std::string word; words >> word;) {
    if (word == "relaxed") {
      durability = Durability::kRelaxed;
    } else {
      count = std::stoull(word);
    }
  }
  std::vector<Payload> payloads;
  for (; count > 0; --count) payloads.emplace_back(std::vector<Event>{note_of(who)});
  who.append(std::move(payloads), durability);
}

void Scenario::append_batch(Words& words) {
  Tab& who = tab(words);
  std::vector<Event> events;
  for (std::uint64_t count = number(words, 2); count > 0; --count) events.push_back(note_of(who));
  who.append({std::move(events)}, Durability::kFull);
}

// A line of an order that nobody makes: the deferred key has no parent at the end.
void Scenario::append_bad(Words& words) {
  tab(words).append(
      {std::vector<Event>{
          Event{.type = "line.added", .args = {{.name = "order", .value = std::int64_t{7}}}}}},
      Durability::kFull);
}

// poison A N: N leaders die of it, when they write it
void Scenario::append_poison(Words& words) {
  Tab& who = tab(words);
  Event event = note_of(who);
  event.args.push_back({.name = "body", .value = std::string(kPoison)});
  std::erase_if(event.args, [](const Argument& each) {
    return each.name == "body" && each.value != Value(std::string(kPoison));
  });
  origin_.disk.add({.directory = "log/",
                    .operation = FileOperation::kWrite,
                    .containing = "poison",
                    .act = on_leader([](Tab& tab) { tab.kill(); }),
                    .count = number(words, 1)});
  who.append({std::vector<Event>{std::move(event)}}, Durability::kFull);
}

void Scenario::read(Words& words) {
  tab(words).read_log();
}

void Scenario::withdraw(Words& words) {
  Tab& who = tab(words);
  who.withdraw(RequestNumber{number(words)});
}

void Scenario::act_on_tab(const std::string& what, Words& words) {
  static const std::map<std::string, std::function<void(Tab&)>> kActs = {
      {"kill", [](Tab& tab) { tab.kill(); }},
      {"close", [](Tab& tab) { tab.close(); }},
      {"stop", [](Tab& tab) { tab.pause(Pause::kStopped); }},
      {"freeze", [](Tab& tab) { tab.pause(Pause::kFrozen); }},
      {"cache", [](Tab& tab) { tab.pause(Pause::kCached); }},
      {"cache-leading", [](Tab& tab) { tab.pause(Pause::kCachedLeading); }},
      {"go-on", [](Tab& tab) { tab.go_on(); }},
      {"restart-leader", [](Tab& tab) { tab.restart_leader(); }},
      {"restart-replica", [](Tab& tab) { tab.restart_replica(); }},
  };
  const auto act = kActs.find(what);
  if (act == kActs.end()) misunderstood("what?");
  act->second(tab(words));
}

// ---- what goes wrong ---------------------------------------------------------------------------

// at (log|pool).(write|flush) [after] [COUNT times] ACTION
void Scenario::trap(Words& words) {
  static const std::map<std::string, std::pair<const char*, FileOperation>> kCalls = {
      {"log.write", {"log/", FileOperation::kWrite}},
      {"log.flush", {"log/", FileOperation::kFlush}},
      {"pool.write", {"pool/", FileOperation::kWrite}},
      {"pool.flush", {"pool/", FileOperation::kFlush}}};
  std::string call;
  words >> call;
  const auto found = kCalls.find(call);
  if (found == kCalls.end()) misunderstood("at which call?");
  Trap trap{.directory = found->second.first, .operation = found->second.second};
  for (auto place = words.tellg();; place = words.tellg()) {
    std::string word;
    words >> word;
    if (word == "after") {
      trap.when = Trap::When::kAfter;
    } else if (word == "twice" || word == "thrice") {
      trap.count = word == "twice" ? 2 : 3;
    } else {
      words.seekg(place);
      break;
    }
  }
  trap.act = action(words);
  origin_.disk.add(std::move(trap));
}

std::function<std::optional<FileFault>()> Scenario::on_leader(std::function<void(Tab&)> act) {
  return [this, act = std::move(act)]() -> std::optional<FileFault> {
    if (const auto tab = tabs_.with_files()) act(*tab);
    return std::nullopt;
  };
}

std::function<std::optional<FileFault>()> Scenario::action(Words& words) {
  std::string what;
  words >> what;
  if (what == "fail") return [] { return FileFault{}; };
  if (what == "short") return [bytes = number(words)] { return FileFault{.bytes_done = bytes}; };
  if (what == "kill") return on_leader([](Tab& tab) { tab.kill(); });
  if (what == "stop") {
    return on_leader([time = ms(number(words, 1000))](Tab& tab) { tab.stop_for(time); });
  }
  if (what == "power-loss") {
    std::string loss;
    words >> loss;
    return on_leader([this, loss](Tab&) { lose_power_as(loss); });
  }
  misunderstood("what is to happen there?");
}

void Scenario::lose_power(Words& words) {
  std::string loss;
  words >> loss;
  lose_power_as(loss);
}

void Scenario::lose_power_as(const std::string& loss) {
  using storage::Loss;
  static const std::map<std::string, Loss> kLosses = {
      {"unflushed", Loss::kUnflushed}, {"torn", Loss::kTorn}, {"reordered", Loss::kReordered}};
  const auto found = kLosses.find(loss);
  if (found == kLosses.end()) misunderstood("what is lost?");
  world_.trace("world", "loses power");
  for (const auto& tab : tabs_.living()) tab->kill();
  origin_.disk.power_loss(storage::NewNames::kKept, found->second);
  storage::MemoryDisk files;
  origin_.disk.copy_to(files);
  origin_.checker.power_lost(files);
}

// lose|double|hold FROM TO [COUNT] WORDS…: the next messages of that kind
void Scenario::rule(Words& words, Rule::Fate fate) {
  Rule rule{.fate = fate};
  words >> rule.from >> rule.to >> rule.words;
  rule.count = number(words, 1);
  origin_.channels.add(std::move(rule));
}

void Scenario::release(Words& /*words*/) {
  origin_.channels.release();
}

// steal [MS until the holder hears of it] [MS until the thief lets go]
void Scenario::steal(Words& words) {
  const auto late = ms(number(words));
  origin_.locks.steal(kLeadLock, kThief, late);
  world_.after(ms(number(words)), [this] { origin_.locks.release(kLeadLock, kThief); });
}

void Scenario::sleep(Words& words) {
  world_.sleep(ms(number(words)));
}

void Scenario::fill_disk(Words& words) {
  std::uint64_t bytes = 0;
  origin_.disk.set_room(words >> bytes ? std::optional(bytes) : std::nullopt);
}

// flip SEGMENT OFFSET: of the log's files, in the order of their names
void Scenario::flip(Words& words) {
  const auto files = origin_.disk.log_names();
  const std::uint64_t segment = number(words);
  if (segment >= files.size()) misunderstood("there is no such file");
  origin_.disk.flip(files[segment], number(words), 3);
  origin_.checker.damaged();
}

void Scenario::clear(Words& /*words*/) {
  origin_.disk.clear();
  origin_.checker.cleared();
}

}  // namespace tablog::simulator
