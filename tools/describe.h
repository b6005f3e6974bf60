// Describe: an entry as a line for a person, and as JSON. The JSON is what the API's `store.read()`
// gives (web/src/log_entry.ts), with the values that JSON lacks as tools/README.md#values says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "log/entry.h"
#include "tools/output.h"

namespace tablog::tools {

// "event", "exec", "void", "term", "schema", "checkpoint", "close", as EntryBody has them.
[[nodiscard]] std::vector<std::string> kinds();
[[nodiscard]] std::string_view kind_of(const Entry& entry);

// What it says, on one line: todo.added id=1 title='Milk'.
[[nodiscard]] std::string summary_of(const Entry& entry);

[[nodiscard]] Json json_of(const Value& value);
// {column: value}; columns with one name are told apart by the caller.
[[nodiscard]] Json json_of(const std::vector<std::string>& columns, const std::vector<Value>& row);
[[nodiscard]] Json json_of(const Entry& entry);
[[nodiscard]] Shape entry_shape();  // of json_of(entry), whatever its kind

// The same, and what only the log knows: wall clock, seed, hashes, the whole schema.
[[nodiscard]] Json json_in_full(const Entry& entry);

[[nodiscard]] std::string base64(ByteView bytes);

}  // namespace tablog::tools
