// tablog_simulator SEED [--trace | --messages]: one run. tablog_simulator --seeds 1..100: many.
// A failure names its seed; the same seed gives the same run.
#include <charconv>
#include <cstdio>
#include <optional>
#include <string_view>
#include <vector>

#include "tests/simulator/simulation.h"

namespace tablog::simulator {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

unsigned long long printed(std::uint64_t value) {
  return value;
}

using Counts = std::map<std::string, std::pair<std::uint64_t, std::uint64_t>>;  // in seeds; times

bool run(std::uint64_t seed, Trace trace, Counts& faults) {
  const Outcome outcome = Simulation(seed, trace).run();
  for (const auto& [fault, times] : outcome.faults) {
    auto& [in_seeds, in_all] = faults[fault];
    ++in_seeds;
    in_all += times;
  }
  if (outcome.failure) {
    std::printf("FAIL seed=%llu tick=%llu: %s; rerun: ./dev sim %llu\n", printed(seed),
                printed(outcome.failure->tick), outcome.failure->what.c_str(), printed(seed));
    return false;
  }
  std::printf("ok seed=%llu entries=%llu acknowledged=%llu terms=%llu trace=%016llx\n",
              printed(seed), printed(outcome.entries), printed(outcome.acknowledged),
              printed(outcome.term.value), printed(outcome.trace_hash));
  return true;
}

int run_all(std::uint64_t first, std::uint64_t last) {
  std::uint64_t passed = 0;
  std::uint64_t failed = 0;
  Counts faults;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    ++(run(seed, Trace::kHash, faults) ? passed : failed);
    std::fflush(stdout);
  }
  for (const auto& [fault, counts] : faults) {
    std::printf("%s: %llu times in %llu seeds\n", fault.c_str(), printed(counts.second),
                printed(counts.first));
  }
  std::printf("%llu passed, %llu failed\n", printed(passed), printed(failed));
  return failed == 0 ? 0 : 1;
}

int usage() {
  std::fprintf(
      stderr,
      "tablog_simulator SEED [--trace | --messages]\ntablog_simulator --seeds FIRST..LAST\n");
  return 2;
}

int main(const std::vector<std::string_view>& arguments) {
  if (arguments.size() == 2 && arguments[0] == "--seeds") {
    const auto dots = arguments[1].find("..");
    if (dots == std::string_view::npos) return usage();
    const auto first = number(arguments[1].substr(0, dots));
    const auto last = number(arguments[1].substr(dots + 2));
    return first && last ? run_all(*first, *last) : usage();
  }
  if (arguments.empty() || arguments.size() > 2) return usage();
  Trace trace = Trace::kHash;
  if (arguments.size() == 2) {
    if (arguments[1] != "--trace" && arguments[1] != "--messages") return usage();
    trace = arguments[1] == "--trace" ? Trace::kPrint : Trace::kMessages;
  }
  const auto seed = number(arguments[0]);
  if (!seed) return usage();
  Counts faults;
  return run(*seed, trace, faults) ? 0 : 1;
}

}  // namespace
}  // namespace tablog::simulator

int main(int count, char** words) {
  return tablog::simulator::main(std::vector<std::string_view>(words + 1, words + count));
}
