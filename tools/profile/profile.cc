#include "tools/profile/profile.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <ranges>
#include <tuple>

#include "tools/profile/unnamed.h"
#include "tools/source.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

namespace fs = std::filesystem;

constexpr int kAttemptsMax = 8;
constexpr std::size_t kNameBytesMax = 4096;  // of a store: 1024 UTF-16 units

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// The beginning of a small text.
std::string read_text(const fs::path& path) {
  std::string text(kNameBytesMax, '\0');
  std::ifstream stream(path, std::ios::binary);
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

// ---- of an origin's files, a store's

int digit_of(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// As decodeName() of web/src/names.ts: percent signs stand for bytes.
std::string decode_name(std::string_view encoded) {
  std::string name;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    const bool escape = encoded[i] == '%' && i + 2 < encoded.size();
    const int high = escape ? digit_of(encoded[i + 1]) : -1;
    const int low = escape ? digit_of(encoded[i + 2]) : -1;
    if (high < 0 || low < 0) {
      name += encoded[i];
    } else {
      name += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return name;
}

struct Located {
  std::string key;  // of the store: its directory's name
  std::uint64_t generation{};
  std::string_view place;  // within the generation
};

// "tablog/notes/g0/log/a1": the store's key, 0, "log/a1".
std::optional<Located> locate(std::string_view path) {
  std::vector<std::string_view> parts;
  for (const auto part : std::views::split(path, '/')) parts.emplace_back(part);
  if (parts.size() < 4 || parts[0] != "tablog") return std::nullopt;
  const auto generation = generation_of(std::string(parts[2]));
  if (!generation) return std::nullopt;
  const auto begin = static_cast<std::size_t>(parts[3].data() - path.data());
  return Located{std::string(parts[1]), *generation, path.substr(begin)};
}

void add_file(ProfileGeneration& generation, std::string_view place, const fs::path& file) {
  if (place == "ready") {
    generation.whole = read_text(file) == ready_record(generation.number);
    return;
  }
  const bool log = place.starts_with("log/");
  if (!log && !place.starts_with("db/.opaque/")) return;
  (log ? generation.files.log : generation.files.pool).push_back(file.string());
  std::error_code error;
  const std::uint64_t bytes = fs::file_size(file, error);
  if (!error) generation.bytes += bytes;
  const auto changed = fs::last_write_time(file, error);
  if (error) return;
  const auto since = std::chrono::file_clock::to_sys(changed).time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  generation.changed_ms = std::max<std::int64_t>(generation.changed_ms, ms);
}

void describe(ProfileStore& store) {
  for (ProfileGeneration& generation : store.generations) {
    std::ranges::sort(generation.files.log);
    std::ranges::sort(generation.files.pool);
    generation.files.path = store.profile.string() + " (" + store_text(store) + ")";
    std::uint64_t unused = 0;
    for (const std::string& file : generation.files.log) {
      if (!store.id.is_zero()) break;
      store.id = store_of_segment(file, unused).value_or(StoreId{});
    }
  }
}

std::vector<ProfileStore> named_stores(const OriginFiles& origin, const ProfileStore& like) {
  std::map<std::string, std::map<std::uint64_t, ProfileGeneration>> found;
  for (const auto& [path, file] : origin.files) {
    const auto at = locate(path);
    if (!at) continue;
    auto [generation, added] = found[at->key].try_emplace(at->generation);
    generation->second.number = at->generation;
    // Behind the first, a copy is whole when its record says so.
    if (added) generation->second.whole = at->generation == 0;
    add_file(generation->second, at->place, file);
  }
  std::vector<ProfileStore> stores;
  for (auto& [key, generations] : found) {
    ProfileStore store = like;
    const auto record = origin.files.find("tablog/" + key + "/name");
    store.name = decode_name(key);
    // The name of a long one stands in a file, once that is written.
    if (record != origin.files.end() && key.contains('~')) {
      if (std::string name = read_text(record->second); !name.empty()) store.name = std::move(name);
    }
    for (auto& [number, generation] : generations) {
      if (!generation.files.log.empty()) store.generations.push_back(std::move(generation));
    }
    if (store.generations.empty()) continue;
    stores.push_back(std::move(store));
  }
  return stores;
}

std::vector<ProfileStore> unnamed_stores(const OriginFiles& origin, const ProfileStore& like) {
  std::vector<ProfileStore> stores;
  for (const UnnamedStore& found : find_unnamed(origin)) {
    ProfileGeneration generation{.number = found.generation};
    for (const fs::path& file : found.log) add_file(generation, "log/", file);
    for (const fs::path& file : found.pool) add_file(generation, "db/.opaque/", file);
    const bool same = !stores.empty() && stores.back().id == found.id;
    if (!same) {
      stores.push_back(like);
      stores.back().id = found.id;
    }
    stores.back().generations.push_back(std::move(generation));
  }
  return stores;
}

void take_stores(const OriginFiles& origin, const ProfileStore& like, ProfileStores& all) {
  for (const auto& find : {&named_stores, &unnamed_stores}) {
    for (ProfileStore& store : find(origin, like)) {
      describe(store);
      all.stores.push_back(std::move(store));
    }
  }
}

// ---- profiles

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// How a profile is told: by where it keeps private file systems, or by what every profile has.
std::optional<Browser> browser_of(const fs::path& path) {
  if (is_there(path / "File System") || is_there(path / "WebStorage") ||
      is_file(path / "Preferences")) {
    return Browser::kChromium;
  }
  const bool firefox = is_there(path / "storage" / "default") || is_file(path / "prefs.js") ||
                       is_file(path / "compatibility.ini");
  return firefox ? std::optional(Browser::kFirefox) : std::nullopt;
}

struct Profile {
  fs::path path;
  Browser browser{};
};

Result<std::vector<Profile>> profiles_in(const fs::path& directory) {
  if (const auto browser = browser_of(directory)) return std::vector{Profile{directory, *browser}};
  const auto directories = directories_in(directory);
  if (!directories) return fail(directories.error());
  std::vector<Profile> found;
  for (const fs::path& path : *directories) {
    if (const auto browser = browser_of(path)) found.push_back({path, *browser});
  }
  if (!found.empty()) return found;
  return fail(ErrorCode::kInvalidArgument,
              path_text(directory.string()) +
                  " is no browser profile: neither it nor a directory in it has \"File System\", "
                  "\"WebStorage\" or \"Preferences\" (Chromium), \"storage/default\" or "
                  "\"prefs.js\" (Firefox)");
}

ProfileStores read_profiles(const std::vector<Profile>& profiles) {
  ProfileStores all{.profiles = profiles.size()};
  for (const Profile& profile : profiles) {
    const auto origins = profile.browser == Browser::kChromium ? read_chromium_profile(profile.path)
                                                               : read_firefox_profile(profile.path);
    if (!origins) {
      all.troubles.push_back(origins.error());
      continue;
    }
    for (const OriginFiles& origin : *origins) {
      if (origin.trouble) all.troubles.push_back(*origin.trouble);
      take_stores(origin,
                  {.browser = profile.browser,
                   .profile = profile.path,
                   .origin = origin.origin,
                   .partition = origin.partition},
                  all);
    }
  }
  std::ranges::stable_sort(all.stores, {}, [](const ProfileStore& store) {
    return std::tie(store.profile, store.origin, store.partition, store.name);
  });
  return all;
}

// Anything that a browser at work may have caused: it looks the same when looked at again, or it
// was that.
bool is_settled(const ProfileStores& found, const std::optional<ProfileStores>& before) {
  const auto unnamed = [](const ProfileStores& stores) {
    return std::ranges::count_if(stores.stores, &std::string::empty, &ProfileStore::name);
  };
  if (found.troubles.empty() && unnamed(found) == 0) return true;
  return before && before->troubles == found.troubles && unnamed(*before) == unnamed(found);
}

}  // namespace

const ProfileGeneration& ProfileStore::current() const {
  const auto whole =
      std::ranges::find_if(generations.rbegin(), generations.rend(), &ProfileGeneration::whole);
  return whole == generations.rend() ? generations.back() : *whole;
}

Result<ProfileStores> find_profile_stores(const fs::path& directory) {
  std::optional<ProfileStores> before;
  for (int attempt = 1;; ++attempt) {
    const auto profiles = profiles_in(directory);
    if (!profiles) return fail(profiles.error());
    ProfileStores found = read_profiles(*profiles);
    if (is_settled(found, before) || attempt == kAttemptsMax) return found;
    before = std::move(found);
  }
}

std::string_view browser_text(Browser browser) {
  return browser == Browser::kChromium ? "Chromium" : "Firefox";
}

std::string store_text(const ProfileStore& store) {
  constexpr std::size_t kCharactersMax = 200;
  std::string text = store.origin.empty() ? "unknown origin" : store.origin;
  if (!store.partition.empty()) text += " " + store.partition;
  return printable(text, kCharactersMax) + " · " +
         (store.name.empty() ? "unnamed " + short_id(store.id)
                             : printable(store.name, kCharactersMax));
}

}  // namespace tablog::tools
