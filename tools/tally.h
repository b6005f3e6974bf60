// Tally: how many entries of what a log has, and how large they are, in bounded memory.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tools/reading.h"

namespace tablog::tools {

// Of entries that have something in common.
struct Share {
  std::uint64_t entries{};
  std::uint64_t bytes{};  // of their bodies
  Index first{};
  Index last{};
};

// Numbers by their binary order of magnitude: bucket i has those from 2^(i-1) to 2^i - 1.
struct Magnitudes {
  std::array<std::uint64_t, 64> buckets{};
  std::uint64_t count{};
  std::uint64_t sum{};
  std::uint64_t max{};
  void add(std::uint64_t number);
};

// Entries per span of time. The spans become longer where there would be too many of them.
class Timeline {
 public:
  static constexpr std::size_t kSpansMax = 4096;
  void add(std::int64_t time_ms);
  struct Span {
    std::int64_t begin_ms{};
    std::uint64_t entries{};
  };
  // At most `spans_max`, of one length, the empty ones between two others included.
  [[nodiscard]] std::vector<Span> spans(std::size_t spans_max) const;
  // Of a span of spans(spans_max).
  [[nodiscard]] std::int64_t length_ms(std::size_t spans_max) const;

 private:
  [[nodiscard]] std::size_t longer(std::size_t length, std::size_t spans_max) const;
  std::map<std::int64_t, std::uint64_t> counts_;  // by the span's number since 1970
  std::size_t length_{};                          // which of the lengths
  std::int64_t last_number_{-1};
  std::uint64_t* last_{};  // most entries fall into the span of the one before
};

class Tally {
 public:
  static constexpr std::size_t kNamesMax = 10'000;  // of each map; more share kOthers
  static constexpr std::string_view kOthers = "(others)";

  std::uint64_t entries{};
  std::uint64_t batches{};
  std::map<std::string, Share> kinds{};
  std::unordered_map<std::string, Share> types{};    // of events
  std::unordered_map<std::string, Share> clients{};  // by id, hexadecimal
  std::map<std::uint64_t, Share> terms{};
  Magnitudes body_bytes{};
  Magnitudes batch_entries{};
  Timeline timeline{};

  void add(const Step& step);
  // The first of `terms` stands for all before it, too.
  [[nodiscard]] bool terms_joined() const { return terms_joined_; }

 private:
  void join_oldest_terms();
  bool terms_joined_{};
};

}  // namespace tablog::tools
