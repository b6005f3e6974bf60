// JsonFields: an object of somebody else's, field by field. The first thing that is wrong is kept,
// with the name of the field; what is asked for after it is given as zero, and means nothing.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "log/entry.h"
#include "tools/output.h"

namespace tablog::tools {

// Strict: the digits of base64 in whole groups, padded; none where it is not that.
[[nodiscard]] std::optional<Bytes> from_base64(std::string_view text);

class JsonFields {
 public:
  // `at`: of the object in its line, "" or "schema."; `error` is shared by those of one line.
  JsonFields(const Json& object, std::string at, std::string& error);

  [[nodiscard]] bool has(const char* name) const;
  // Null where it is missing, which is wrong.
  const Json& take(const char* name);

  std::uint64_t unsigned_integer(const char* name, std::uint64_t max);
  std::int64_t integer(const char* name);
  std::uint64_t hex64(const char* name);
  std::string text(const char* name);
  Bytes bytes(const char* name);  // base64
  template <class Id>
  Id id(const char* name) {
    return Id{.bytes = id_bytes(name)};
  }
  template <class Id>
  std::optional<Id> id_or_null(const char* name) {
    return take(name).is_null() ? std::nullopt : std::optional(id<Id>(name));
  }
  const Json& array(const char* name, std::size_t items_max);
  const Json& object(const char* name);

  // What one value says, wherever it stands.
  std::string text_of(const Json& value, const std::string& name);
  std::uint64_t unsigned_of(const Json& value, const std::string& name, std::uint64_t max);
  Value value_of(const Json& value, const std::string& name);

  // Nothing else is in it, and nothing twice.
  void finish();
  void fail(const std::string& name, const std::string& what);

 private:
  std::array<std::byte, 16> id_bytes(const char* name);

  const Json* object_;
  std::string at_;
  std::string& error_;
  std::size_t taken_{};
  const Json* last_{};  // of what was taken: asked for twice, it counts once
};

}  // namespace tablog::tools
