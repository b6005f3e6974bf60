// Which store of a profile is meant, and its opening.
#include <algorithm>
#include <cstdlib>

#include "tools/profile/profile.h"
#include "tools/text.h"

namespace tablog::tools {

namespace {

namespace fs = std::filesystem;

constexpr int kAttemptsMax = 8;
constexpr std::size_t kIdDigitsMin = 4;

bool is_origin(const ProfileStore& store, std::string_view origin) {
  while (origin.ends_with('/')) origin.remove_suffix(1);
  return origin.empty() || store.origin == origin;
}

std::vector<ProfileStore> matching(const ProfileStores& found, const Target& target) {
  std::vector<ProfileStore> named;
  std::vector<ProfileStore> numbered;
  for (const ProfileStore& store : found.stores) {
    if (!is_origin(store, target.origin)) continue;
    if (target.store.empty() || store.name == target.store) {
      named.push_back(store);
    } else if (target.store.size() >= kIdDigitsMin &&
               to_hex(store.id.bytes).starts_with(target.store)) {
      numbered.push_back(store);
    }
  }
  return named.empty() ? numbered : named;
}

std::string list_of(const std::vector<ProfileStore>& stores) {
  constexpr std::size_t kShown = 20;
  std::string text;
  for (const ProfileStore& store : stores) {
    if (&store - stores.data() == kShown) {
      return text + "\n  … " + count_text(stores.size() - kShown) + " more";
    }
    text += "\n  " + store_text(store) + "  (" + short_id(store.id) + ", in " +
            printable(store.profile.string(), 200) + ")";
  }
  return text;
}

}  // namespace

Result<ProfileStore> select_store(const ProfileStores& found, const Target& target) {
  std::vector<ProfileStore> stores = matching(found, target);
  if (stores.size() == 1) return std::move(stores.front());
  const std::string where = path_text(target.profile);
  if (found.stores.empty()) {
    return fail(ErrorCode::kInvalidArgument, where + " holds no tablog store");
  }
  return stores.empty()
             ? fail(ErrorCode::kInvalidArgument,
                    where + " holds no such store, but these:" + list_of(found.stores))
             : fail(ErrorCode::kInvalidArgument,
                    "more than one store is meant: name one by --origin and --store (its name, or "
                    "the first digits of its id):" +
                        list_of(stores));
}

Result<SourceFiles> find_profile_files(const Target& target) {
  const auto found = find_profile_stores(target.profile);
  if (!found) return fail(found.error());
  const auto store = select_store(*found, target);
  if (store) return store->current().files;
  Error error = store.error();
  for (const Error& trouble : found->troubles) {
    error.message += "\nnot everything could be read: " + trouble.message;
  }
  return fail(std::move(error));
}

Result<Source> open_profile_store(const Target& target) {
  std::optional<Error> before;
  for (int attempt = 1;; ++attempt) {
    const auto files = find_profile_files(target);
    auto source = files ? open_files(*files) : fail(files.error());
    // A file may have come or gone after the directories were read: then they say other ones now.
    if (source || source.error() == before || attempt == kAttemptsMax) return source;
    before = source.error();
  }
}

std::vector<fs::path> usual_profile_places() {
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? fs::path() : fs::path(value);
  };
  const fs::path home = variable("HOME");
  const fs::path config =
      variable("XDG_CONFIG_HOME").empty() ? home / ".config" : variable("XDG_CONFIG_HOME");
  const fs::path mac = home / "Library" / "Application Support";
  std::vector<fs::path> places;
  for (const char* name :
       {"chromium", "google-chrome", "google-chrome-beta", "google-chrome-unstable",
        "microsoft-edge", "BraveSoftware/Brave-Browser", "vivaldi", "opera"}) {
    places.push_back(config / name);
  }
  for (const char* name :
       {".mozilla/firefox", "snap/firefox/common/.mozilla/firefox", "snap/chromium/common/chromium",
        ".var/app/org.mozilla.firefox/.mozilla/firefox",
        ".var/app/org.chromium.Chromium/config/chromium"}) {
    places.push_back(home / name);
  }
  places.push_back(config / "mozilla" / "firefox");
  for (const char* name : {"Chromium", "Google/Chrome", "Google/Chrome Beta", "Microsoft Edge",
                           "BraveSoftware/Brave-Browser", "Firefox/Profiles"}) {
    places.push_back(mac / name);
  }
  std::erase_if(places, [](const fs::path& place) {
    std::error_code error;
    return !place.is_absolute() || !fs::is_directory(place, error);
  });
  return places;
}

}  // namespace tablog::tools
