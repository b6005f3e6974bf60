#include "storage/url_path.h"

#include <algorithm>
#include <cstdint>

namespace tablog::storage {
namespace {

constexpr std::string_view kUpperHex = "0123456789ABCDEF";

[[nodiscard]] bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20;
}

[[nodiscard]] bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

[[nodiscard]] bool is_percent_encoded(char c) {
  return static_cast<unsigned char>(c) >= 0x7f || std::string_view(" \"<>`{}").contains(c);
}

// '?' and '#' end a path, '\\' becomes '/', control characters may be dropped; '^' is encoded by
// newer browsers and not by older ones.
[[nodiscard]] bool is_refused(char c) {
  return is_control(c) || std::string_view("?#\\^").contains(c);
}

[[nodiscard]] int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

[[nodiscard]] std::string percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low < 0) {
      decoded += text[i];
    } else {
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

[[nodiscard]] bool is_dot_segment(std::string_view segment) {
  if (segment.size() > std::string_view("%2e%2e").size()) return false;
  const std::string plain = percent_decode(segment);
  return (plain == "." || plain == "..");
}

[[nodiscard]] bool has_dot_segment(std::string_view path) {
  while (true) {
    const auto slash = path.find('/');
    if (is_dot_segment(path.substr(0, slash))) return true;
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
}

// A scheme ("x:", only where no slash stands before it) or a drive letter ("c|", rewritten to
// "c:").
[[nodiscard]] bool has_scheme_or_drive(std::string_view name) {
  const bool absolute = name.starts_with('/');
  if (absolute) name.remove_prefix(1);
  const auto first = name.substr(0, name.find('/'));
  const bool drive = first.size() == 2 && is_alpha(first[0]) && first[1] == '|';
  return drive || (!absolute && first.contains(':'));
}

}  // namespace

std::optional<std::string> url_pathname(std::string_view name) {
  if (std::ranges::any_of(name, is_refused) || has_scheme_or_drive(name)) return std::nullopt;
  if (name.starts_with(' ') || name.ends_with(' ')) return std::nullopt;  // would be trimmed
  if (name.starts_with('/')) name.remove_prefix(1);
  if (name.empty() || name.starts_with('/') || has_dot_segment(name)) return std::nullopt;

  std::string pathname = "/";
  for (const char c : name) {
    if (is_percent_encoded(c)) {
      const auto byte = static_cast<std::uint8_t>(c);
      pathname += '%';
      pathname += kUpperHex[byte >> 4U];
      pathname += kUpperHex[byte & 0xfU];
    } else {
      pathname += c;
    }
  }
  return pathname;
}

std::string name_of_pathname(std::string_view pathname) {
  std::string name = percent_decode(pathname);
  return url_pathname(name) == pathname ? name : std::string(pathname);
}

}  // namespace tablog::storage
