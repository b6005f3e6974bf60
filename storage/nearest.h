// nearest(): the name that was probably meant, for error messages.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tablog::storage {

// Of `known`, the one with the fewest edits to `name`, if they are few enough to be a slip (at most
// half of its length). The first of equals.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view name,
                                                      std::span<const std::string_view> known);

}  // namespace tablog::storage
