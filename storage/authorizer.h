// Authorizer: what SQL may do, decided when it is compiled. An allowlist (DESIGN section 7): what
// is not named here is refused, so that an engine with new abilities grants none of them by itself.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "log/result.h"
#include "storage/changes.h"

namespace tablog::storage {

enum class Purpose : std::uint8_t {
  kOwn,           // statements of our own: everything
  kMaterializer,  // reads and row changes
  kDefinition,    // migrations and exec: also DDL
  kQuery,         // reads; also of functions that are not the same everywhere
};

// Whether the statement is compiled by us, or running: then what is compiled are the statements
// that a virtual table makes for itself, or our statement once more after a change of the schema.
enum class Phase : std::uint8_t { kPrepare, kStep };

class Authorizer {
 public:
  explicit Authorizer(sqlite3* db);  // installs itself; lives as long as the connection is used
  ~Authorizer();
  Authorizer(const Authorizer&) = delete;
  Authorizer& operator=(const Authorizer&) = delete;

  // What is compiled during the scope's life is judged by its purpose; outside of any it is ours.
  class Scope {
   public:
    Scope(Authorizer& authorizer, Purpose purpose, Phase phase);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Authorizer& authorizer_;
    Purpose purpose_;
    Phase phase_;
  };

  // The words for the last refusal, in place of SQLite's "not authorized"; other errors unchanged.
  [[nodiscard]] Error explain(Error error);

  // Tables that DDL was compiled for since the last call: what the digest has to read anew. The
  // names come as DDL spelled them. `changed` without names: an index, a view, a trigger.
  struct Definitions {
    bool changed{};
    std::set<std::string> tables;
  };
  [[nodiscard]] Definitions take_definitions();
  void begin_entry();  // forgets what an earlier entry defined

  // Tables and views that are read by what was compiled for queries since the last call.
  [[nodiscard]] TableNames take_reads() { return std::exchange(reads_, {}); }

  // Told which tables are virtual: their hidden column `rank` computes logarithms.
  void set_is_virtual(std::function<bool(std::string_view)> is_virtual);

 private:
  int judge(int action, std::string_view first, std::string_view second, std::string_view database);
  int judge_write(int action, std::string_view table);
  int judge_definition(int action, std::string_view first, std::string_view second);
  int judge_read(std::string_view table, std::string_view column);
  [[nodiscard]] bool is_virtual(std::string_view table) const;
  int judge_function(std::string_view name);
  int judge_pragma(std::string_view name, std::string_view value);
  int refuse(std::string words);

  sqlite3* db_;
  Purpose purpose_{Purpose::kOwn};
  Phase phase_{Phase::kPrepare};
  bool dropping_{};  // the statement that is compiled is a DROP
  std::string refusal_;
  Definitions definitions_;
  TableNames reads_;
  std::function<bool(std::string_view)> is_virtual_;
  std::set<std::string, std::less<>> new_virtual_tables_;  // that this entry makes
};

// The built-in functions of SQL, sorted by what replay may rely on. A test holds them to be all
// that this engine has.
enum class FunctionClass : std::uint8_t {
  kSame,     // gives the same everywhere
  kDiffers,  // depends on the math library, the connection's past or the file: queries only
  kUnknown,  // not in this engine version: nowhere
};
[[nodiscard]] FunctionClass classify_function(std::string_view name);

}  // namespace tablog::storage
