#include "tools/json_fields.h"

#include <algorithm>
#include <bit>
#include <charconv>

namespace tablog::tools {

namespace {

const Json kNothing;

std::optional<unsigned> digit_of(char character) {
  if (character >= 'A' && character <= 'Z') return character - 'A';
  if (character >= 'a' && character <= 'z') return character - 'a' + 26;
  if (character >= '0' && character <= '9') return character - '0' + 52;
  if (character == '+') return 62;
  if (character == '/') return 63;
  return std::nullopt;
}

template <class T>
std::optional<T> number_in(std::string_view text, int base) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

// Lower case only, all digits: one number has one text.
std::optional<std::uint64_t> hex_in(std::string_view text) {
  const bool digits =
      text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return digits ? number_in<std::uint64_t>(text, 16) : std::nullopt;
}

const std::string* text_in(const Json& value) {
  return value.get_ptr<const Json::string_t*>();
}

// The one member of {"$int": "…"} and the like; null: it is not that.
const std::string* tagged(const Json& value, std::string_view tag) {
  const auto* members = value.get_ptr<const Json::object_t*>();
  if (members == nullptr || members->size() != 1 || members->front().first != tag) {
    return nullptr;
  }
  return text_in(members->front().second);
}

template <class T>
std::optional<T> integer_in(const Json& value) {
  if (const std::string* digits = tagged(value, "$int")) {
    return number_in<T>(*digits, 10);
  }
  if (const auto* number = value.get_ptr<const Json::number_unsigned_t*>()) {
    return std::in_range<T>(*number) ? std::optional(static_cast<T>(*number)) : std::nullopt;
  }
  if (const auto* number = value.get_ptr<const Json::number_integer_t*>()) {
    return std::in_range<T>(*number) ? std::optional(static_cast<T>(*number)) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<double> float_in(const Json& value) {
  if (const auto* number = value.get_ptr<const Json::number_float_t*>()) {
    return *number;
  }
  const std::string* word = tagged(value, "$float");
  if (word == nullptr) return std::nullopt;
  if (*word == "inf") return std::numeric_limits<double>::infinity();
  if (*word == "-inf") return -std::numeric_limits<double>::infinity();
  if (*word == "nan") return std::numeric_limits<double>::quiet_NaN();
  const auto bits = hex_in(*word);
  return bits ? std::optional(std::bit_cast<double>(*bits)) : std::nullopt;
}

std::optional<std::string> string_in(const Json& value) {
  if (const std::string* text = text_in(value)) {
    return *text;
  }
  const std::string* encoded = tagged(value, "$text");
  const auto bytes = encoded == nullptr ? std::nullopt : from_base64(*encoded);
  if (!bytes) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

std::optional<Value> value_in(const Json& value) {
  if (value.is_null()) return Value(std::monostate{});
  if (auto text = string_in(value)) return Value(*std::move(text));
  if (const auto integer = integer_in<std::int64_t>(value)) return Value(*integer);
  if (const auto number = float_in(value)) return Value(*number);
  const std::string* encoded = tagged(value, "$blob");
  auto bytes = encoded == nullptr ? std::nullopt : from_base64(*encoded);
  return bytes ? std::optional(Value(*std::move(bytes))) : std::nullopt;
}

}  // namespace

std::optional<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  Bytes bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t at = 0; at < text.size(); at += 4) {
    const std::size_t digits = at + 4 == text.size() ? 4 - padding : 4;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const auto digit = i < digits ? digit_of(text[at + i]) : std::optional(0U);
      if (!digit) return std::nullopt;
      group = group << 6U | *digit;
    }
    for (std::size_t i = 0; i + 1 < digits; ++i) {
      bytes.push_back(static_cast<std::byte>(group >> (16 - 8 * i)));
    }
    if ((group & ((1U << (8 * (4 - digits))) - 1)) != 0) return std::nullopt;  // of what is padded
  }
  return bytes;
}

JsonFields::JsonFields(const Json& object, std::string at, std::string& error)
    : object_(&object), at_(std::move(at)), error_(error) {
  if (!object.is_object() && error_.empty()) {
    error_ = at_.empty() ? "not an object"
                         : "\"" + at_.substr(0, at_.size() - 1) + "\" is not an object";
  }
}

void JsonFields::fail(const std::string& name, const std::string& what) {
  if (error_.empty()) error_ = "\"" + at_ + name + "\" " + what;
}

bool JsonFields::has(const char* name) const {
  return object_->is_object() && object_->find(name) != object_->end();
}

const Json& JsonFields::take(const char* name) {
  const auto found = object_->is_object() ? object_->find(name) : object_->end();
  if (found == object_->end()) {
    fail(name, "is missing");
    return kNothing;
  }
  if (&*found != last_) ++taken_;
  last_ = &*found;
  return *found;
}

std::uint64_t JsonFields::unsigned_of(const Json& value, const std::string& name,
                                      std::uint64_t max) {
  const auto number = integer_in<std::uint64_t>(value);
  if (!number || *number > max) {
    fail(name, "is not an integer from 0 to " + std::to_string(max));
    return 0;
  }
  return *number;
}

std::uint64_t JsonFields::unsigned_integer(const char* name, std::uint64_t max) {
  return unsigned_of(take(name), name, max);
}

std::int64_t JsonFields::integer(const char* name) {
  const auto number = integer_in<std::int64_t>(take(name));
  if (!number) fail(name, "is not an integer of 64 bits");
  return number.value_or(0);
}

std::uint64_t JsonFields::hex64(const char* name) {
  const std::string* text = text_in(take(name));
  const auto number = text == nullptr ? std::nullopt : hex_in(*text);
  if (!number) fail(name, "is not 16 hexadecimal digits");
  return number.value_or(0);
}

std::array<std::byte, 16> JsonFields::id_bytes(const char* name) {
  std::array<std::byte, 16> bytes{};
  const std::string* text = text_in(take(name));
  const std::string_view digits = text == nullptr ? std::string_view() : *text;
  const auto high = hex_in(digits.substr(0, 16));
  const auto low = hex_in(digits.substr(std::min<std::size_t>(16, digits.size())));
  if (!high || !low) {
    fail(name, "is not 32 hexadecimal digits");
    return bytes;
  }
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::byte>(*high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<std::byte>(*low >> (56 - 8 * i));
  }
  return bytes;
}

std::string JsonFields::text_of(const Json& value, const std::string& name) {
  auto text = string_in(value);
  if (!text) fail(name, "is not a text");
  return std::move(text).value_or("");
}

std::string JsonFields::text(const char* name) {
  return text_of(take(name), name);
}

Bytes JsonFields::bytes(const char* name) {
  const std::string* text = text_in(take(name));
  auto bytes = text == nullptr ? std::nullopt : from_base64(*text);
  if (!bytes) fail(name, "is not base64");
  return std::move(bytes).value_or(Bytes{});
}

Value JsonFields::value_of(const Json& value, const std::string& name) {
  auto read = value_in(value);
  if (!read) fail(name, "is no value that a log can hold");
  return std::move(read).value_or(Value{});
}

const Json& JsonFields::array(const char* name, std::size_t items_max) {
  const Json& value = take(name);
  if (!value.is_array() || value.size() > items_max) {
    fail(name, "is not an array of at most " + std::to_string(items_max));
    return kNothing;
  }
  return value;
}

const Json& JsonFields::object(const char* name) {
  const Json& value = take(name);
  if (!value.is_object()) fail(name, "is not an object");
  return value;
}

void JsonFields::finish() {
  if (!error_.empty() || taken_ == object_->size()) return;
  // Rare, so found by asking for each: one that no getter took, or the second of a name.
  error_ = at_.empty()
               ? "a field is unknown, or there twice"
               : "a field of \"" + at_.substr(0, at_.size() - 1) + "\" is unknown, or there twice";
}

}  // namespace tablog::tools
