// What the command line tool takes on a long log: `tablog_tools_bench TABLOG MAKE_LOG [ENTRIES]`;
// `./dev bench --tools`. Each command runs as a process of its own, three times in turn; told are
// the medians of its time and its largest memory. Beside verify stands what reading and hashing the
// same bytes takes, so that the ratio means the same on any machine.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "log/byte_source.h"
#include "log/hash.h"
#include "storage/file_source.h"
#include "storage/posix_file.h"

namespace tablog::bench {
namespace {

namespace fs = std::filesystem;
using Seconds = std::chrono::duration<double>;
using Words = std::vector<std::string>;

constexpr int kRounds = 3;

struct Run {
  double seconds{};    // on a processor: on a busy machine the clock tells of the others
  double clock{};      // seconds
  double megabytes{};  // of memory, at most
};

double seconds_of(const rusage& usage) {
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

[[noreturn]] void give_up(const std::string& words) {
  std::cerr << words << '\n';
  std::exit(1);
}

Run run(const Words& words) {
  std::vector<char*> arguments;
  Words copy = words;
  for (std::string& word : copy) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const auto began = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    execv(arguments.front(), arguments.data());
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    give_up(words.at(1) + " failed");
  }
  const Seconds took = std::chrono::steady_clock::now() - began;
  return {.seconds = seconds_of(usage),
          .clock = took.count(),
          .megabytes = static_cast<double>(usage.ru_maxrss) / 1000};  // of KiB, as good as
}

Run median(std::vector<Run> runs) {
  std::ranges::sort(runs, {}, &Run::seconds);
  const Run middle = runs.at(runs.size() / 2);
  return {middle.seconds, middle.clock, std::ranges::max(runs, {}, &Run::megabytes).megabytes};
}

// As a reader of the log does it: in pieces, each hashed.
Run read_and_hash(const std::string& path) {
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  const auto began = std::chrono::steady_clock::now();
  auto file = storage::open_posix_file(path, storage::PosixMode::kReadOnly);
  if (!file) give_up(file.error().message);
  Bytes piece(Window::kChunkBytes);
  std::uint64_t sum = 0;
  for (std::uint64_t at = 0;;) {
    const auto got = (*file)->read(at, piece);
    if (!got) give_up(got.error().message);
    if (*got == 0) break;
    sum ^= hash64(ByteView(piece).first(*got));
    at += *got;
  }
  const Seconds took = std::chrono::steady_clock::now() - began;
  if (sum == 0) give_up("nothing was read");
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
  return {.seconds = seconds_of(after) - seconds_of(before), .clock = took.count()};
}

struct Measured {
  std::string name;
  Words words;
  std::vector<Run> runs{};
};

void print(const std::string& name, const Run& run, double entries) {
  std::printf("  %-28s %8.0f ms %8.0f ms %11.0f entries/s %6.0f MB\n", name.c_str(),
              run.clock * 1000, run.seconds * 1000, entries / run.seconds, run.megabytes);
}

// Told, not asserted: what a machine takes is no test.
void judge(const std::string& what, double figure, const char* unit, double wanted, bool is_met) {
  std::printf("  %-44s %10.2f %s, wanted %.2f: %s\n", what.c_str(), figure, unit, wanted,
              is_met ? "met" : "MISSED");
}

int measure(const std::string& tablog, const std::string& make_log, const std::string& entries) {
  std::string pattern = fs::temp_directory_path() / "tablog-tools-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) give_up("no temporary directory");
  const fs::path directory = pattern;
  std::cout << "making a log of " << entries << " entries" << std::endl;
  run({make_log, entries, directory.string()});
  const std::string log = directory / "log.tablog";
  const std::string files = directory / "g0";
  const double count = std::strtod(entries.c_str(), nullptr);
  const std::string last = std::to_string(static_cast<std::uint64_t>(count));
  std::vector<Measured> all{
      {"info", {tablog, "info", log}},
      {"info, of the files", {tablog, "info", files}},
      {"verify", {tablog, "verify", log}},
      {"dump -o ndjson", {tablog, "dump", log, "-o", "ndjson"}},
      {"dump --where", {tablog, "dump", log, "--where", "id = 7", "-o", "ndjson"}},
      {"stats", {tablog, "stats", log}},
      {"get, of the last", {tablog, "get", log, last}},
      {"query", {tablog, "query", log, "SELECT count(*) FROM todo"}},
      {"verify --deep", {tablog, "verify", "--deep", log}},
      {"audit", {tablog, "audit", log}},
  };
  std::vector<Run> hashing;
  for (int round = 0; round < kRounds; ++round) {
    hashing.push_back(read_and_hash(log));
    for (Measured& each : all) each.runs.push_back(run(each.words));
  }
  std::cout << "\n"
            << fs::file_size(log) / 1'000'000 << " MB, medians of " << kRounds
            << ": by the clock, on a processor, entries per second of a processor, memory\n";
  double memory = 0;
  for (const Measured& each : all) {
    print(each.name, median(each.runs), count);
    memory = std::max(memory, median(each.runs).megabytes);
  }
  const Run hashed = median(hashing);
  print("(reading and hashing alone)", hashed, count);
  const auto of = [&](const std::string& name) {
    return median(std::ranges::find(all, name, &Measured::name)->runs);
  };
  std::cout << '\n';
  const double info = std::max(of("info").seconds, of("info, of the files").seconds) * 1000;
  judge("info", info, "ms", 100, info < 100);
  const double verified = count / of("verify").seconds / 1e6;
  const double share = hashed.seconds / of("verify").seconds;
  judge("verify", verified, "million entries/s", 1, verified >= 1 || share >= 0.5);
  judge("  or of reading and hashing alone", share, "of its speed", 0.5,
        verified >= 1 || share >= 0.5);
  const double dumped = count / of("dump -o ndjson").seconds / 1e6;
  judge("dump -o ndjson", dumped, "million entries/s", 0.2, dumped >= 0.2);
  judge("memory, of the largest", memory, "MB", 200, memory < 200);
  fs::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace tablog::bench

int main(int count, char** arguments) {
  if (count < 3 || count > 4) {
    std::cerr << "usage: tablog_tools_bench TABLOG MAKE_LOG [ENTRIES]\n";
    return 2;
  }
  return tablog::bench::measure(arguments[1], arguments[2], count == 4 ? arguments[3] : "1000000");
}
