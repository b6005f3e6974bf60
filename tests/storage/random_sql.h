// Random SQL over every shape of table, with triggers, cascades, conflicts and DDL on the way,
// where a good part of the statements fail.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "log/batch.h"

namespace tablog::storage {

extern const char* const kRandomTables;  // a migration

class RandomSql {
 public:
  explicit RandomSql(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] std::string statement();
  // One to six requests of one to two statements each; `script` is what they say.
  [[nodiscard]] std::vector<BatchItem> batch(std::uint32_t schema_version, std::string& script);
  [[nodiscard]] std::size_t pick(std::size_t below) {
    return static_cast<std::size_t>(random_() % below);
  }

 private:
  [[nodiscard]] std::string ddl();
  [[nodiscard]] std::string conflict();
  [[nodiscard]] std::string value();
  [[nodiscard]] std::string values(int count);
  [[nodiscard]] std::string small(std::size_t below) { return std::to_string(pick(below)); }

  std::mt19937_64 random_;
};

}  // namespace tablog::storage
