// The names of a pool's files. The official build stores `new URL(name,
// "file://localhost/").pathname` in a slot's header, so this is that function, for the names where
// browsers agree about it. Specification: https://url.spec.whatwg.org, path state. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tablog::storage {

// "/sp ace.db" -> "/sp%20ace.db", "a.db" -> "/a.db". An already encoded name stays as it is.
// nullopt: a name that a URL parser would rewrite in another way than by percent-encoding single
// bytes (a query, a fragment, dot segments, a host, a scheme, a backslash, …), or that is empty.
// SQLite appends
// "-wal" to names, so for those "name" and "name-wal" would no longer belong together.
[[nodiscard]] std::optional<std::string> url_pathname(std::string_view name);

// The name to show for a stored pathname: percent-decoded where url_pathname() leads back to it,
// the pathname itself where not. Any input is fine.
[[nodiscard]] std::string name_of_pathname(std::string_view pathname);

}  // namespace tablog::storage
