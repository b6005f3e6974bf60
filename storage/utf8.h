// is_utf8(): whether text is well-formed UTF-8 (no overlong forms, no surrogates, at most
// U+10FFFF).
#pragma once

#include <string_view>

namespace tablog::storage {

[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace tablog::storage
