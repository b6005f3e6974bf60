#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/simulator/simulation.h"

namespace tablog::simulator {
namespace {

TEST(SimulatorTest, TheSameSeedTwiceGivesTheSameTrace) {
  const Outcome first = Simulation(7, Trace::kHash).run();
  const Outcome second = Simulation(7, Trace::kHash).run();
  EXPECT_EQ(first.trace_hash, second.trace_hash);
  EXPECT_EQ(first.entries, second.entries);
  EXPECT_NE(first.trace_hash, Simulation(8, Trace::kHash).run().trace_hash);
}

// Every bug that the simulator has found keeps its seed.
TEST(SimulatorTest, SeedsThatFoundABugPass) {
  std::ifstream file(TABLOG_SOURCE_DIR "/tests/simulator/seeds.txt");
  ASSERT_TRUE(file);
  for (std::string line; std::getline(file, line);) {
    std::uint64_t seed = 0;
    if (line.starts_with('#') || !(std::istringstream(line) >> seed)) continue;
    const Outcome outcome = Simulation(seed, Trace::kHash).run();
    EXPECT_FALSE(outcome.failure) << "FAIL seed=" << seed << " tick=" << outcome.failure->tick
                                  << ": " << outcome.failure->what << "; rerun: ./dev sim " << seed;
  }
}

}  // namespace
}  // namespace tablog::simulator
